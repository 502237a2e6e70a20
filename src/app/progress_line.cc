#include "app/progress_line.h"

#include <fmt/format.h>

namespace handschlag::app {
namespace {

constexpr std::chrono::milliseconds kShowsEvery{500};

}  // namespace

void ProgressLine::show(double share, std::int64_t count, std::string_view what) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kShowsEvery) return;
  last_ = now;
  console_.err(fmt::format("\r{:3.0f} %  {} {}", share * 100, count, what));
  shown_ = true;
}

void ProgressLine::end() {
  if (shown_) console_.err("\n");
}

}  // namespace handschlag::app
