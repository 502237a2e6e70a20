#include "platform/http_client/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "platform/crypto/crypto.h"

namespace handschlag::http_client {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::chrono::seconds kLongestRetryAfter = std::chrono::hours{24};

Result<std::string> key_in(std::string_view secret) {
  auto key = secret.starts_with(kPrefix) ? crypto::from_base64(secret.substr(kPrefix.size()))
                                         : Result<std::string>(fail(ErrorKind::invalid, "", ""));
  if (!key || key->empty()) {
    return fail(ErrorKind::internal, "secret_damaged", "A webhook's secret can't be read; rotate it.");
  }
  return key;
}

std::int64_t seconds_of(Time at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

}  // namespace

std::string make_secret() {
  return fmt::format("{}{}", kPrefix, crypto::to_base64(crypto::random_bytes(kSecretBytes)));
}

bool is_secret(std::string_view text) {
  return key_in(text).has_value();
}

Result<std::string> sign(std::span<const std::string> secrets, std::string_view id, Time at, std::string_view body) {
  const std::string content = fmt::format("{}.{}.{}", id, seconds_of(at), body);
  std::string out;
  for (const std::string& secret : secrets) {
    const std::string key = TRY(key_in(secret));
    out += fmt::format("{}v1,{}", out.empty() ? "" : " ", crypto::to_base64(crypto::hmac_sha256(key, content)));
  }
  return out;
}

Result<Request> signed_post(std::string url, std::span<const std::string> secrets, std::string_view id, Time at,
                            std::string body, std::chrono::milliseconds timeout) {
  Request request{.url = std::move(url), .body = std::move(body), .timeout = timeout, .status_suffices = true};
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", "Handschlag"},
                     {"webhook-id", std::string(id)},
                     {"webhook-timestamp", fmt::format("{}", seconds_of(at))},
                     {"webhook-signature", TRY(sign(secrets, id, at, request.body))}};
  return request;
}

std::chrono::seconds parse_retry_after(std::string_view header) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), value);
  const bool whole = error == std::errc{} && end == header.data() + header.size();
  return whole && value > 0 ? std::min(std::chrono::seconds{value}, kLongestRetryAfter) : std::chrono::seconds{0};
}

}  // namespace handschlag::http_client
