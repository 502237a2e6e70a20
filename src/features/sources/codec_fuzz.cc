// Sources and plans as JSON: what is taken is within its rules, and the same when it is written and read again.
#include "features/sources/codec.h"
#include "platform/base/testing/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  auto value = json::parse(fuzz::text_of(data, size));
  if (!value) return 0;
  if (auto plan = sources::decode_plan(*value, "/plan")) {
    require(sources::decode_plan(sources::to_json(*plan), "/plan").value() == *plan);
  }
  if (auto categories = sources::decode_consent_categories(*value, "")) {
    require(sources::decode_consent_categories(sources::to_json(*categories), "").value() == *categories);
  }
  auto source = sources::decode_source(*value);
  if (!source) {
    require(source.error().kind == ErrorKind::invalid);
    return 0;
  }
  (void)sources::errors_in(*source);
  require(json::parse(json::dump(sources::to_json(*source))).has_value());
  return 0;
}
