#include "features/customers/store.h"

#include "embedded/migrations.h"
#include "features/customers/customers.h"

namespace handschlag::customers {

std::span<const db::Migration> migrations() {
  return embedded::customers_migrations;
}

namespace store {

Result<void> upsert_words(db::Transaction& tx, std::span<const WordRow> rows, std::size_t layers) {
  db::Batch batch(4);
  auto count = static_cast<std::int64_t>(layers);
  for (const WordRow& row : rows) batch.add({db::BlobView{row.digest}, row.identity, row.purposes, count});
  TRY(tx.execute_batch(
      "INSERT INTO customers_word (digest, identity, purposes, layers) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (digest, identity) DO UPDATE SET purposes = customers_word.purposes | excluded.purposes",
      batch));
  return {};
}

Result<std::vector<LiftedWord>> words_below(db::Transaction& tx, std::size_t layers, std::int64_t first,
                                            std::int64_t end, std::int64_t limit) {
  std::vector<LiftedWord> out;
  TRY(
      tx.query("SELECT digest, identity FROM customers_word WHERE identity >= $1 AND identity < $2 AND layers < $3 "
               "ORDER BY identity LIMIT $4",
               {first, end, static_cast<std::int64_t>(layers), limit},
               [&](const db::Row& row) { out.push_back({std::string(row.blob(0)), row.integer(1), ""}); }));
  return out;
}

Result<void> lift_words(db::Transaction& tx, std::span<const LiftedWord> words, std::size_t layers) {
  db::Batch batch(4);
  for (const LiftedWord& word : words) {
    batch.add({db::BlobView{word.digest}, static_cast<std::int64_t>(layers), db::BlobView{word.former}, word.identity});
  }
  TRY(tx.execute_batch("UPDATE customers_word SET digest = $1, layers = $2 WHERE digest = $3 AND identity = $4",
                       batch));
  return {};
}

Result<std::vector<std::int64_t>> find_word(db::Transaction& tx, const WordDigest& word, std::int64_t purposes,
                                            std::int64_t after, std::int64_t limit) {
  std::vector<std::int64_t> out;
  auto find = [&](std::string_view digest) {
    return tx.query(
        "SELECT identity FROM customers_word WHERE digest = $1 AND identity > $2 AND (purposes & $3) <> 0 "
        "ORDER BY identity LIMIT $4",
        {db::BlobView{digest}, after, purposes, limit}, [&](const db::Row& row) { out.push_back(row.integer(0)); });
  };
  TRY(find(word.current));
  if (word.former) TRY(find(*word.former));
  return out;
}

Result<std::vector<std::int64_t>> having_words(db::Transaction& tx, std::span<const std::int64_t> identities,
                                               std::span<const WordDigest> words, std::int64_t purposes) {
  std::vector<std::size_t> count(identities.size());
  for (const WordDigest& word : words) {
    db::Batch batch(4);
    std::string_view former = word.former ? std::string_view(*word.former) : word.current;
    for (std::int64_t identity : identities) {
      batch.add({db::BlobView{word.current}, db::BlobView{former}, identity, purposes});
    }
    TRY(
        tx.query_batch("SELECT 1 FROM customers_word WHERE digest IN ($1, $2) AND identity = $3 "
                       "AND (purposes & $4) <> 0 LIMIT 1",
                       batch, [&](std::size_t index, const db::Row&) { ++count[index]; }));
  }
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    if (count[i] == words.size()) out.push_back(identities[i]);
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
                 "WHERE excluded.through_seq >= customers_profile.through_seq",
                 {identity, row.through_seq, db::BlobView{row.sealed}}));
  return {};
}

Result<void> delete_profile(db::Transaction& tx, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM customers_profile WHERE identity = $1", {identity}));
  return {};
}

Result<std::int64_t> delete_words(db::Transaction& tx, std::int64_t identity, std::int64_t limit) {
  std::vector<std::string> digests;
  TRY(tx.query("SELECT digest FROM customers_word WHERE identity = $1 LIMIT $2", {identity, limit},
               [&](const db::Row& row) { digests.emplace_back(row.blob(0)); }));
  db::Batch batch(2);
  for (const std::string& digest : digests) batch.add({db::BlobView{digest}, identity});
  TRY(tx.execute_batch("DELETE FROM customers_word WHERE digest = $1 AND identity = $2", batch));
  // As many as were there: another node may just have given one a new digest, and then it is still there.
  return static_cast<std::int64_t>(digests.size());
}

}  // namespace store
}  // namespace handschlag::customers
