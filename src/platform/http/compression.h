// Content codings: undoing those of request bodies within a limit, and gzip for answers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

// gzip may hold several members (RFC 1952); deflate is taken as zlib (RFC 1950) and, since clients differ, raw (RFC
// 1951).
enum class Coding { identity, gzip, deflate };

// What Content-Encoding names. Errors: invalid, for unknown codings and for several on top of each other.
Result<Coding> content_coding(const Headers& headers);

// Undoes a coding. Never holds more than `max_bytes` of output at a time, whatever the input claims.
// Errors: too_large, beyond max_bytes; invalid, where the body is damaged, cut short, or followed by other bytes.
Result<std::string> inflate(std::string_view encoded, Coding coding, std::size_t max_bytes);

// Whether Accept-Encoding allows a coding, such as gzip or br, and does not rank it below identity (RFC 9110 section
// 12.5.3).
bool accepts(const Headers& headers, std::string_view coding);
bool accepts_gzip(const Headers& headers);

// Whether it is worth compressing: text, JSON and the like.
bool is_compressible(std::string_view content_type);

std::string gzip(std::string_view plain);

}  // namespace handschlag::http
