// A line of progress on the console: now and then, over itself on a terminal. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "app/commands.h"

namespace handschlag::app {

class ProgressLine {
 public:
  explicit ProgressLine(Console& console) : console_(console) {}
  // share: from 0 to 1; `what` is counted, as in "events".
  void show(double share, std::int64_t count, std::string_view what);
  void end();

 private:
  Console& console_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool shown_ = false;
};

}  // namespace handschlag::app
