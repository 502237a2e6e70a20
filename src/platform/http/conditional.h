// Conditional requests (RFC 9110 section 13): a client that knows a resource need not fetch it again, and a change that
// is meant for what the client saw does not meet what somebody else has made of it.
//
// Tags are strong: the digest of the JSON text, so each change that a client could see gives another one. An answer
// that is compressed is other bytes, and has the same tag with "-gzip" (exchange.cc); either form is taken back.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

// "\"Wq3...\"", with the quotes.
std::string entity_tag(std::string_view representation);
std::string entity_tag(const json::Value& representation);

// The answer to a GET: 200 with its tag; 304 without a body where If-None-Match names it.
Response tagged(const Request& request, const json::Value& representation);
// Whether the client has the representation with this tag already: If-None-Match names it.
bool is_known(const Request& request, std::string_view tag);
// The answer to a change: the new state with its new tag.
Response tagged_change(const Result<json::Value>& representation);

// The code of a conflict that is answered 412 and not 409: of one with the request's own condition.
inline constexpr std::string_view kPreconditionFailed = "precondition_failed";

// For a change, in its transaction: whether it may go on, as the resource is now. Errors: conflict,
// kPreconditionFailed, where If-Match does not name its tag, or If-None-Match does. Requests without these headers
// always may.
Result<void> check_match(const Request& request, std::string_view tag);

}  // namespace handschlag::http
