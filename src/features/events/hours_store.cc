#include "features/events/hours_store.h"

namespace handschlag::events::store {

std::int64_t hour_of(Time time) {
  return std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
}

Result<void> add_hours(db::Transaction& tx, const HourCounts& counts) {
  if (counts.empty()) return {};
  db::Batch batch(6);
  batch.reserve(counts.size());
  for (const auto& [key, events] : counts) {
    batch.add({key.hour, key.source, static_cast<std::int64_t>(key.measure), key.subject, key.reason, events});
  }
  TRY(
      tx.execute_batch("INSERT INTO events_hour (hour, source, measure, subject, reason, events) "
                       "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hour, source, measure, subject, reason) "
                       "DO UPDATE SET events = events_hour.events + excluded.events",
                       batch));
  return {};
}

Result<void> hours(db::Transaction& tx, std::int64_t first, const std::function<void(HourKey, std::int64_t)>& on_row) {
  return tx.query(
      "SELECT hour, source, measure, subject, reason, events FROM events_hour WHERE hour >= $1 "
      "ORDER BY hour, source, measure, subject, reason",
      {first}, [&](const db::Row& row) {
        on_row({row.integer(0), row.integer(1), static_cast<HourMeasure>(row.integer(2)), std::string(row.text(3)),
                std::string(row.text(4))},
               row.integer(5));
      });
}

Result<std::int64_t> purge_hours(db::Transaction& tx, Time now, std::int64_t limit) {
  return tx.execute(
      "DELETE FROM events_hour WHERE (hour, source, measure, subject, reason) IN "
      "(SELECT hour, source, measure, subject, reason FROM events_hour WHERE hour < $1 ORDER BY hour LIMIT $2)",
      {hour_of(now - kHourLife), limit});
}

}  // namespace handschlag::events::store
