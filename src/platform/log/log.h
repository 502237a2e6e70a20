// Structured log: one JSON object a line on standard error. Never personal data: fields are names, counts, ids of
// sources and operations, error codes; not values of requests. Thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace handschlag::log {

enum class Level { debug, info, warning, error };
using FieldValue = std::variant<std::int64_t, double, bool, std::string_view>;
using Fields = std::initializer_list<std::pair<std::string_view, FieldValue>>;

void set_level(Level level);
// {"time":"...","level":"info","message":"server started","port":8080}
void write(Level level, std::string_view message, Fields fields = {});
inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace handschlag::log
