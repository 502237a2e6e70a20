// SQL of moves, on the control database.
#pragma once

#include <optional>
#include <vector>

#include "features/moves/moves.h"
#include "platform/db/db.h"

namespace handschlag::moves::store {

// Its id is assigned.
Result<void> insert(db::Transaction& tx, Move& move);
Result<void> update(db::Transaction& tx, const Move& move);  // state, people, events, target, times
Result<std::optional<Move>> find(db::Transaction& tx, Id<Move> id);
// One of this identity that is being copied.
Result<std::optional<Move>> copying(db::Transaction& tx, std::string_view region, IdentityId identity);
// Newest first, older than `before` (0: from the newest).
Result<std::vector<Move>> list(db::Transaction& tx, std::int64_t before, std::int64_t limit);

}  // namespace handschlag::moves::store
