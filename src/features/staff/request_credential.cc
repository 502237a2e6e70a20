#include "features/staff/request_credential.h"

#include <algorithm>

#include "features/staff/staff.h"
#include "platform/crypto/crypto.h"

namespace handschlag::staff {

std::string_view bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";  // has no case (RFC 9110, 11.1)
  const std::string_view header = request.header("Authorization");
  if (!http::equal_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return {};
  return header.substr(kScheme.size());
}

// RFC 6265, 4.2: "name=value; name=value".
std::string_view session_text(const http::Request& request) {
  std::string_view header = request.header("Cookie");
  while (!header.empty()) {
    const std::size_t end = header.find(';');
    std::string_view pair = header.substr(0, end);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(kSessionCookie) && pair.substr(kSessionCookie.size()).starts_with('=')) {
      return pair.substr(kSessionCookie.size() + 1);
    }
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
  }
  return {};
}

std::string csrf_token_of(std::string_view session_text) {
  return crypto::to_base64url(crypto::digest("csrf " + std::string(session_text)));
}

std::string normalized_login(std::string_view login) {
  std::string out(login);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace handschlag::staff
