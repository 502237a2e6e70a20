#include "features/staff/totp.h"

#include <fmt/format.h>

#include "platform/crypto/crypto.h"

namespace handschlag::staff::totp {
namespace {

constexpr std::int64_t kStepSeconds = 30;
constexpr std::uint32_t kCodes = 1'000'000;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::int64_t step_at(Time time) {
  return to_millis(time) / 1'000 / kStepSeconds;
}

// RFC 4226, 5.3.
std::string code_of(std::string_view secret, std::int64_t step) {
  std::string counter(8, '\0');
  for (std::size_t i = 0; i < counter.size(); ++i) {
    counter[counter.size() - 1 - i] = static_cast<char>(static_cast<std::uint64_t>(step) >> (8 * i));
  }
  const std::string mac = crypto::hmac_sha1(secret, counter);
  const std::size_t at = static_cast<unsigned char>(mac.back()) & 0x0FU;
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8U | static_cast<unsigned char>(mac[at + i]);
  return fmt::format("{:06}", (number & 0x7FFF'FFFFU) % kCodes);
}

std::optional<std::int64_t> find_step(std::string_view secret, std::string_view code, Time now, std::int64_t last) {
  const std::int64_t current = step_at(now);
  for (std::int64_t step = current - 1; step <= current + 1; ++step) {
    if (step > last && crypto::equal(code_of(secret, step), code)) return step;
  }
  return std::nullopt;
}

std::string to_base32(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (char c : bytes) {
    buffer = buffer << 8U | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) out += kLetters[buffer >> (bits - 5) & 31U];
  }
  if (bits > 0) out += kLetters[buffer << (5 - bits) & 31U];
  return out;
}

std::string to_uri(std::string_view secret, std::string_view login) {
  return fmt::format("otpauth://totp/Handschlag:{}?secret={}&issuer=Handschlag", percent_encoded(login),
                     to_base32(secret));
}

}  // namespace handschlag::staff::totp
