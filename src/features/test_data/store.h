// SQL of the deletion of test data, on a region's data database.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "features/test_data/test_data.h"
#include "platform/db/db.h"

namespace handschlag::test_data::store {

struct Row {
  std::int64_t through = 0;
  Deletion deletion;  // without its region
};
Result<std::optional<Row>> find(db::Transaction& tx);
// Takes the place of the one before.
Result<void> begin(db::Transaction& tx, const Row& row);
// Adds to what was removed so far.
Result<void> count(db::Transaction& tx, std::int64_t events, std::int64_t people);
// Ends it, unless another began meanwhile.
Result<void> finish(db::Transaction& tx, std::int64_t through, Time at);

Result<void> add_keys(db::Transaction& tx, std::span<const IdentityId> identities);
Result<std::vector<IdentityId>> keys(db::Transaction& tx, std::int64_t limit);
Result<void> remove_keys(db::Transaction& tx, std::span<const IdentityId> identities);

}  // namespace handschlag::test_data::store
