// One-time codes by time (RFC 6238): HMAC-SHA-1, steps of 30 seconds, six digits, which is what every authenticator app
// takes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/base/clock.h"

namespace handschlag::staff::totp {

inline constexpr std::size_t kSecretBytes = 20;

std::int64_t step_at(Time time);
std::string code_of(std::string_view secret, std::int64_t step);
// The step for which a code is right: now, or one before or after, for clocks that differ; and later than `last`, since
// a code is good once.
std::optional<std::int64_t> find_step(std::string_view secret, std::string_view code, Time now, std::int64_t last);

std::string to_base32(std::string_view bytes);  // RFC 4648, without padding
// What an authenticator app reads from a QR code.
std::string to_uri(std::string_view secret, std::string_view login);

}  // namespace handschlag::staff::totp
