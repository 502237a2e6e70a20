// SQL of what is held about one identity.
#pragma once

#include <cstdint>
#include <functional>

#include "platform/db/db.h"

namespace handschlag::identity::store {

// Leaves of an identity's own key only the digest, taken for no purpose.
Result<void> suppress(db::Transaction& tx, std::int64_t identity);
Result<void> delete_identity(db::Transaction& tx, std::int64_t identity);
// Its own key, and with it that it was ever known.
Result<void> delete_own_key(db::Transaction& tx, std::int64_t identity);
// The next identities by number, and the source that made each.
Result<void> next_identities(db::Transaction& tx, std::int64_t after, std::int64_t limit,
                             const std::function<void(std::int64_t identity, std::int64_t source)>& on_row);
// With the withdrawn leave to make them.
Result<void> delete_links(db::Transaction& tx, std::int64_t identity);
// Those that were not ended, likewise.
Result<void> delete_open_links(db::Transaction& tx, std::int64_t identity);
// These remove at most `limit` rows and answer how many.
Result<std::int64_t> delete_further_keys(db::Transaction& tx, std::int64_t identity, std::int64_t limit);
Result<std::int64_t> delete_refusals(db::Transaction& tx, std::int64_t identity, std::int64_t limit);

}  // namespace handschlag::identity::store
