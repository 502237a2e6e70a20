// SQL of what is held about one identity.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::events::store {

// Positions of one identity's events in the segments from `first` to before `end`, at most `limit` of each.
Result<std::vector<std::int64_t>> positions(db::Transaction& tx, std::int64_t first, std::int64_t end,
                                            std::int64_t identity, std::int64_t limit);
// Removes the events at these positions; answers their event ids.
Result<std::vector<std::string>> delete_events(db::Transaction& tx, std::span<const std::int64_t> positions);
// Leaves tombstones; keeps what is there.
Result<void> bury(db::Transaction& tx, const std::vector<std::string>& event_ids, Time until);

}  // namespace handschlag::events::store
