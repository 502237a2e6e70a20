// JSON: what parses is valid, no deeper than allowed, and the same after being written and read again; a Reader ends
// with values within their rules or an error that names the field.
#include "platform/base/testing/fuzz.h"
#include "platform/json/json.h"

namespace {

using namespace handschlag;
using fuzz::require;

// Not recursive beyond what parse() lets through.
std::size_t depth_of(const json::Value& value) {
  std::size_t deepest = 0;
  if (!value.is_structured()) return 0;
  for (const json::Value& member : value) deepest = std::max(deepest, depth_of(member));
  return deepest + 1;
}

void read(const json::Value& value) {
  json::Reader reader(value, "/body");
  std::string id = reader.text("id", {.max_length = 8});
  auto name = reader.optional_text("a/b~c", {.min_length = 0});
  auto count = reader.optional_integer("count", -5, 5);
  auto list = reader.texts("list", 3, {.max_length = 4});
  (void)reader.optional_boolean("on");
  const json::Value* nested = reader.object("nested");
  if (nested != nullptr) {
    json::Reader inner(*nested, reader.pointer("nested"));
    (void)inner.integer("n", 0, 1'000);
    reader.merge(inner);
  }
  auto finished = reader.finish();
  if (finished) {
    require(value.is_object() && !id.empty() && id.size() <= 8);
    require(!count || (*count >= -5 && *count <= 5));
    require(list.size() <= 3);
  } else {
    require(finished.error().code == "fields_invalid" && !finished.error().fields.empty());
    for (const FieldError& field : finished.error().fields) require(field.pointer.starts_with("/body"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = json::parse(fuzz::text_of(data, size));
  if (!value) {
    require(value.error().kind == ErrorKind::invalid);
    return 0;
  }
  require(depth_of(*value) <= json::kMaxDepth);
  std::string text = json::dump(*value);
  auto again = json::parse(text);
  require(again.has_value() && *again == *value && json::dump(*again) == text);
  (void)json::scalar_text(*value);
  read(*value);
  return 0;
}
