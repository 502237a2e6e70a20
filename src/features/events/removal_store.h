// SQL of removing what some sources sent.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "platform/db/db.h"

namespace handschlag::events::store {

struct Bounds {
  std::int64_t through = 0;      // up to this position
  std::int64_t before_time = 0;  // that occurred before this
};
// Positions of one identity's events within the bounds, at most `limit` of each segment.
Result<std::vector<std::int64_t>> positions_within(db::Transaction& tx, std::span<const std::int64_t> segments,
                                                   std::int64_t identity, Bounds bounds, std::int64_t limit);
// Whether it has any beyond one of the bounds.
Result<bool> has_beyond(db::Transaction& tx, std::span<const std::int64_t> segments, std::int64_t identity,
                        Bounds bounds);

struct UnlinkedRow {
  std::int64_t seq = 0;
  std::int64_t source = 0;
  std::int64_t occurred_hour = 0;
};
Result<void> unlinked_after(db::Transaction& tx, std::int64_t after, std::int64_t through, std::int64_t limit,
                            const std::function<void(const UnlinkedRow&)>& on_row);
Result<std::int64_t> delete_unlinked_at(db::Transaction& tx, std::span<const std::int64_t> positions);

// Sums and refusal counts of a source, of days before `end_day`; answers how many rows went.
Result<std::int64_t> delete_sums(db::Transaction& tx, std::int64_t source, std::int64_t end_day);

Result<std::int64_t> removals(db::Transaction& tx);
Result<void> raise_removals(db::Transaction& tx);

}  // namespace handschlag::events::store
