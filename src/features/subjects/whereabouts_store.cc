#include "embedded/migrations.h"
#include "features/subjects/whereabouts.h"

namespace handschlag::subjects {
namespace {

db::Batch numbers(std::span<const IdentityId> identities) {
  db::Batch batch(1);
  batch.reserve(identities.size());
  for (IdentityId identity : identities) batch.add({identity.value});
  return batch;
}

Forward read_forward(const db::Row& row) {
  return {{row.integer(0)}, std::string(row.text(1)), {row.integer(2)}, static_cast<Going>(row.integer(3))};
}

Arrival read_arrival(const db::Row& row) {
  return {{row.integer(0)}, row.integer(1), std::string(row.text(2)), {row.integer(3)},
          row.integer(4),   row.integer(5), std::string(row.blob(6))};
}

}  // namespace

std::span<const db::Migration> migrations() {
  return embedded::subjects_migrations;
}

Result<std::vector<Forward>> forwards(db::Transaction& tx, std::span<const IdentityId> identities) {
  std::vector<Forward> out;
  if (identities.empty()) return out;
  TRY(tx.query_batch("SELECT identity, region, target, state FROM subjects_forward WHERE identity = $1",
                     numbers(identities), [&](std::size_t, const db::Row& row) { out.push_back(read_forward(row)); }));
  return out;
}

Result<std::optional<Forward>> forward(db::Transaction& tx, IdentityId identity) {
  auto found = TRY(forwards(tx, {&identity, 1}));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<std::vector<IdentityId>> gone(db::Transaction& tx) {
  std::vector<IdentityId> out;
  TRY(tx.query("SELECT identity FROM subjects_forward WHERE state = 1", {},
               [&](const db::Row& row) { out.push_back({row.integer(0)}); }));
  return out;
}

Result<std::int64_t> departures(db::Transaction& tx) {
  std::int64_t count = 0;
  TRY(tx.query("SELECT departures FROM subjects_head WHERE one = 1", {},
               [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

Result<void> leave(db::Transaction& tx, const Forward& forward) {
  TRY(
      tx.execute("INSERT INTO subjects_forward (identity, region, target, state) VALUES ($1, $2, $3, 0) "
                 "ON CONFLICT (identity) DO UPDATE SET target = excluded.target "
                 "WHERE subjects_forward.state = 0 AND subjects_forward.region = excluded.region",
                 {forward.identity.value, forward.region, forward.target.value}));
  return {};
}

Result<void> depart(db::Transaction& tx, std::span<const IdentityId> identities) {
  TRY(tx.execute_batch("UPDATE subjects_forward SET state = 1 WHERE identity = $1 AND state = 0", numbers(identities)));
  TRY(tx.execute("UPDATE subjects_head SET departures = departures + 1 WHERE one = 1", {}));
  return {};
}

Result<void> clear(db::Transaction& tx, IdentityId identity) {
  TRY(tx.execute("UPDATE subjects_forward SET state = 2 WHERE identity = $1 AND state = 1", {identity.value}));
  return {};
}

Result<void> drop(db::Transaction& tx, IdentityId identity) {
  TRY(tx.execute("DELETE FROM subjects_forward WHERE identity = $1", {identity.value}));
  return {};
}

Result<std::vector<Arrival>> arrivals(db::Transaction& tx, std::span<const IdentityId> identities) {
  std::vector<Arrival> out;
  if (identities.empty()) return out;
  TRY(tx.query_batch(
      "SELECT identity, party, region, origin, copied, settled, luggage FROM subjects_arrival WHERE identity = $1",
      numbers(identities), [&](std::size_t, const db::Row& row) { out.push_back(read_arrival(row)); }));
  return out;
}

Result<std::vector<Arrival>> arrivals_from(db::Transaction& tx, std::string_view region,
                                           std::span<const IdentityId> origins) {
  std::vector<Arrival> out;
  db::Batch batch(2);
  for (IdentityId origin : origins) batch.add({region, origin.value});
  TRY(
      tx.query_batch("SELECT identity, party, region, origin, copied, settled, luggage FROM subjects_arrival "
                     "WHERE region = $1 AND origin = $2",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back(read_arrival(row)); }));
  return out;
}

Result<std::vector<Arrival>> party(db::Transaction& tx, std::int64_t party) {
  std::vector<Arrival> out;
  TRY(
      tx.query("SELECT identity, party, region, origin, copied, settled, luggage FROM subjects_arrival "
               "WHERE party = $1 ORDER BY identity",
               {party}, [&](const db::Row& row) { out.push_back(read_arrival(row)); }));
  return out;
}

Result<bool> any_watched(db::Transaction& tx, Time now) {
  bool any = false;
  TRY(tx.query("SELECT 1 FROM subjects_arrival WHERE watched_until > $1 LIMIT 1", {to_millis(now)},
               [&](const db::Row&) { any = true; }));
  return any;
}

Result<std::vector<Arrival>> watched(db::Transaction& tx, std::span<const IdentityId> identities, Time now) {
  std::vector<Arrival> out;
  db::Batch batch(2);
  for (IdentityId identity : identities) batch.add({identity.value, to_millis(now)});
  TRY(
      tx.query_batch("SELECT identity, party, region, origin, copied, settled, luggage FROM subjects_arrival "
                     "WHERE identity = $1 AND watched_until > $2",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back(read_arrival(row)); }));
  return out;
}

Result<void> expect(db::Transaction& tx, std::span<const Arrival> arrivals) {
  db::Batch batch(5);
  for (const Arrival& each : arrivals) {
    batch.add({each.identity.value, each.party, each.region, each.origin.value, db::BlobView{""}});
  }
  TRY(
      tx.execute_batch("INSERT INTO subjects_arrival (identity, party, region, origin, copied, settled, watched_until, "
                       "luggage) VALUES ($1, $2, $3, $4, 0, 0, 0, $5)",
                       batch));
  return {};
}

Result<void> set_copied(db::Transaction& tx, IdentityId identity, std::int64_t copied) {
  TRY(tx.execute("UPDATE subjects_arrival SET copied = $1 WHERE identity = $2", {copied, identity.value}));
  return {};
}

Result<void> set_luggage(db::Transaction& tx, IdentityId identity, std::string_view luggage, Time watched_until) {
  TRY(tx.execute("UPDATE subjects_arrival SET luggage = $1, watched_until = $2 WHERE identity = $3 AND settled = 0",
                 {db::BlobView{luggage}, to_millis(watched_until), identity.value}));
  return {};
}

Result<void> set_settled(db::Transaction& tx, std::int64_t party, std::int64_t seq) {
  TRY(tx.execute("UPDATE subjects_arrival SET settled = $1, luggage = $2 WHERE party = $3 AND settled = 0",
                 {seq, db::BlobView{""}, party}));
  return {};
}

}  // namespace handschlag::subjects
