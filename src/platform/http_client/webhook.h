// Webhooks in the form of Standard Webhooks (standardwebhooks.com, "Signature scheme"): a POST with an id, a time, and
// an HMAC-SHA256 over "id.timestamp.body" in base64. Pure functions.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/http_client/http_client.h"

namespace handschlag::http_client {

// "whsec_" and 32 random bytes in base64.
std::string make_secret();
bool is_secret(std::string_view text);

// The value of the header webhook-signature: "v1,..." for each secret, separated by spaces. Errors: internal, a secret
// that is none.
Result<std::string> sign(std::span<const std::string> secrets, std::string_view id, Time at, std::string_view body);

// A signed POST of JSON; of the answer the status counts. `id`: the same in each attempt. Errors: those of sign().
Result<Request> signed_post(std::string url, std::span<const std::string> secrets, std::string_view id, Time at,
                            std::string body, std::chrono::milliseconds timeout);

// The header Retry-After in seconds, up to a day; 0 for none, and for a date.
std::chrono::seconds parse_retry_after(std::string_view header);

}  // namespace handschlag::http_client
