#include "features/ledger/store.h"

#include "embedded/migrations.h"
#include "features/ledger/ledger.h"

namespace handschlag::ledger {

std::span<const db::Migration> migrations() {
  return embedded::ledger_migrations;
}

namespace store {

Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count) {
  std::int64_t last = 0;
  TRY(tx.query("UPDATE ledger_head SET last_seq = last_seq + $1 WHERE one = 1 RETURNING last_seq", {count},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last - count + 1;
}

Result<std::int64_t> highest_identity(db::Transaction& tx) {
  std::int64_t highest = 0;
  TRY(tx.query("SELECT max(identity) FROM ledger_entry", {}, [&](const db::Row& row) { highest = row.integer(0); }));
  return highest;
}

Result<void> insert(db::Transaction& tx, std::span<const Row> rows) {
  db::Batch batch(4);
  for (const Row& row : rows) batch.add({row.seq, row.identity, row.at, db::BlobView{row.sealed}});
  TRY(tx.execute_batch("INSERT INTO ledger_entry (seq, identity, at, sealed) VALUES ($1, $2, $3, $4)", batch));
  return {};
}

Result<void> read(db::Transaction& tx, std::int64_t identity, std::int64_t before, std::int64_t limit,
                  const std::function<void(Row)>& on_row) {
  return tx.query(
      "SELECT seq, identity, at, sealed FROM ledger_entry WHERE identity = $1 AND (seq < $2 OR $2 = 0) "
      "ORDER BY seq DESC LIMIT $3",
      {identity, before, limit},
      [&](const db::Row& row) { on_row({row.integer(0), row.integer(1), row.integer(2), std::string(row.blob(3))}); });
}

Result<void> read_after(db::Transaction& tx, std::int64_t identity, std::int64_t after, std::int64_t limit,
                        const std::function<void(Row)>& on_row) {
  return tx.query(
      "SELECT seq, identity, at, sealed FROM ledger_entry WHERE identity = $1 AND seq > $2 ORDER BY seq LIMIT $3",
      {identity, after, limit},
      [&](const db::Row& row) { on_row({row.integer(0), row.integer(1), row.integer(2), std::string(row.blob(3))}); });
}

Result<std::int64_t> copied(db::Transaction& tx, std::int64_t identity) {
  std::int64_t through = 0;
  TRY(tx.query("SELECT through FROM ledger_copy WHERE identity = $1", {identity},
               [&](const db::Row& row) { through = row.integer(0); }));
  return through;
}

Result<void> set_copied(db::Transaction& tx, std::int64_t identity, std::int64_t through) {
  TRY(
      tx.execute("INSERT INTO ledger_copy (identity, through) VALUES ($1, $2) "
                 "ON CONFLICT (identity) DO UPDATE SET through = excluded.through",
                 {identity, through}));
  return {};
}

}  // namespace store
}  // namespace handschlag::ledger
