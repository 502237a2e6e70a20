// JSON: parsing with limits, and decoding whose errors name the field by JSON pointer.
//
//   json::Value body = TRY(json::parse(request.body));
//   json::Reader reader(body);
//   std::string id = reader.text("id", {.max_length = 64});
//   auto country = reader.optional_text("country");
//   TRY(reader.finish());                        // one error that lists every wrong field
//
// Thread-safe in that it has no state; a Reader belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::json {

using Value = nlohmann::json;

inline constexpr std::size_t kMaxDepth = 64;

// Parses RFC 8259 text: UTF-8, at most kMaxDepth deep, every number finite. A lone surrogate escape (a text cut in
// the middle of an emoji) becomes U+FFFD, since clients send it in good faith. Errors: invalid, with the byte offset.
Result<Value> parse(std::string_view text);

// Compact text. Bytes that are not UTF-8 become U+FFFD.
std::string dump(const Value& value);

// The text of a string, or of a whole number or other number as JSON writes it; nothing for other types and for "".
std::optional<std::string> scalar_text(const Value& value);

// "a/b~c" -> "a~1b~0c", for one token of a JSON pointer.
std::string pointer_token(std::string_view token);

struct TextRule {
  std::size_t min_length = 1;  // bytes
  std::size_t max_length = 1024;
};

// Reads fields off one object and collects what is wrong. After an error the read returns an empty value; finish()
// tells. Unknown fields are errors unless they are allowed: a misspelt field must not be silently ignored.
class Reader {
 public:
  explicit Reader(const Value& object, std::string pointer = "");

  std::string text(std::string_view name, TextRule rule = {});
  std::optional<std::string> optional_text(std::string_view name, TextRule rule = {});
  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<bool> optional_boolean(std::string_view name);
  // The member as it is, marked as known; nullptr where it is absent or null.
  const Value* any(std::string_view name);
  const Value* object(std::string_view name);  // error unless absent, null, or an object
  const Value* array(std::string_view name, std::size_t max_items);
  std::vector<std::string> texts(std::string_view name, std::size_t max_items, TextRule rule = {});

  void error(std::string_view name, std::string reason);
  void allow_unknown() { allow_unknown_ = true; }
  std::string pointer(std::string_view name) const;
  // Takes over what another reader (of a nested object) found.
  void merge(Reader& nested);
  // Errors: invalid, code "fields_invalid", every wrong field listed.
  Result<void> finish();

 private:
  const Value* member(std::string_view name);

  const Value* object_;
  std::string pointer_;
  std::vector<std::string> known_;
  std::vector<FieldError> errors_;
  bool allow_unknown_ = false;
};

}  // namespace handschlag::json
