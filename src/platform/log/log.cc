#include "platform/log/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <memory>
#include <string>

#include "platform/base/clock.h"
#include "platform/json/json.h"
#include "platform/log/trace.h"

namespace handschlag::log {
namespace {

// The process has one standard error, hence one logger. It is left alive at exit: other threads may still write.
spdlog::logger& logger() {
  static spdlog::logger& instance = []() -> spdlog::logger& {
    auto created = std::make_unique<spdlog::logger>("handschlag", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    created->set_pattern("%v");
    return *created.release();
  }();
  return instance;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      break;
  }
  return spdlog::level::err;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      break;
  }
  return "error";
}

std::string quoted(std::string_view text) {
  return json::dump(json::Value(text));
}

thread_local std::string_view current_trace;

struct FieldText {
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::string_view value) const { return quoted(value); }
};

}  // namespace

Trace::Trace(std::string_view id) : id_(id), outer_(current_trace) {
  current_trace = id_;
}

Trace::~Trace() {
  current_trace = outer_;
}

std::string_view Trace::current() {
  return current_trace;
}

void set_level(Level level) {
  logger().set_level(spdlog_level(level));
}

void write(Level level, std::string_view message, Fields fields) {
  if (!logger().should_log(spdlog_level(level))) return;
  // Written by hand so that time, level and message come first; a json::Value would sort them.
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":{})", format_time(SystemClock().now()),
                                 name_of(level), quoted(message));
  bool has_trace = Trace::current().empty();
  for (const auto& [name, value] : fields) {
    has_trace = has_trace || name == "trace_id";
    line += fmt::format(",{}:{}", quoted(name), std::visit(FieldText{}, value));
  }
  if (!has_trace) line += fmt::format(",\"trace_id\":{}", quoted(Trace::current()));
  line += '}';
  logger().log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace handschlag::log
