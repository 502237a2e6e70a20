// How much a step of long work in the background may do, so that it holds the writer for some milliseconds only: what
// fits follows from how long the last step took. The promise is 20 ms, and what the commit takes comes on top.
// One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace handschlag::db {

class Pace {
 public:
  // Rows, or whatever the step counts.
  std::int64_t limit() const { return limit_; }

  // A step of limit() took so long.
  void took(std::chrono::steady_clock::duration time) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    const std::int64_t fitting = limit_ * kStepTime.count() / std::max<std::int64_t>(micros, 1);
    limit_ = std::min(std::clamp(fitting, limit_ / 4 + 1, limit_ * 2), kLargest);
  }

 private:
  static constexpr std::chrono::microseconds kStepTime{6'000};
  static constexpr std::int64_t kLargest = 1'000;
  std::int64_t limit_ = 64;
};

}  // namespace handschlag::db
