#include "platform/json/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace handschlag::json {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The UTF-16 unit of a \uXXXX escape at `at`, or -1 where there is none.
int escape_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

struct Scan {
  std::size_t depth = 0;                     // the deepest nesting
  std::vector<std::size_t> lone_surrogates;  // offsets of escapes to replace
};

// Steps over one escape inside a string and returns the offset after it.
std::size_t skip_escape(std::string_view text, std::size_t at, Scan& scan) {
  int unit = escape_unit(text, at);
  if (unit < 0) return at + 2;
  if (is_high_surrogate(unit) && is_low_surrogate(escape_unit(text, at + 6))) return at + 12;
  if (is_high_surrogate(unit) || is_low_surrogate(unit)) scan.lone_surrogates.push_back(at);
  return at + 6;
}

// One pass over the text, before the parser: how deep it nests, and which surrogates stand alone.
Scan scan_text(std::string_view text) {
  Scan scan;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    char c = text[at];
    if (in_string && c == '\\') {
      at = skip_escape(text, at, scan);
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (!in_string && (c == '{' || c == '[')) scan.depth = std::max(scan.depth, ++depth);
    if (!in_string && (c == '}' || c == ']') && depth > 0) --depth;
    ++at;
  }
  return scan;
}

}  // namespace

Result<Value> parse(std::string_view text) {
  Scan scan = scan_text(text);
  if (scan.depth > kMaxDepth) {
    return fail(ErrorKind::invalid, "json_too_deep",
                fmt::format("The JSON is nested deeper than {} levels.", kMaxDepth));
  }
  std::string repaired;
  if (!scan.lone_surrogates.empty()) {
    repaired = text;
    for (std::size_t at : scan.lone_surrogates) repaired.replace(at, 6, "\\ufffd");
    text = repaired;
  }
  try {
    return Value::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    return fail(ErrorKind::invalid, "json_malformed", fmt::format("The body is not valid JSON (at byte {}).", e.byte));
  } catch (const nlohmann::json::out_of_range&) {
    return fail(ErrorKind::invalid, "json_number_too_large", "The JSON has a number that no double can hold.");
  }
}

std::string dump(const Value& value) {
  return value.dump(-1, ' ', false, Value::error_handler_t::replace);
}

std::optional<std::string> scalar_text(const Value& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.empty() ? std::nullopt : std::optional(text);
  }
  if (value.is_number()) return value.dump();
  return std::nullopt;
}

std::string pointer_token(std::string_view token) {
  std::string out;
  for (char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

Reader::Reader(const Value& object, std::string pointer) : object_(&object), pointer_(std::move(pointer)) {
  if (!object.is_object()) errors_.push_back({pointer_, "must be an object"});
}

std::string Reader::pointer(std::string_view name) const {
  return pointer_ + "/" + pointer_token(name);
}

void Reader::error(std::string_view name, std::string reason) {
  errors_.push_back({pointer(name), std::move(reason)});
}

const Value* Reader::member(std::string_view name) {
  known_.emplace_back(name);
  if (!object_->is_object()) return nullptr;
  auto it = object_->find(name);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

const Value* Reader::any(std::string_view name) {
  return member(name);
}

std::optional<std::string> Reader::optional_text(std::string_view name, TextRule rule) {
  const Value* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    error(name, "must be a string");
    return std::nullopt;
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() < rule.min_length || text.size() > rule.max_length) {
    error(name, fmt::format("must have {} to {} bytes", rule.min_length, rule.max_length));
    return std::nullopt;
  }
  return text;
}

std::string Reader::text(std::string_view name, TextRule rule) {
  std::size_t before = errors_.size();
  auto value = optional_text(name, rule);
  if (!value && errors_.size() == before) error(name, "is required");
  return value.value_or("");
}

std::optional<std::int64_t> Reader::optional_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const Value* value = member(name);
  if (value == nullptr) return std::nullopt;
  bool fits = value->is_number_integer() &&
              !(value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
  if (!fits || value->get<std::int64_t>() < min || value->get<std::int64_t>() > max) {
    error(name, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::int64_t Reader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  std::size_t before = errors_.size();
  auto value = optional_integer(name, min, max);
  if (!value && errors_.size() == before) error(name, "is required");
  return value.value_or(0);
}

std::optional<bool> Reader::optional_boolean(std::string_view name) {
  const Value* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    error(name, "must be true or false");
    return std::nullopt;
  }
  return value->get<bool>();
}

const Value* Reader::object(std::string_view name) {
  const Value* value = member(name);
  if (value != nullptr && !value->is_object()) {
    error(name, "must be an object");
    return nullptr;
  }
  return value;
}

const Value* Reader::array(std::string_view name, std::size_t max_items) {
  const Value* value = member(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->size() > max_items) {
    error(name, fmt::format("must be a list of at most {} items", max_items));
    return nullptr;
  }
  return value;
}

std::vector<std::string> Reader::texts(std::string_view name, std::size_t max_items, TextRule rule) {
  std::vector<std::string> out;
  const Value* list = array(name, max_items);
  if (list == nullptr) return out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Value& item = (*list)[i];
    bool fits = item.is_string() && item.get_ref<const std::string&>().size() >= rule.min_length &&
                item.get_ref<const std::string&>().size() <= rule.max_length;
    if (fits) {
      out.push_back(item.get<std::string>());
    } else {
      errors_.push_back({pointer(name) + "/" + std::to_string(i),
                         fmt::format("must be a string of {} to {} bytes", rule.min_length, rule.max_length)});
    }
  }
  return out;
}

void Reader::merge(Reader& nested) {
  if (auto result = nested.finish(); !result) {
    auto& fields = result.error().fields;
    errors_.insert(errors_.end(), fields.begin(), fields.end());
  }
}

Result<void> Reader::finish() {
  if (!allow_unknown_ && object_->is_object()) {
    for (const auto& [name, value] : object_->items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) error(name, "is not a known field");
    }
  }
  if (errors_.empty()) return {};
  std::string detail = fmt::format("{} {}.", errors_.front().pointer.empty() ? "The body" : errors_.front().pointer,
                                   errors_.front().reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), std::move(errors_));
}

}  // namespace handschlag::json
