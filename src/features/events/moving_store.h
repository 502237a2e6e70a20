// SQL of moving events to another region.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "features/events/store.h"
#include "platform/db/db.h"

namespace handschlag::events::store {

// The events of one identity after a position, in their order, at most `limit`.
Result<std::vector<StoredRow>> next_of(db::Transaction& tx, std::int64_t identity, std::int64_t after,
                                       std::int64_t limit);
// How many it has.
Result<std::int64_t> count_of(db::Transaction& tx, std::int64_t identity);

// Which of these event ids belong to an event that was refused or removed.
Result<std::vector<bool>> buried(db::Transaction& tx, std::span<const std::string> event_ids);

}  // namespace handschlag::events::store
