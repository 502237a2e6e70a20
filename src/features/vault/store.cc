#include "features/vault/store.h"

#include "embedded/migrations.h"
#include "features/vault/vault.h"

namespace handschlag::vault {

std::span<const db::Migration> migrations() {
  return embedded::vault_migrations;
}

namespace store {

Result<void> find_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                       const std::function<void(std::size_t, std::string_view)>& on_key) {
  db::Batch batch(2);
  batch.reserve(identities.size());
  for (std::int64_t identity : identities) batch.add({identity, retention_class});
  return tx.query_batch("SELECT wrapped FROM vault_key WHERE identity = $1 AND retention_class = $2", batch,
                        [&](std::size_t index, const db::Row& row) { on_key(index, row.blob(0)); });
}

Result<void> insert_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class,
                         std::span<const std::string> wrapped) {
  db::Batch batch(3);
  batch.reserve(identities.size());
  for (std::size_t i = 0; i < identities.size(); ++i) {
    batch.add({identities[i], retention_class, db::BlobView{wrapped[i]}});
  }
  TRY(tx.execute_batch("INSERT INTO vault_key (identity, retention_class, wrapped) VALUES ($1, $2, $3)", batch));
  return {};
}

Result<void> delete_keys(db::Transaction& tx, std::span<const std::int64_t> identities, std::int64_t retention_class) {
  db::Batch batch(2);
  batch.reserve(identities.size());
  for (std::int64_t identity : identities) batch.add({identity, retention_class});
  TRY(tx.execute_batch("DELETE FROM vault_key WHERE identity = $1 AND retention_class = $2", batch));
  TRY(tx.execute("UPDATE vault_head SET destructions = destructions + 1 WHERE one = 1", {}));
  return {};
}

Result<std::int64_t> destructions(db::Transaction& tx) {
  std::int64_t count = 0;
  TRY(tx.query("SELECT destructions FROM vault_head WHERE one = 1", {},
               [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::string> find_secret(db::Transaction& tx, std::string_view name) {
  std::string wrapped;
  TRY(tx.query("SELECT wrapped FROM vault_secret WHERE name = $1", {name},
               [&](const db::Row& row) { wrapped = row.blob(0); }));
  return wrapped;
}

Result<void> insert_secret(db::Transaction& tx, std::string_view name, std::string_view wrapped) {
  TRY(tx.execute("INSERT INTO vault_secret (name, wrapped) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                 {name, db::BlobView{wrapped}}));
  return {};
}

}  // namespace store
}  // namespace handschlag::vault
