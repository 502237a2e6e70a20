// Keys of people: what is normalised is within its limits and stays as it is when it is normalised again.
#include "features/identity/key.h"
#include "platform/base/testing/fuzz.h"
#include "platform/text/text.h"

namespace {

using namespace handschlag;
using fuzz::require;
using identity::KeyKind;

void check(KeyKind kind, std::string_view value, std::string_view country) {
  const identity::Place place{"shop", "self", country};
  auto key = identity::make_key(kind, value, place);
  if (!key) {
    const std::string& code = key.error().code;
    require(code == "key_malformed" || code == "key_blocked" || code == "phone_short");
    return;
  }
  require(!key->value.empty() && text::is_utf8(key->value) && key->value.find('\0') == std::string::npos);
  auto again = identity::make_key(kind, key->value, place);
  require(again.has_value() && *again == *key);
  require(identity::digest_of(crypto::Key(), *key).size() == 16);
}

}  // namespace

// The first two bytes are a country, or none.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = [] {
    crypto::initialize();
    return true;
  }();
  require(ready);
  std::string_view all = fuzz::text_of(data, size);
  if (all.size() < 2) return 0;
  std::string country = text::is_utf8(all.substr(0, 2)) ? text::country_code(all.substr(0, 2)).value_or("") : "";
  std::string_view value = all.substr(2);
  for (auto kind = 1; kind <= 7; ++kind) check(static_cast<KeyKind>(kind), value, country);
  if (auto parsed = identity::parse_key(value)) require(!identity::name_of(parsed->kind).empty());
  if (!text::is_utf8(value)) return 0;
  std::string folded = text::fold(value);
  require(text::is_utf8(folded));
  for (const std::string& word : text::words(value)) require(!word.empty() && text::is_utf8(word));
  return 0;
}
