// Whose word counts about where a request came from. A client may write any X-Forwarded-For; only what a trusted
// proxy added to it is believed.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

// An IP address. IPv4 is kept as the mapped IPv6 one (::ffff:1.2.3.4), so that both compare alike.
struct Address {
  std::array<unsigned char, 16> bytes{};
  // "1.2.3.4", "::1"; no port, no brackets, no zone. Nothing where it is malformed.
  static std::optional<Address> parse(std::string_view text);
  std::string text() const;
};

// What one client can be expected to hold alone: of an IPv4 address itself, of an IPv6 address its /64 network. What is
// no address stays as it is.
std::string client_network(std::string_view address);

// Const and thread-safe.
class TrustedProxies {
 public:
  // Addresses ("10.1.2.3", "::1") and networks ("10.0.0.0/8", "fd00::/8"). Errors: invalid, naming the first bad one.
  static Result<TrustedProxies> create(const std::vector<std::string>& proxies);

  // Where the request came from: the peer, unless it is trusted and says more, then the rightmost address in
  // X-Forwarded-For or Forwarded (RFC 7239) that is not a trusted proxy. Where both headers are there and disagree,
  // one of them was written by the client; then it is the peer.
  std::string client_address(const std::string& peer, const Headers& headers) const;

 private:
  struct Network {
    Address address;
    std::size_t prefix_bits;
  };
  bool trusts(const Address& address) const;
  std::optional<Address> rightmost_untrusted(Address peer, const std::vector<std::string_view>& hops) const;

  std::vector<Network> networks_;
};

}  // namespace handschlag::http
