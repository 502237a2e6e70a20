// SQL of moving to another region.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "features/identity/store.h"
#include "platform/db/db.h"

namespace handschlag::identity::store {

// All of an identity, its own first.
Result<std::vector<KeyRow>> all_keys(db::Transaction& tx, std::int64_t identity);

struct Withdrawal {
  gate::PurposeSet purposes;
  std::int64_t changed_at = 0;
};
Result<Withdrawal> withdrawal(db::Transaction& tx, std::int64_t identity);
Result<void> insert_withdrawal(db::Transaction& tx, std::int64_t identity, const Withdrawal& withdrawal);

Result<void> delete_key(db::Transaction& tx, std::string_view digest, std::int64_t identity);
Result<void> delete_link(db::Transaction& tx, const Link& link);
// A no-op where the two have a link already.
Result<void> insert_link(db::Transaction& tx, const Link& link);

}  // namespace handschlag::identity::store
