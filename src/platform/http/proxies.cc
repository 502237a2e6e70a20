#include "platform/http/proxies.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace handschlag::http {
namespace {

constexpr std::array<unsigned char, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v4(const Address& address) {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
}

// "1.2.3.4:80" and "[::1]:80" -> without port and brackets.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    std::size_t end = text.find(']');
    return end == std::string_view::npos ? std::string_view() : text.substr(1, end - 1);
  }
  std::size_t colon = text.find(':');
  bool has_one_colon = colon != std::string_view::npos && colon == text.rfind(':');
  return has_one_colon ? text.substr(0, colon) : text;
}

// The `for` parameter of one element of Forwarded: for="[2001:db8::1]:4711";proto=https. "" where there is none.
std::string_view forwarded_for(std::string_view element) {
  while (!element.empty()) {
    std::size_t end = std::min(element.find(';'), element.size());
    std::string_view pair = element.substr(0, end);
    element.remove_prefix(std::min(end + 1, element.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (!equal_ignoring_case(pair.substr(0, 4), "for=")) continue;
    pair.remove_prefix(4);
    if (pair.size() >= 2 && pair.starts_with('"') && pair.ends_with('"')) pair = pair.substr(1, pair.size() - 2);
    return pair;
  }
  return {};
}

bool same_network(const Address& a, const Address& b, std::size_t bits) {
  for (std::size_t i = 0; i < a.bytes.size() && bits > 0; ++i) {
    std::size_t used = std::min<std::size_t>(bits, 8);
    unsigned mask = (0xff00U >> used) & 0xffU;
    if (((a.bytes[i] ^ b.bytes[i]) & mask) != 0) return false;
    bits -= used;
  }
  return true;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
  std::string terminated(text);
  Address address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + kMappedPrefix.size()) == 1) return address;
  return std::nullopt;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  bool v4 = is_v4(*this);
  const unsigned char* start = bytes.data() + (v4 ? kMappedPrefix.size() : 0);
  inet_ntop(v4 ? AF_INET : AF_INET6, start, buffer.data(), buffer.size());
  return buffer.data();
}

std::string client_network(std::string_view address) {
  auto network = Address::parse(address);
  if (!network || is_v4(*network)) return std::string(address);
  std::fill(network->bytes.begin() + 8, network->bytes.end(), 0);
  return network->text() + "/64";
}

Result<TrustedProxies> TrustedProxies::create(const std::vector<std::string>& proxies) {
  TrustedProxies out;
  for (std::string_view text : proxies) {
    std::size_t slash = text.find('/');
    std::string_view host = text.substr(0, slash);
    auto address = Address::parse(host);
    std::size_t max_bits = host.find(':') == std::string_view::npos ? 32 : 128;
    std::size_t bits = max_bits;
    bool valid = address.has_value();
    if (slash != std::string_view::npos) {
      const char* end = text.data() + text.size();
      auto [stop, error] = std::from_chars(text.data() + slash + 1, end, bits);
      valid = valid && error == std::errc{} && stop == end && bits <= max_bits;
    }
    if (!valid) {
      return fail(ErrorKind::invalid, "trusted_proxy_malformed",
                  fmt::format("'{}' is not an address or network; write like 10.1.2.3, 10.0.0.0/8 or fd00::/8.", text));
    }
    out.networks_.push_back({*address, bits + (128 - max_bits)});
  }
  return out;
}

bool TrustedProxies::trusts(const Address& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return same_network(address, network.address, network.prefix_bits);
  });
}

// A hop that is no address ("unknown", "_hidden") ends the search: who stands before it is not known.
std::optional<Address> TrustedProxies::rightmost_untrusted(Address peer,
                                                           const std::vector<std::string_view>& hops) const {
  if (hops.empty()) return std::nullopt;
  for (auto hop = hops.rbegin(); hop != hops.rend() && trusts(peer); ++hop) {
    auto address = Address::parse(without_port(*hop));
    if (!address) break;
    peer = *address;
  }
  return peer;
}

std::string TrustedProxies::client_address(const std::string& peer, const Headers& headers) const {
  auto address = Address::parse(peer);
  if (!address) return peer;
  if (networks_.empty() || !trusts(*address)) return address->text();
  std::vector<std::string_view> elements = list_header(headers, "Forwarded");
  std::vector<std::string_view> forwarded(elements.size());
  std::transform(elements.begin(), elements.end(), forwarded.begin(), forwarded_for);
  auto by_forwarded = rightmost_untrusted(*address, forwarded);
  auto by_list = rightmost_untrusted(*address, list_header(headers, "X-Forwarded-For"));
  if (by_forwarded && by_list && by_forwarded->bytes != by_list->bytes) return address->text();
  return by_list.value_or(by_forwarded.value_or(*address)).text();
}

}  // namespace handschlag::http
