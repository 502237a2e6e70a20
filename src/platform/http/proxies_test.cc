#include "platform/http/proxies.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

std::string client(const std::vector<std::string>& trusted, const std::string& peer, const Headers& headers) {
  return TrustedProxies::create(trusted).value().client_address(peer, headers);
}

TEST(TrustedProxies, AStrangerIsNotBelieved) {
  Headers lie = {{"X-Forwarded-For", "1.1.1.1"}, {"Forwarded", "for=1.1.1.1"}};
  EXPECT_EQ(client({}, "203.0.113.9", lie), "203.0.113.9");
  EXPECT_EQ(client({"10.0.0.0/8"}, "203.0.113.9", lie), "203.0.113.9");
}

TEST(TrustedProxies, TheRightmostUntrustedAddressIsTheClient) {
  std::vector<std::string> trusted = {"10.0.0.0/8", "192.0.2.7", "fd00::/8"};
  EXPECT_EQ(client(trusted, "10.1.2.3", {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(client(trusted, "10.1.2.3", {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 192.0.2.7"}}), "203.0.113.9");
  EXPECT_EQ(client(trusted, "10.1.2.3", {{"x-forwarded-for", "6.6.6.6"}, {"x-forwarded-for", "203.0.113.9"}}),
            "203.0.113.9");
  EXPECT_EQ(client(trusted, "fd00::1", {{"X-Forwarded-For", "2001:DB8:0::5"}}), "2001:db8::5");
  EXPECT_EQ(client(trusted, "10.1.2.3", {{"X-Forwarded-For", "10.9.9.9, 10.8.8.8"}}), "10.9.9.9");
  EXPECT_EQ(client(trusted, "10.1.2.3", {}), "10.1.2.3");
}

TEST(ClientNetwork, IsWhatOneClientHoldsAlone) {
  EXPECT_EQ(client_network("203.0.113.9"), "203.0.113.9");
  EXPECT_EQ(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_network("2001:db8:1:2:ffff::1"), client_network("2001:db8:1:2::7"));
  EXPECT_NE(client_network("2001:db8:1:3::1"), client_network("2001:db8:1:2::1"));
  EXPECT_EQ(client_network("unknown"), "unknown");
}

TEST(TrustedProxies, MappedAddressesAreTheirIpv4Ones) {
  EXPECT_EQ(client({"10.0.0.0/8"}, "::ffff:10.1.1.1", {{"X-Forwarded-For", "::ffff:203.0.113.9"}}), "203.0.113.9");
  EXPECT_EQ(client({}, "::ffff:203.0.113.9", {}), "203.0.113.9");
}

TEST(TrustedProxies, ReadsForwarded) {
  std::vector<std::string> trusted = {"127.0.0.1"};
  EXPECT_EQ(client(trusted, "127.0.0.1", {{"Forwarded", "for=192.0.2.43"}}), "192.0.2.43");
  EXPECT_EQ(client(trusted, "127.0.0.1", {{"Forwarded", "proto=http; For=\"192.0.2.43:47011\";by=10.0.0.1"}}),
            "192.0.2.43");
  EXPECT_EQ(client(trusted, "127.0.0.1", {{"Forwarded", "for=6.6.6.6, for=\"[2001:db8:cafe::17]:4711\""}}),
            "2001:db8:cafe::17");
}

TEST(TrustedProxies, AHopThatIsNoAddressEndsTheSearch) {
  EXPECT_EQ(client({"127.0.0.1"}, "127.0.0.1", {{"X-Forwarded-For", "6.6.6.6, unknown"}}), "127.0.0.1");
  EXPECT_EQ(client({"127.0.0.1"}, "127.0.0.1", {{"Forwarded", "for=6.6.6.6, for=_hidden"}}), "127.0.0.1");
  EXPECT_EQ(client({"127.0.0.1"}, "127.0.0.1", {{"Forwarded", "for=6.6.6.6, proto=https"}}), "127.0.0.1");
}

TEST(TrustedProxies, HeadersThatDisagreeAreNotBelieved) {
  Headers headers = {{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=6.6.6.6"}};
  EXPECT_EQ(client({"127.0.0.1"}, "127.0.0.1", headers), "127.0.0.1");
  headers[1].second = "for=203.0.113.9";
  EXPECT_EQ(client({"127.0.0.1"}, "127.0.0.1", headers), "203.0.113.9");
}

TEST(TrustedProxies, NetworksEndAtTheirPrefix) {
  EXPECT_EQ(client({"10.1.128.0/17"}, "10.1.127.255", {{"X-Forwarded-For", "6.6.6.6"}}), "10.1.127.255");
  EXPECT_EQ(client({"10.1.128.0/17"}, "10.1.128.0", {{"X-Forwarded-For", "6.6.6.6"}}), "6.6.6.6");
  EXPECT_EQ(client({"0.0.0.0/0"}, "2001:db8::1", {{"X-Forwarded-For", "6.6.6.6"}}), "2001:db8::1");
}

TEST(TrustedProxies, MalformedSettingsAreRefused) {
  for (const char* bad :
       {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "10.0.0/8", "1.2.3.4:80"}) {
    EXPECT_FALSE(TrustedProxies::create({bad}).has_value()) << bad;
  }
}

}  // namespace
}  // namespace handschlag::http
