// Reads stored events back and opens them.
#pragma once

#include <functional>
#include <vector>

#include "features/events/events.h"
#include "features/events/segments.h"
#include "features/events/store.h"

namespace handschlag::events {

class Reader {
 public:
  Reader(db::Transaction& tx, Cell& cell, Segments& segments) : tx_(tx), cell_(cell), segments_(segments) {}

  Result<std::vector<Event>> timeline(const TimelineQuery& query);
  Result<void> since(IdentityId identity, std::int64_t after, const std::function<void(const Event&)>& on_event);

  // Opens rows, in their order; those of erased people are left out. One that does not open, as after a disk's fault,
  // is an error, or is left out and named in `damaged`.
  static Result<std::vector<Event>> open(Cell& cell, std::vector<store::StoredRow> rows,
                                         std::vector<std::int64_t>* damaged = nullptr);

 private:
  db::Transaction& tx_;
  Cell& cell_;
  Segments& segments_;
};

}  // namespace handschlag::events
