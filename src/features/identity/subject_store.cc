#include "features/identity/subject_store.h"

#include <string>
#include <vector>

namespace handschlag::identity::store {

Result<void> suppress(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute(
      "UPDATE identity_key SET purposes = 0, source = 0, first_seen = 0, sealed = $1 WHERE identity = $2 AND "
      "standing = 0",
      {db::BlobView{""}, identity}));
  return {};
}

Result<void> delete_identity(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM identity_identity WHERE id = $1", {identity}));
  return {};
}

Result<void> delete_own_key(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM identity_key WHERE identity = $1 AND standing = 0", {identity}));
  return {};
}

Result<void> next_identities(db::Transaction& tx, std::int64_t after, std::int64_t limit,
                             const std::function<void(std::int64_t, std::int64_t)>& on_row) {
  return tx.query("SELECT id, source FROM identity_identity WHERE id > $1 ORDER BY id LIMIT $2", {after, limit},
                  [&](const db::Row& row) { on_row(row.integer(0), row.integer(1)); });
}

Result<void> delete_links(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM identity_withdrawal WHERE identity = $1", {identity}));
  TRY(tx.execute("DELETE FROM identity_link WHERE a = $1", {identity}));
  TRY(tx.execute("DELETE FROM identity_link WHERE b = $1", {identity}));
  return {};
}

Result<void> delete_open_links(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM identity_withdrawal WHERE identity = $1", {identity}));
  TRY(tx.execute("DELETE FROM identity_link WHERE a = $1 AND standing <> 3", {identity}));
  TRY(tx.execute("DELETE FROM identity_link WHERE b = $1 AND standing <> 3", {identity}));
  return {};
}

Result<std::int64_t> delete_further_keys(db::Transaction& tx, std::int64_t identity, std::int64_t limit) {
  std::vector<std::string> digests;
  TRY(tx.query("SELECT digest FROM identity_key WHERE identity = $1 AND standing <> 0 LIMIT $2", {identity, limit},
               [&](const db::Row& row) { digests.emplace_back(row.blob(0)); }));
  db::Batch batch(2);
  for (const std::string& digest : digests) batch.add({db::BlobView{digest}, identity});
  TRY(tx.execute_batch("DELETE FROM identity_key WHERE digest = $1 AND identity = $2", batch));
  // As many as were there: another node may just have given one a new digest, and then it is still there.
  return static_cast<std::int64_t>(digests.size());
}

Result<std::int64_t> delete_refusals(db::Transaction& tx, std::int64_t identity, std::int64_t limit) {
  std::int64_t first = TRY(tx.execute(
      "DELETE FROM identity_refusal WHERE a = $1 AND b IN (SELECT b FROM identity_refusal WHERE a = $1 LIMIT $2)",
      {identity, limit}));
  if (first > 0) return first;
  return tx.execute(
      "DELETE FROM identity_refusal WHERE b = $1 AND a IN (SELECT a FROM identity_refusal WHERE b = $1 LIMIT $2)",
      {identity, limit});
}

}  // namespace handschlag::identity::store
