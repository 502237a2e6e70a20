#include "features/customers/store.h"

#include "embedded/migrations.h"
#include "features/customers/customers.h"

namespace handschlag::customers {

std::span<const db::Migration> migrations() {
  return embedded::customers_migrations;
}

namespace store {

Result<void> upsert_words(db::Transaction& tx, std::span<const WordRow> rows) {
  db::Batch batch(3);
  for (const WordRow& row : rows) batch.add({db::BlobView{row.digest}, row.identity, row.purposes});
  TRY(tx.execute_batch(
      "INSERT INTO customers_word (digest, identity, purposes) VALUES ($1, $2, $3) "
      "ON CONFLICT (digest, identity) DO UPDATE SET purposes = customers_word.purposes | excluded.purposes",
      batch));
  return {};
}

Result<std::vector<std::int64_t>> find_word(db::Transaction& tx, std::string_view digest, std::int64_t purposes,
                                            std::int64_t limit) {
  std::vector<std::int64_t> out;
  TRY(tx.query(
      "SELECT identity FROM customers_word WHERE digest = $1 AND (purposes & $2) <> 0 ORDER BY identity LIMIT $3",
      {db::BlobView{digest}, purposes, limit}, [&](const db::Row& row) { out.push_back(row.integer(0)); }));
  return out;
}

Result<std::vector<std::int64_t>> having_words(db::Transaction& tx, std::span<const std::int64_t> identities,
                                               std::span<const std::string> digests, std::int64_t purposes) {
  std::vector<std::size_t> words(identities.size());
  for (const std::string& digest : digests) {
    db::Batch batch(3);
    for (std::int64_t identity : identities) batch.add({db::BlobView{digest}, identity, purposes});
    TRY(tx.query_batch("SELECT 1 FROM customers_word WHERE digest = $1 AND identity = $2 AND (purposes & $3) <> 0",
                       batch, [&](std::size_t index, const db::Row&) { ++words[index]; }));
  }
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    if (words[i] == digests.size()) out.push_back(identities[i]);
  }
  return out;
}

Result<std::optional<ProfileRow>> find_profile(db::Transaction& tx, std::int64_t identity) {
  std::optional<ProfileRow> out;
  TRY(tx.query("SELECT through_seq, sealed FROM customers_profile WHERE identity = $1", {identity},
               [&](const db::Row& row) { out = {row.integer(0), std::string(row.blob(1))}; }));
  return out;
}

Result<void> save_profile(db::Transaction& tx, std::int64_t identity, const ProfileRow& row) {
  TRY(
      tx.execute("INSERT INTO customers_profile (identity, through_seq, sealed) VALUES ($1, $2, $3) "
                 "ON CONFLICT (identity) DO UPDATE SET through_seq = excluded.through_seq, sealed = excluded.sealed "
                 "WHERE excluded.through_seq > customers_profile.through_seq",
                 {identity, row.through_seq, db::BlobView{row.sealed}}));
  return {};
}

Result<void> delete_profile(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM customers_profile WHERE identity = $1", {identity}));
  return {};
}

Result<std::int64_t> delete_words(db::Transaction& tx, std::int64_t identity, std::int64_t limit) {
  return tx.execute(
      "DELETE FROM customers_word WHERE identity = $1 AND digest IN "
      "(SELECT digest FROM customers_word WHERE identity = $1 LIMIT $2)",
      {identity, limit});
}

}  // namespace store
}  // namespace handschlag::customers
