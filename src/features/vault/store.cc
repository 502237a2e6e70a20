#include "features/vault/store.h"

#include <algorithm>

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

Result<void> hold(db::Transaction& tx) {
  TRY(tx.execute("UPDATE vault_head SET destructions = destructions WHERE one = 1", {}));
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

Result<void> insert_erasures(db::Transaction& tx, std::span<const Erasure> erasures) {
  db::Batch batch(3);
  for (const Erasure& erasure : erasures) batch.add({erasure.identity, erasure.retention_class, erasure.at});
  TRY(tx.execute_batch(
      "INSERT INTO vault_erasure (identity, retention_class, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", batch));
  return {};
}

Result<void> erasures(db::Transaction& tx, const std::function<void(const Erasure&)>& on_erasure) {
  return tx.query("SELECT identity, retention_class, at FROM vault_erasure ORDER BY identity, retention_class", {},
                  [&](const db::Row& row) { on_erasure({row.integer(0), row.integer(1), row.integer(2)}); });
}

Result<std::optional<std::int64_t>> applied(db::Transaction& tx, std::string_view list) {
  std::optional<std::int64_t> out;
  TRY(tx.query("SELECT applied FROM vault_erasure_list WHERE list = $1", {list},
               [&](const db::Row& row) { out = row.integer(0); }));
  return out;
}

Result<void> set_applied(db::Transaction& tx, std::string_view list, std::int64_t applied) {
  TRY(
      tx.execute("INSERT INTO vault_erasure_list (list, applied) VALUES ($1, $2) "
                 "ON CONFLICT (list) DO UPDATE SET applied = excluded.applied",
                 {list, applied}));
  return {};
}

Result<std::int64_t> highest_identity(db::Transaction& tx) {
  std::int64_t highest = 0;
  auto take = [&](const db::Row& row) { highest = std::max(highest, row.integer(0)); };
  TRY(tx.query("SELECT max(identity) FROM vault_key", {}, take));
  TRY(tx.query("SELECT max(identity) FROM vault_erasure", {}, take));
  return highest;
}

Result<std::vector<WrappedKey>> keys_after(db::Transaction& tx, std::int64_t identity, std::int64_t retention_class,
                                           std::int64_t limit) {
  std::vector<WrappedKey> out;
  TRY(
      tx.query("SELECT identity, retention_class, wrapped FROM vault_key WHERE (identity, retention_class) > ($1, $2) "
               "ORDER BY identity, retention_class LIMIT $3",
               {identity, retention_class, limit},
               [&](const db::Row& row) { out.push_back({row.integer(0), row.integer(1), std::string(row.blob(2))}); }));
  return out;
}

Result<void> update_keys(db::Transaction& tx, std::span<const WrappedKey> keys) {
  db::Batch batch(3);
  for (const WrappedKey& key : keys) batch.add({db::BlobView{key.wrapped}, key.identity, key.retention_class});
  TRY(tx.execute_batch("UPDATE vault_key SET wrapped = $1 WHERE identity = $2 AND retention_class = $3", batch));
  return {};
}

Result<std::vector<WrappedSecret>> secrets_after(db::Transaction& tx, std::string_view name, std::int64_t limit) {
  std::vector<WrappedSecret> out;
  TRY(tx.query("SELECT name, wrapped FROM vault_secret WHERE name > $1 ORDER BY name LIMIT $2", {name, limit},
               [&](const db::Row& row) { out.push_back({std::string(row.text(0)), std::string(row.blob(1))}); }));
  return out;
}

Result<void> update_secrets(db::Transaction& tx, std::span<const WrappedSecret> secrets) {
  db::Batch batch(2);
  for (const WrappedSecret& secret : secrets) batch.add({db::BlobView{secret.wrapped}, secret.name});
  TRY(tx.execute_batch("UPDATE vault_secret SET wrapped = $1 WHERE name = $2", batch));
  return {};
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
