// Trace ids after W3C Trace Context: what joins the log lines and answers of one request. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace handschlag::http {

// The trace id of a `traceparent` header, 32 hex digits; nothing where it is malformed, which must then be ignored.
std::optional<std::string> parse_traceparent(std::string_view header);

std::string new_trace_id();

}  // namespace handschlag::http
