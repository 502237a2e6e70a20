// The two parsers of JSON, one for the hot path and one for everything else: they take the same texts, and read the
// same in them.
#include "platform/base/testing/fuzz.h"
#include "platform/json/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  using fuzz::require;
  std::string_view text = fuzz::text_of(data, size);
  auto value = json::parse(text);
  auto tree = json::Tree::parse(text);
  require(value.has_value() == tree.has_value());
  if (!value) {
    require(tree.error().kind == ErrorKind::invalid);
    return 0;
  }
  json::View view = tree->view();
  require(view.value() == *value);
  require(view.scalar_text() == json::scalar_text(*value));
  require(json::parse(view.dump()).value() == *value);
  require(json::Tree(*value) == *tree);
  if (!value->is_object()) return 0;
  for (const auto& [name, member] : value->items()) {
    auto found = view.find(name);
    require(found.has_value() == !member.is_null());
    if (!found) continue;
    require(tree->part(*found).view().value() == member);
    require(found->text() == (member.is_string() ? member.get_ref<const std::string&>() : std::string()));
  }
  return 0;
}
