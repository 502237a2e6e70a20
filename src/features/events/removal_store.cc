#include "features/events/removal_store.h"

namespace handschlag::events::store {

Result<std::vector<std::int64_t>> positions_within(db::Transaction& tx, std::span<const std::int64_t> segments,
                                                   std::int64_t identity, Bounds bounds, std::int64_t limit) {
  std::vector<std::int64_t> out;
  db::Batch batch(5);
  for (std::int64_t segment : segments) batch.add({segment, identity, bounds.through, bounds.before_time, limit});
  TRY(
      tx.query_batch("SELECT seq FROM events_event WHERE segment = $1 AND identity = $2 AND seq <= $3 AND "
                     "occurred_at < $4 LIMIT $5",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back(row.integer(0)); }));
  return out;
}

Result<bool> has_beyond(db::Transaction& tx, std::span<const std::int64_t> segments, std::int64_t identity,
                        Bounds bounds) {
  bool any = false;
  db::Batch batch(4);
  for (std::int64_t segment : segments) batch.add({segment, identity, bounds.through, bounds.before_time});
  TRY(
      tx.query_batch("SELECT 1 FROM events_event WHERE segment = $1 AND identity = $2 AND "
                     "(seq > $3 OR occurred_at >= $4) LIMIT 1",
                     batch, [&](std::size_t, const db::Row&) { any = true; }));
  return any;
}

Result<void> unlinked_after(db::Transaction& tx, std::int64_t after, std::int64_t through, std::int64_t limit,
                            const std::function<void(const UnlinkedRow&)>& on_row) {
  return tx.query(
      "SELECT seq, source, occurred_hour FROM events_unlinked WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
      {after, through, limit}, [&](const db::Row& row) { on_row({row.integer(0), row.integer(1), row.integer(2)}); });
}

Result<std::int64_t> delete_unlinked_at(db::Transaction& tx, std::span<const std::int64_t> positions) {
  db::Batch batch(1);
  batch.reserve(positions.size());
  for (std::int64_t seq : positions) batch.add({seq});
  return tx.execute_batch("DELETE FROM events_unlinked WHERE seq = $1", batch);
}

Result<std::int64_t> delete_sums(db::Transaction& tx, std::int64_t source, std::int64_t end_day) {
  const std::int64_t totals =
      TRY(tx.execute("DELETE FROM events_total WHERE source = $1 AND day < $2", {source, end_day}));
  return totals + TRY(tx.execute("DELETE FROM events_refusal WHERE source = $1 AND day < $2", {source, end_day}));
}

Result<std::int64_t> removals(db::Transaction& tx) {
  std::int64_t count = 0;
  TRY(tx.query("SELECT removals FROM events_head WHERE one = 1", {},
               [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

Result<void> raise_removals(db::Transaction& tx) {
  TRY(tx.execute("UPDATE events_head SET removals = removals + 1 WHERE one = 1", {}));
  return {};
}

}  // namespace handschlag::events::store
