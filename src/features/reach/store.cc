#include "features/reach/store.h"

#include "embedded/migrations.h"

namespace handschlag::reach {

std::span<const db::Migration> migrations() {
  return embedded::reach_migrations;
}

namespace store {

Result<Run> run(db::Transaction& tx) {
  Run out;
  TRY(tx.query("SELECT shown, working, last_identity, counted_at FROM reach_run WHERE one = 1", {},
               [&](const db::Row& row) {
                 out = {row.integer(0), row.integer(1), {row.integer(2)}, from_millis(row.integer(3))};
               }));
  return out;
}

Result<void> begin(db::Transaction& tx) {
  TRY(tx.execute("UPDATE reach_run SET working = shown + 1, last_identity = 0 WHERE one = 1 AND working = 0", {}));
  return {};
}

Result<bool> add(db::Transaction& tx, const Run& run, IdentityId through, const std::map<Cell, std::int64_t>& counts) {
  const auto moved =
      TRY(tx.execute("UPDATE reach_run SET last_identity = $1 WHERE one = 1 AND working = $2 AND last_identity = $3",
                     {through.value, run.working, run.last.value}));
  if (moved == 0) return false;
  db::Batch batch(7);
  for (const auto& [cell, people] : counts) {
    const auto& [unit, purpose, channel, country, reason] = cell;
    batch.add({run.working, std::string_view(unit), static_cast<std::int64_t>(purpose),
               static_cast<std::int64_t>(channel), std::string_view(country), std::string_view(reason), people});
  }
  TRY(tx.execute_batch(
      "INSERT INTO reach_tally (round, unit, purpose, channel, country, reason, people) VALUES ($1, $2, $3, $4, $5, "
      "$6, $7) ON CONFLICT (round, unit, purpose, channel, country, reason) DO UPDATE SET people = reach_tally.people "
      "+ "
      "excluded.people",
      batch));
  return true;
}

Result<void> finish(db::Transaction& tx, std::int64_t round, Time at) {
  const auto done = TRY(
      tx.execute("UPDATE reach_run SET shown = working, working = 0, counted_at = $1 WHERE one = 1 AND working = $2",
                 {to_millis(at), round}));
  if (done > 0) TRY(tx.execute("DELETE FROM reach_tally WHERE round <> $1", {round}));
  return {};
}

Result<std::vector<Counted>> counted(db::Transaction& tx, std::int64_t round, std::string_view unit,
                                     gate::Purpose purpose) {
  std::vector<Counted> out;
  TRY(tx.query(
      "SELECT channel, country, reason, people FROM reach_tally WHERE round = $1 AND unit = $2 AND purpose = $3 "
      "ORDER BY channel, country, reason",
      {round, unit, static_cast<std::int64_t>(purpose)}, [&](const db::Row& row) {
        out.push_back({static_cast<gate::Channel>(row.integer(0)),
                       {std::string(row.text(1)), std::string(row.text(2)), row.integer(3)}});
      }));
  return out;
}

}  // namespace store
}  // namespace handschlag::reach
