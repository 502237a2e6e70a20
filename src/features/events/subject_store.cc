#include "features/events/subject_store.h"

namespace handschlag::events::store {

Result<std::vector<std::int64_t>> positions(db::Transaction& tx, std::int64_t first, std::int64_t end,
                                            std::int64_t identity, std::int64_t limit) {
  std::vector<std::int64_t> out;
  db::Batch batch(3);
  for (std::int64_t segment = first; segment < end; ++segment) batch.add({segment, identity, limit});
  TRY(tx.query_batch("SELECT seq FROM events_event WHERE segment = $1 AND identity = $2 LIMIT $3", batch,
                     [&](std::size_t, const db::Row& row) { out.push_back(row.integer(0)); }));
  return out;
}

Result<std::vector<std::string>> delete_events(db::Transaction& tx, std::span<const std::int64_t> positions) {
  std::vector<std::string> out;
  out.reserve(positions.size());
  db::Batch batch(1);
  batch.reserve(positions.size());
  for (std::int64_t seq : positions) batch.add({seq});
  TRY(tx.query_batch("DELETE FROM events_event WHERE seq = $1 RETURNING event_id", batch,
                     [&](std::size_t, const db::Row& row) { out.emplace_back(row.blob(0)); }));
  return out;
}

Result<void> bury(db::Transaction& tx, const std::vector<std::string>& event_ids, Time until) {
  db::Batch batch(2);
  batch.reserve(event_ids.size());
  for (const std::string& id : event_ids) batch.add({db::BlobView{id}, to_millis(until)});
  TRY(tx.execute_batch(
      "INSERT INTO events_tombstone (event_id, until) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING", batch));
  return {};
}

}  // namespace handschlag::events::store
