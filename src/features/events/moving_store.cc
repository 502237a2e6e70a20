#include "features/events/moving_store.h"

#include <algorithm>

namespace handschlag::events::store {

Result<std::vector<StoredRow>> next_of(db::Transaction& tx, std::int64_t identity, std::int64_t after,
                                       std::int64_t limit) {
  std::vector<std::int64_t> found;
  const std::int64_t last = TRY(last_seq(tx)) / kSegmentEvents;
  for (std::int64_t segment = after / kSegmentEvents; segment <= last && std::ssize(found) < limit; ++segment) {
    TRY(tx.query("SELECT seq FROM events_event WHERE segment = $1 AND identity = $2 AND seq > $3 ORDER BY seq LIMIT $4",
                 {segment, identity, after, limit - std::ssize(found)},
                 [&](const db::Row& row) { found.push_back(row.integer(0)); }));
  }
  std::vector<Spot> spots;
  spots.reserve(found.size());
  for (std::int64_t seq : found) spots.push_back({0, seq});
  return fetch(tx, spots);
}

Result<std::int64_t> count_of(db::Transaction& tx, std::int64_t identity) {
  std::int64_t count = 0;
  db::Batch batch(2);
  const std::int64_t last = TRY(last_seq(tx)) / kSegmentEvents;
  for (std::int64_t segment = 0; segment <= last; ++segment) batch.add({segment, identity});
  TRY(tx.query_batch("SELECT count(*) FROM events_event WHERE segment = $1 AND identity = $2", batch,
                     [&](std::size_t, const db::Row& row) { count += row.integer(0); }));
  return count;
}

Result<std::vector<bool>> buried(db::Transaction& tx, std::span<const std::string> event_ids) {
  std::vector<bool> out(event_ids.size());
  db::Batch batch(1);
  for (const std::string& id : event_ids) batch.add({db::BlobView{id}});
  TRY(tx.query_batch("SELECT 1 FROM events_tombstone WHERE event_id = $1", batch,
                     [&](std::size_t index, const db::Row&) { out[index] = true; }));
  return out;
}

}  // namespace handschlag::events::store
