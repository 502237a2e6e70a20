#include "features/test_data/store.h"

#include "embedded/migrations.h"

namespace handschlag::test_data {

std::span<const db::Migration> migrations() {
  return embedded::test_data_migrations;
}

namespace store {
namespace {

std::optional<Time> time_or_nothing(const db::Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_millis(row.integer(column)));
}

}  // namespace

Result<std::optional<Row>> find(db::Transaction& tx) {
  std::optional<Row> out;
  TRY(tx.query("SELECT through, before, started_at, finished_at, events, people FROM test_data_deletion WHERE one = 1",
               {}, [&](const db::Row& row) {
                 out = Row{row.integer(0),
                           {"", time_or_nothing(row, 1), from_millis(row.integer(2)), time_or_nothing(row, 3),
                            row.integer(4), row.integer(5)}};
               }));
  return out;
}

Result<void> begin(db::Transaction& tx, const Row& row) {
  const Deletion& deletion = row.deletion;
  TRY(tx.execute("DELETE FROM test_data_deletion WHERE one = 1", {}));
  TRY(
      tx.execute("INSERT INTO test_data_deletion (one, through, before, started_at, finished_at, events, people) "
                 "VALUES (1, $1, $2, $3, NULL, $4, $5)",
                 {row.through, deletion.before ? db::Param(to_millis(*deletion.before)) : db::Param(),
                  to_millis(deletion.started_at), deletion.events, deletion.people}));
  return {};
}

Result<void> count(db::Transaction& tx, std::int64_t events, std::int64_t people) {
  TRY(tx.execute("UPDATE test_data_deletion SET events = events + $1, people = people + $2 WHERE one = 1",
                 {events, people}));
  return {};
}

Result<void> finish(db::Transaction& tx, std::int64_t through, Time at) {
  TRY(tx.execute("UPDATE test_data_deletion SET finished_at = $1 WHERE one = 1 AND through = $2",
                 {to_millis(at), through}));
  return {};
}

Result<void> add_keys(db::Transaction& tx, std::span<const IdentityId> identities) {
  db::Batch batch(1);
  for (IdentityId identity : identities) batch.add({identity.value});
  TRY(tx.execute_batch("INSERT INTO test_data_key (identity) VALUES ($1) ON CONFLICT (identity) DO NOTHING", batch));
  return {};
}

Result<std::vector<IdentityId>> keys(db::Transaction& tx, std::int64_t limit) {
  std::vector<IdentityId> out;
  TRY(tx.query("SELECT identity FROM test_data_key ORDER BY identity LIMIT $1", {limit},
               [&](const db::Row& row) { out.push_back({row.integer(0)}); }));
  return out;
}

Result<void> remove_keys(db::Transaction& tx, std::span<const IdentityId> identities) {
  db::Batch batch(1);
  for (IdentityId identity : identities) batch.add({identity.value});
  TRY(tx.execute_batch("DELETE FROM test_data_key WHERE identity = $1", batch));
  return {};
}

}  // namespace store
}  // namespace handschlag::test_data
