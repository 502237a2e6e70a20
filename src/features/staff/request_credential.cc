#include "features/staff/request_credential.h"

#include "features/staff/staff.h"
#include "platform/crypto/crypto.h"

namespace handschlag::staff {

std::string_view bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";  // has no case (RFC 9110, 11.1)
  const std::string_view header = request.header("Authorization");
  if (!http::equal_ignoring_case(header.substr(0, kScheme.size()), kScheme)) return {};
  return header.substr(kScheme.size());
}

std::string_view session_text(const http::Request& request) {
  return request.cookie(kSessionCookie);
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
