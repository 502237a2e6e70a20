#include "features/reach/store.h"

#include "embedded/migrations.h"

namespace handschlag::reach {

std::span<const db::Migration> migrations() {
  return embedded::reach_migrations;
}

namespace store {

Result<Run> run(db::Transaction& tx, Sort sort) {
  Run out;
  TRY(tx.query(
      "SELECT shown, working, last_identity, counted_at, rule_set, law_at, people FROM reach_run WHERE one = $1",
      {static_cast<std::int64_t>(sort)}, [&](const db::Row& row) {
        out = {sort,
               row.integer(0),
               row.integer(1),
               {row.integer(2)},
               from_millis(row.integer(3)),
               static_cast<std::uint64_t>(row.integer(4)),
               from_millis(row.integer(5)),
               row.integer(6)};
      }));
  return out;
}

Result<void> begin(db::Transaction& tx) {
  TRY(tx.execute("UPDATE reach_run SET working = shown + 1, last_identity = 0 WHERE one = 1 AND working = 0", {}));
  return {};
}

Result<void> begin_effect(db::Transaction& tx, const law::RuleSet& law, Time law_at) {
  TRY(tx.execute("DELETE FROM reach_tally WHERE round < 0", {}));
  TRY(
      tx.execute("UPDATE reach_run SET working = CASE WHEN working < shown THEN working ELSE shown END - 1, shown = 0, "
                 "last_identity = 0, people = 0, law = $1, rule_set = $2, law_at = $3 WHERE one = 2",
                 {std::string_view(law.text()), static_cast<std::int64_t>(law.number()), to_millis(law_at)}));
  return {};
}

Result<std::string> law_tried(db::Transaction& tx) {
  std::string out;
  TRY(tx.query("SELECT law FROM reach_run WHERE one = 2", {}, [&](const db::Row& row) { out = row.text(0); }));
  return out;
}

Result<bool> add(db::Transaction& tx, const Run& run, IdentityId through, const std::map<Cell, std::int64_t>& counts,
                 std::int64_t people) {
  const auto moved = TRY(
      tx.execute("UPDATE reach_run SET last_identity = $1, people = people + $2 WHERE one = $3 AND working = $4 AND "
                 "last_identity = $5",
                 {through.value, people, static_cast<std::int64_t>(run.sort), run.working, run.last.value}));
  if (moved == 0) return false;
  db::Batch batch(7);
  for (const auto& [cell, count] : counts) {
    const auto& [unit, purpose, channel, country, reason] = cell;
    batch.add({run.working, std::string_view(unit), static_cast<std::int64_t>(purpose),
               static_cast<std::int64_t>(channel), std::string_view(country), std::string_view(reason), count});
  }
  TRY(tx.execute_batch(
      "INSERT INTO reach_tally (round, unit, purpose, channel, country, reason, people) VALUES ($1, $2, $3, $4, $5, "
      "$6, $7) ON CONFLICT (round, unit, purpose, channel, country, reason) DO UPDATE SET people = reach_tally.people "
      "+ "
      "excluded.people",
      batch));
  return true;
}

Result<void> finish(db::Transaction& tx, const Run& run, Time at) {
  const auto done = TRY(
      tx.execute("UPDATE reach_run SET shown = working, working = 0, counted_at = $1 WHERE one = $2 AND working = $3",
                 {to_millis(at), static_cast<std::int64_t>(run.sort), run.working}));
  if (done == 0) return {};
  const char* others = run.sort == Sort::everyday ? "DELETE FROM reach_tally WHERE round > 0 AND round <> $1"
                                                  : "DELETE FROM reach_tally WHERE round < 0 AND round <> $1";
  TRY(tx.execute(others, {run.working}));
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
