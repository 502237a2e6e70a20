#include "features/webhooks/signature.h"

#include <fmt/format.h>

#include "platform/crypto/crypto.h"

namespace handschlag::webhooks {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kSecretBytes = 32;

}  // namespace

std::string make_secret() {
  return fmt::format("{}{}", kPrefix, crypto::to_base64(crypto::random_bytes(kSecretBytes)));
}

Result<std::string> sign(std::span<const std::string> secrets, std::string_view id, Time at, std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const std::string content = fmt::format("{}.{}.{}", id, seconds, body);
  std::string out;
  for (const std::string& secret : secrets) {
    auto key = secret.starts_with(kPrefix) ? crypto::from_base64(std::string_view(secret).substr(kPrefix.size()))
                                           : Result<std::string>(fail(ErrorKind::invalid, "", ""));
    if (!key) return fail(ErrorKind::internal, "secret_damaged", "A webhook's secret can't be read; rotate it.");
    out += fmt::format("{}v1,{}", out.empty() ? "" : " ", crypto::to_base64(crypto::hmac_sha256(*key, content)));
  }
  return out;
}

}  // namespace handschlag::webhooks
