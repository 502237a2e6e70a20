// The signature of Standard Webhooks: HMAC-SHA256 over "id.timestamp.body", in base64 (standardwebhooks.com, "Signature
// scheme"). Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::webhooks {

// "whsec_" and 32 random bytes in base64.
std::string make_secret();

// The value of the header webhook-signature: "v1,..." for each secret, separated by spaces. Errors: internal, a secret
// that is none.
Result<std::string> sign(std::span<const std::string> secrets, std::string_view id, Time at, std::string_view body);

}  // namespace handschlag::webhooks
