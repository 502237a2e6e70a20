// IP addresses, and which of them belong to the open internet. Constant data and values; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace handschlag::http_client {

// An address as 16 bytes; IPv4 as the mapped IPv6 one (::ffff:1.2.3.4), so that both forms of it are the same.
struct Address {
  std::array<unsigned char, 16> bytes{};

  // "1.2.3.4", "::1", "[::1]"; no port, no zone. Nothing where it is malformed.
  static std::optional<Address> parse(std::string_view text);
  // Of IPv4 and IPv6; nothing for other families.
  static std::optional<Address> of(const sockaddr* address);
  std::string text() const;
  friend bool operator==(const Address&, const Address&) = default;
};

struct Network {
  Address address;
  std::size_t prefix_bits = 128;

  // "10.1.0.0/16", "10.1.2.3", "fd00::/8". Nothing where it is malformed.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const Address& address) const;
};

// Whether an address leads to a host on the open internet, by the registries of special-purpose addresses (RFC 6890 and
// IANA's lists for IPv4 and IPv6): not to this host, private, link-local (where clouds keep their metadata),
// carrier-grade NAT, multicast, documentation, benchmarks, reserved. Of IPv6 only global unicast counts. An IPv4
// address inside a mapped or a NAT64 (64:ff9b::/96) one is judged as itself; tunnels (6to4, Teredo) are never public.
bool is_public(const Address& address);

}  // namespace handschlag::http_client
