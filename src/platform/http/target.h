// The request target of HTTP/1.1 (RFC 9112 section 3.2) and percent-encoding (RFC 3986).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::http {

enum class Plus { is_plus, is_space };  // in the query of a form, '+' stands for a space

// Undoes percent-encoding. Errors: invalid, for "%" without two hex digits, NUL, and what is not UTF-8 when decoded:
// databases and JSON refuse these later, and then it is harder to say what was wrong.
Result<std::string> percent_decode(std::string_view text, Plus plus = Plus::is_plus);

struct Target {
  std::string path;                                        // percent-encoded as it came; "*" for OPTIONS *
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// Takes origin form ("/a?b=c"), absolute form ("http://host/a", the host is not used) and "*". Errors: invalid.
Result<Target> parse_target(std::string_view target);

// "/a/b%20c" -> {"a", "b c"}; "/a/" -> {"a", ""}. Decoded after splitting, so a segment may hold '/'. Errors: invalid.
Result<std::vector<std::string>> path_segments(std::string_view path);

bool is_utf8(std::string_view text);

}  // namespace handschlag::http
