// SQL of the ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "platform/db/db.h"

namespace handschlag::ledger::store {

struct Row {
  std::int64_t seq = 0;
  std::int64_t identity = 0;
  std::int64_t at = 0;
  std::string sealed;
};

// Takes `count` positions and answers the first.
Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count);
Result<std::int64_t> highest_identity(db::Transaction& tx);
Result<void> insert(db::Transaction& tx, std::span<const Row> rows);
Result<void> read(db::Transaction& tx, std::int64_t identity, std::int64_t before, std::int64_t limit,
                  const std::function<void(Row)>& on_row);
// The entries after a position, oldest first.
Result<void> read_after(db::Transaction& tx, std::int64_t identity, std::int64_t after, std::int64_t limit,
                        const std::function<void(Row)>& on_row);

// How far an identity's entries were brought over; 0 where there is nothing about it.
Result<std::int64_t> copied(db::Transaction& tx, std::int64_t identity);
Result<void> set_copied(db::Transaction& tx, std::int64_t identity, std::int64_t through);

}  // namespace handschlag::ledger::store
