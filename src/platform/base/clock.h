// Time: always UTC, to the millisecond. Code that needs "now" takes a Clock, so that tests can set it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/result.h"

namespace handschlag {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Milliseconds since 1970-01-01T00:00:00Z, as stored in databases.
inline std::int64_t to_millis(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_millis(std::int64_t millis) {
  return Time{std::chrono::milliseconds{millis}};
}

// "2026-11-21T21:38:27.620Z". Thread-safe.
std::string format_time(Time time);
// "2026-11-21".
std::string format_day(Time time);

// Parses RFC 3339 ("2026-11-21T21:38:27.620Z", "+01:00" offsets, a space for the T, fractions of any length cut to
// milliseconds), a bare date (midnight UTC), and no other form. Errors: invalid. Years 1970 to 9999.
Result<Time> parse_time(std::string_view text);

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
};

// A clock that stands still until it is moved; for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : millis_(to_millis(start)) {}
  Time now() const override { return from_millis(millis_.load()); }
  void advance(std::chrono::milliseconds by) { millis_ += by.count(); }
  void set(Time time) { millis_ = to_millis(time); }

 private:
  std::atomic<std::int64_t> millis_;
};

}  // namespace handschlag
