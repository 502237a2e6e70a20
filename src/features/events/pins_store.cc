#include "features/events/pins_store.h"

namespace handschlag::events::store {

Result<void> insert_pins(db::Transaction& tx, std::span<const PinRow> rows, Time until) {
  db::Batch batch(3);
  batch.reserve(rows.size());
  for (const PinRow& row : rows) batch.add({db::BlobView{row.digest}, row.region, to_millis(until)});
  TRY(
      tx.execute_batch("INSERT INTO events_pin (digest, region, until) VALUES ($1, $2, $3) "
                       "ON CONFLICT (digest) DO NOTHING",
                       batch));
  return {};
}

Result<std::vector<std::string>> pins(db::Transaction& tx, std::span<const PinRow> rows) {
  std::vector<std::string> out(rows.size());
  db::Batch batch(1);
  batch.reserve(rows.size());
  for (const PinRow& row : rows) batch.add({db::BlobView{row.digest}});
  TRY(tx.query_batch("SELECT region FROM events_pin WHERE digest = $1", batch,
                     [&](std::size_t index, const db::Row& row) { out[index] = row.text(0); }));
  return out;
}

Result<std::int64_t> purge_pins(db::Transaction& tx, Time now, std::int64_t limit) {
  return tx.execute("DELETE FROM events_pin WHERE digest IN (SELECT digest FROM events_pin WHERE until < $1 LIMIT $2)",
                    {to_millis(now), limit});
}

}  // namespace handschlag::events::store
