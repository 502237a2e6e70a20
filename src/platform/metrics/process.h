// What this process takes of the machine, under the names that Prometheus' own clients use. Thread-safe.
#pragma once

#include <mutex>

#include "platform/metrics/metrics.h"

namespace handschlag::metrics {

class ProcessMeters {
 public:
  // `registry` must outlive this.
  explicit ProcessMeters(Registry& registry);

  // Reads the figures anew; called before they are shown.
  void refresh();

 private:
  std::mutex mutex_;
  double counted_seconds_ = 0;  // of processor time, so far
  Counter& processor_seconds_;
  Gauge& resident_bytes_;
  Gauge& open_files_;
  Gauge& max_files_;
};

}  // namespace handschlag::metrics
