// SQL of the vault.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/vault/erasure_list.h"
#include "platform/db/db.h"

namespace handschlag::vault::store {

// Calls `on_key(index, wrapped)` for each (identity, class) that has a key.
Result<void> find_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                       const std::function<void(std::size_t, std::string_view)>& on_key);
Result<void> insert_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                         std::span<const std::string> wrapped);
// Lets no other node store a key, nor say that the region's key has changed, until the end of this transaction.
Result<void> hold(db::Transaction& tx);
// Deletes the keys of these identities, and counts that as a destruction.
Result<void> delete_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class);
// How many destructions there were.
Result<std::int64_t> destructions(db::Transaction& tx);

// What is known of erasures; see erasure_list.h. Keeps what is there.
Result<void> insert_erasures(db::Transaction& tx, std::span<const Erasure> erasures);
Result<void> erasures(db::Transaction& tx, const std::function<void(const Erasure&)>& on_erasure);
// How far a list was carried out; nothing where it is new here.
Result<std::optional<std::int64_t>> applied(db::Transaction& tx, std::string_view list);
Result<void> set_applied(db::Transaction& tx, std::string_view list, std::int64_t applied);
// The largest number of an identity that has or had a key; 0 for none.
Result<std::int64_t> highest_identity(db::Transaction& tx);

// Keys after (identity, class), in their order, at most `limit`.
struct WrappedKey {
  std::int64_t identity = 0;
  std::int64_t retention_class = 0;
  std::string wrapped;
};
Result<std::vector<WrappedKey>> keys_after(db::Transaction& tx, std::int64_t identity, std::int64_t retention_class,
                                           std::int64_t limit);
Result<void> update_keys(db::Transaction& tx, std::span<const WrappedKey> keys);
struct WrappedSecret {
  std::string name;
  std::string wrapped;
};
Result<std::vector<WrappedSecret>> secrets_after(db::Transaction& tx, std::string_view name, std::int64_t limit);
Result<void> update_secrets(db::Transaction& tx, std::span<const WrappedSecret> secrets);

// "" where there is none.
Result<std::string> find_secret(db::Transaction& tx, std::string_view name);
// Keeps what is there.
Result<void> insert_secret(db::Transaction& tx, std::string_view name, std::string_view wrapped);

}  // namespace handschlag::vault::store
