#include "platform/config/toml.h"

#include <fmt/format.h>
#define TOML_EXCEPTIONS 0
// Some of its assertions fail on malformed text (a = 1979-05-27T:32) that it then reports well.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include <cmath>
#include <sstream>

namespace handschlag::config {
namespace {

// What toml++ itself limits is nesting (256 deep) and the syntax; a text of settings has no business being larger.
constexpr std::size_t kMaxBytes = 1024 * 1024;

template <class Node>
std::string printed(const Node& node) {
  std::ostringstream out;
  out << node;
  return out.str();
}

json::Value value_of(const toml::node& node);

json::Value object_of(const toml::table& table) {
  json::Value out = json::Value::object();
  for (const auto& [key, node] : table) out[std::string(key.str())] = value_of(node);
  return out;
}

json::Value array_of(const toml::array& array) {
  json::Value out = json::Value::array();
  for (const toml::node& node : array) out.push_back(value_of(node));
  return out;
}

json::Value value_of(const toml::node& node) {
  if (const auto* table = node.as_table()) return object_of(*table);
  if (const auto* array = node.as_array()) return array_of(*array);
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* number = node.as_floating_point()) {
    // JSON has no infinity; the text is refused by whoever wants a number, with the field's name.
    return std::isfinite(number->get()) ? json::Value(number->get()) : json::Value(printed(number->get()));
  }
  if (const auto* date = node.as_date()) return printed(date->get());
  if (const auto* time = node.as_time()) return printed(time->get());
  if (const auto* moment = node.as_date_time()) return printed(moment->get());
  return nullptr;
}

}  // namespace

Result<json::Value> parse_toml(std::string_view text, std::string_view name) {
  if (text.size() > kMaxBytes) {
    return fail(ErrorKind::invalid, "toml_malformed", fmt::format("{} is larger than {} bytes.", name, kMaxBytes));
  }
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    std::string place = fmt::format("line {}, column {}", error.source().begin.line, error.source().begin.column);
    return fail(ErrorKind::invalid, "toml_malformed", fmt::format("{}, {}: {}.", name, place, error.description()),
                {{place, std::string(error.description())}});
  }
  return object_of(parsed.table());
}

}  // namespace handschlag::config
