// SQL of the vault.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::vault::store {

// Calls `on_key(index, wrapped)` for each (identity, class) that has a key.
Result<void> find_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                       const std::function<void(std::size_t, std::string_view)>& on_key);
Result<void> insert_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                         std::span<const std::string> wrapped);
// Deletes the keys of these identities, and counts that as a destruction.
Result<void> delete_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class);
// How many destructions there were.
Result<std::int64_t> destructions(db::Transaction& tx);
// "" where there is none.
Result<std::string> find_secret(db::Transaction& tx, std::string_view name);
// Keeps what is there.
Result<void> insert_secret(db::Transaction& tx, std::string_view name, std::string_view wrapped);

}  // namespace handschlag::vault::store
