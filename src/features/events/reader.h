// Reads stored events back and opens them.
#pragma once

#include <functional>
#include <vector>

#include "features/events/events.h"
#include "features/events/segments.h"
#include "features/events/store.h"
#include "platform/metrics/metrics.h"

namespace handschlag::events {

class Reader {
 public:
  Reader(db::Transaction& tx, Cell& cell, Segments& segments, metrics::Counter& damaged)
      : tx_(tx), cell_(cell), segments_(segments), damaged_(damaged) {}

  // With the damaged ones, so that a page shows the gap.
  Result<std::vector<Event>> timeline(const TimelineQuery& query);
  // Without them.
  Result<void> since(IdentityId identity, std::int64_t after, const std::function<void(const Event&)>& on_event);

  // Opens rows, in their order; those of erased people are left out. What does not open is marked as damaged, counted
  // and logged: one event must not hide all others.
  static Result<std::vector<Event>> open(Cell& cell, std::vector<store::StoredRow> rows, metrics::Counter& damaged);

 private:
  db::Transaction& tx_;
  Cell& cell_;
  Segments& segments_;
  metrics::Counter& damaged_;
};

}  // namespace handschlag::events
