// Request targets: whatever the bytes, the result is an error or text that databases and JSON take.
#include <string_view>

#include "platform/base/testing/fuzz.h"
#include "platform/http/target.h"

namespace {

using handschlag::fuzz::require;

void require_clean(std::string_view text) {
  require(text.find('\0') == std::string_view::npos);
  require(handschlag::http::is_utf8(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(handschlag::fuzz::text_of(data, size));
  if (auto decoded = handschlag::http::percent_decode(text)) require_clean(*decoded);
  auto target = handschlag::http::parse_target(text);
  if (!target) return 0;
  require(target->path == "*" || target->path.starts_with('/'));
  for (const auto& [name, value] : target->query) {
    require_clean(name);
    require_clean(value);
  }
  if (auto segments = handschlag::http::path_segments(target->path)) {
    for (const auto& segment : *segments) require_clean(segment);
  }
  return 0;
}
