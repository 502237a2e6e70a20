// What stands behind a Lease. Private to platform/jobs.
#pragma once

#include <atomic>
#include <optional>

#include "platform/jobs/jobs.h"
#include "platform/jobs/store.h"

namespace handschlag::jobs {

struct Lease::State {
  Job job;
  store::Hold hold;
  std::optional<std::int64_t> period_ms;  // of a kind that recurs
  const std::atomic<bool>& stopping;      // the runner's
  std::atomic<bool> lost{false};
};

}  // namespace handschlag::jobs
