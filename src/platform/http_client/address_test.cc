#include "platform/http_client/address.h"

#include <gtest/gtest.h>

namespace handschlag::http_client {
namespace {

TEST(Address, ThatLeadsInwardsIsNotPublic) {
  for (const char* text : {
           "0.0.0.0",
           "0.1.2.3",
           "10.0.0.1",
           "10.255.255.255",
           "100.64.0.1",
           "100.127.255.255",
           "127.0.0.1",
           "127.255.255.254",
           "169.254.0.1",
           "169.254.169.254",
           "172.16.0.1",
           "172.31.255.255",
           "192.0.0.1",
           "192.0.2.1",
           "192.88.99.1",
           "192.168.0.1",
           "198.18.0.1",
           "198.19.255.255",
           "198.51.100.7",
           "203.0.113.7",
           "224.0.0.1",
           "239.255.255.250",
           "240.0.0.1",
           "255.255.255.255",
           "::",
           "::1",
           "::ffff:127.0.0.1",
           "::ffff:10.0.0.1",
           "::ffff:a9fe:a9fe",
           "::127.0.0.1",
           "64:ff9b::7f00:1",
           "64:ff9b::a9fe:a9fe",
           "64:ff9b:1::1",
           "100::1",
           "2001::1",
           "2001:0:53aa:64c:0:7bff:f5ff:fffe",
           "2001:10::1",
           "2001:db8::1",
           "2002:7f00:1::1",
           "2002:808:808::1",
           "3fff::1",
           "5f00::1",
           "fc00::1",
           "fd00:ec2::254",
           "fe80::1",
           "fec0::1",
           "ff02::1",
       }) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_FALSE(is_public(*address)) << text;
  }
}

TEST(Address, OfTheOpenInternetIsPublic) {
  for (const char* text :
       {"1.1.1.1",         "9.255.255.255",   "11.0.0.0",         "100.63.255.255",   "100.128.0.0",
        "126.255.255.255", "128.0.0.1",       "169.253.255.255",  "169.255.0.0",      "172.15.255.255",
        "172.32.0.0",      "192.0.1.1",       "192.167.255.255",  "192.169.0.0",      "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "::ffff:8.8.8.8",   "64:ff9b::808:808", "2001:200::1",
        "2003::1",         "2606:4700::1111", "2a00:1450:4001::1"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_TRUE(is_public(*address)) << text;
  }
}

TEST(Address, MalformedTextIsNone) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "0x7f.0.0.1", "127.1", "fe80::1%eth0", "1.2.3.4:80", "example.org", "[::1", ":::"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Network, HoldsItsAddressesAndNoOthers) {
  const auto ten = *Network::parse("10.0.0.0/9");
  EXPECT_TRUE(ten.contains(*Address::parse("10.127.255.255")));
  EXPECT_TRUE(ten.contains(*Address::parse("::ffff:10.1.2.3")));
  EXPECT_FALSE(ten.contains(*Address::parse("10.128.0.0")));
  const auto one = *Network::parse("127.0.0.1");
  EXPECT_TRUE(one.contains(*Address::parse("127.0.0.1")));
  EXPECT_FALSE(one.contains(*Address::parse("127.0.0.2")));
  EXPECT_TRUE(Network::parse("fd00::/8")->contains(*Address::parse("fdff::1")));
  EXPECT_FALSE(Network::parse("fd00::/8")->contains(*Address::parse("fe00::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*Address::parse("8.8.8.8")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(*Address::parse("2003::1")));
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "example.org/8"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace handschlag::http_client
