#include "platform/http_client/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace handschlag::http_client {
namespace {

constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Address from_v4(const void* four) {
  Address out;
  std::copy(kMapped.begin(), kMapped.end(), out.bytes.begin());
  std::memcpy(out.bytes.data() + kMapped.size(), four, 4);
  return out;
}

bool is_v4(const Address& address) {
  return std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
}

Network known(std::string_view text) {
  return Network::parse(text).value_or(Network{});
}

bool in_any(const std::vector<Network>& networks, const Address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

bool is_public_v4(const Address& address) {
  static const std::vector<Network> kClosed = {
      known("0.0.0.0/8"),        // this network
      known("10.0.0.0/8"),       // private
      known("100.64.0.0/10"),    // carrier-grade NAT
      known("127.0.0.0/8"),      // this host
      known("169.254.0.0/16"),   // link-local, cloud metadata
      known("172.16.0.0/12"),    // private
      known("192.0.0.0/24"),     // protocol assignments
      known("192.0.2.0/24"),     // documentation
      known("192.88.99.0/24"),   // 6to4 relays
      known("192.168.0.0/16"),   // private
      known("198.18.0.0/15"),    // benchmarks
      known("198.51.100.0/24"),  // documentation
      known("203.0.113.0/24"),   // documentation
      known("224.0.0.0/4"),      // multicast
      known("240.0.0.0/4"),      // reserved, broadcast
  };
  return !in_any(kClosed, address);
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  in_addr four{};
  if (::inet_pton(AF_INET, terminated.c_str(), &four) == 1) return from_v4(&four);
  Address out;
  if (::inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

std::optional<Address> Address::of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return from_v4(&four.sin_addr);
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 six{};
  std::memcpy(&six, address, sizeof six);
  Address out;
  std::memcpy(out.bytes.data(), &six.sin6_addr, out.bytes.size());
  return out;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4(*this)) {
    ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network out{*address, 128};
  if (slash == std::string_view::npos) return out;
  const std::size_t longest = text.find(':') == std::string_view::npos ? 32 : 128;
  const std::string_view digits = text.substr(slash + 1);
  std::size_t bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() || bits > longest) {
    return std::nullopt;
  }
  out.prefix_bits = bits + (128 - longest);
  return out;
}

bool Network::contains(const Address& other) const {
  const std::size_t whole = prefix_bits / 8;
  if (std::memcmp(address.bytes.data(), other.bytes.data(), whole) != 0) return false;
  const std::size_t rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return (address.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

bool is_public(const Address& address) {
  static const Network kNat64 = known("64:ff9b::/96");
  static const Network kGlobalUnicast = known("2000::/3");
  static const std::vector<Network> kClosed = {
      known("2001::/23"),      // protocol assignments, Teredo among them
      known("2001:db8::/32"),  // documentation
      known("2002::/16"),      // 6to4
      known("3fff::/20"),      // documentation
  };
  if (is_v4(address)) return is_public_v4(address);
  if (kNat64.contains(address)) return is_public_v4(from_v4(address.bytes.data() + kMapped.size()));
  return kGlobalUnicast.contains(address) && !in_any(kClosed, address);
}

}  // namespace handschlag::http_client
