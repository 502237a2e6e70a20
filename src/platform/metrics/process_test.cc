#include "platform/metrics/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace handschlag::metrics {
namespace {

double value_of(const Registry& registry, const std::string& name) {
  std::string text = "\n" + registry.render();
  std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ProcessMeters, ShowWhatTheProcessTakes) {
  Registry registry;
  ProcessMeters meters(registry);
  meters.refresh();
  EXPECT_GT(value_of(registry, "process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value_of(registry, "process_open_fds"), 3);
  EXPECT_GE(value_of(registry, "process_max_fds"), value_of(registry, "process_open_fds"));
  EXPECT_GT(value_of(registry, "process_start_time_seconds"), 1.7e9);
}

TEST(ProcessMeters, ProcessorTimeOnlyGrows) {
  Registry registry;
  ProcessMeters meters(registry);
  meters.refresh();
  double before = value_of(registry, "process_cpu_seconds_total");
  meters.refresh();
  EXPECT_GE(before, 0);
  EXPECT_GE(value_of(registry, "process_cpu_seconds_total"), before);
}

}  // namespace
}  // namespace handschlag::metrics
