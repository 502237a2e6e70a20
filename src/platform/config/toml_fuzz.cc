// TOML: any text ends as an object that JSON can hold, or as an error with a place in it.
#include "platform/base/testing/fuzz.h"
#include "platform/config/toml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  auto value = config::parse_toml(fuzz::text_of(data, size), "fuzz.toml");
  if (!value) {
    require(value.error().kind == ErrorKind::invalid && !value.error().detail.empty());
    return 0;
  }
  require(value->is_object());
  require(json::parse(json::dump(*value)).has_value());
  return 0;
}
