#include "features/events/store.h"

#include <algorithm>
#include <array>
#include <limits>

#include "embedded/migrations.h"

namespace handschlag::events {

std::span<const db::Migration> migrations() {
  return embedded::events_migrations;
}

Result<void> skip_positions(db::Transaction& tx, std::int64_t count) {
  TRY(store::allocate(tx, count));
  return {};
}

Result<void> hold_order(db::Transaction& tx) {
  TRY(store::allocate(tx, 0));
  return {};
}

namespace store {
namespace {

constexpr std::int64_t kHourMillis = 3'600'000;

StoredRow read_row(const db::Row& row) {
  return {row.integer(0),          std::string(row.blob(1)),
          row.integer(2),          static_cast<EventType>(row.integer(3)),
          row.integer(4),          gate::PurposeSet::from_bits(row.integer(5)),
          row.integer(6),          row.integer(7),
          std::string(row.blob(8))};
}

// Whole units and the rest of a sum, added up apart since the sum of many days need not fit.
std::int64_t joined(std::int64_t units, std::int64_t micros) {
  std::int64_t sum = 0;
  bool fits = !__builtin_mul_overflow(units, 1'000'000, &sum) && !__builtin_add_overflow(sum, micros, &sum);
  if (fits) return sum;
  return units < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count) {
  std::int64_t last = 0;
  TRY(tx.query("UPDATE events_head SET last_seq = last_seq + $1 WHERE one = 1 RETURNING last_seq", {count},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last - count + 1;
}

Result<std::int64_t> last_seq(db::Transaction& tx) {
  std::int64_t last = 0;
  TRY(tx.query("SELECT last_seq FROM events_head WHERE one = 1", {},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last;
}

Result<std::vector<bool>> known(db::Transaction& tx, std::span<const std::string_view> event_ids) {
  std::vector<bool> out(event_ids.size());
  db::Batch batch(1);
  batch.reserve(event_ids.size());
  for (std::string_view id : event_ids) batch.add({db::BlobView{id}});
  TRY(
      tx.query_batch("SELECT 1 FROM events_event WHERE event_id = $1 UNION ALL "
                     "SELECT 1 FROM events_unlinked WHERE event_id = $1 UNION ALL "
                     "SELECT 1 FROM events_tombstone WHERE event_id = $1",
                     batch, [&](std::size_t index, const db::Row&) { out[index] = true; }));
  return out;
}

Result<void> insert_events(db::Transaction& tx, std::span<const Row> rows) {
  db::Batch batch(10);
  batch.reserve(rows.size());
  for (const Row& row : rows) {
    batch.add({row.seq, db::BlobView{row.event_id}, row.seq / kSegmentEvents, row.identity,
               static_cast<std::int64_t>(row.type), row.source, row.purposes.bits(), to_millis(row.occurred),
               to_millis(row.received), db::BlobView{row.sealed}});
  }
  TRY(tx.execute_batch(
      "INSERT INTO events_event (seq, event_id, segment, identity, type, source, purposes, occurred_at, "
      "received_at, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      batch));
  return {};
}

Result<void> insert_unlinked(db::Transaction& tx, std::span<const Row> rows) {
  db::Batch batch(7);
  batch.reserve(rows.size());
  for (const Row& row : rows) {
    batch.add({row.seq, db::BlobView{row.event_id}, static_cast<std::int64_t>(row.type), row.source,
               row.purposes.bits(), to_millis(row.occurred) / kHourMillis, db::BlobView{row.sealed}});
  }
  TRY(
      tx.execute_batch("INSERT INTO events_unlinked (seq, event_id, type, source, purposes, occurred_hour, sealed) "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                       batch));
  return {};
}

Result<void> insert_tombstones(db::Transaction& tx, std::span<const Tombstone> rows) {
  db::Batch batch(2);
  for (const Tombstone& row : rows) batch.add({db::BlobView{row.event_id}, to_millis(row.until)});
  TRY(tx.execute_batch("INSERT INTO events_tombstone (event_id, until) VALUES ($1, $2)", batch));
  return {};
}

Result<std::int64_t> purge_tombstones(db::Transaction& tx, Time now, std::int64_t limit) {
  return tx.execute(
      "DELETE FROM events_tombstone WHERE event_id IN "
      "(SELECT event_id FROM events_tombstone WHERE until < $1 LIMIT $2)",
      {to_millis(now), limit});
}

Result<void> add_totals(db::Transaction& tx, const std::map<TotalKey, TotalSum>& totals) {
  db::Batch batch(8);
  for (const auto& [key, sum] : totals) {
    batch.add({key.day, key.source, key.country, key.measure, key.currency, key.linked, sum.events, sum.amount});
  }
  TRY(
      tx.execute_batch("INSERT INTO events_total (day, source, country, measure, currency, linked, events, amount) "
                       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                       "ON CONFLICT (day, source, country, measure, currency, linked) DO UPDATE SET "
                       "events = events_total.events + excluded.events, amount = CASE WHEN events_total.amount BETWEEN "
                       "-4000000000000000000 AND 4000000000000000000 THEN events_total.amount + excluded.amount "
                       "ELSE events_total.amount END",
                       batch));
  return {};
}

Result<void> add_refusals(db::Transaction& tx, const std::map<RefusalKey, std::int64_t>& refusals) {
  db::Batch batch(5);
  for (const auto& [key, events] : refusals) {
    const auto& [day, source, subject, reason] = key;
    batch.add({day, source, subject, reason, events});
  }
  TRY(
      tx.execute_batch("INSERT INTO events_refusal (day, source, subject, reason, events) VALUES ($1, $2, $3, $4, $5) "
                       "ON CONFLICT (day, source, subject, reason) DO UPDATE SET "
                       "events = events_refusal.events + excluded.events",
                       batch));
  return {};
}

Result<void> totals(db::Transaction& tx, std::int64_t source, const std::function<void(std::int64_t, Total)>& on_row) {
  return tx.query(
      "SELECT source, country, measure, currency, linked, CAST(sum(events) AS BIGINT), "
      "CAST(sum(amount / 1000000) AS BIGINT), CAST(sum(amount % 1000000) AS BIGINT) FROM events_total WHERE source = "
      "$1 OR $1 = 0 "
      "GROUP BY source, country, measure, currency, linked "
      "ORDER BY source, country, measure, currency, linked",
      {source}, [&](const db::Row& row) {
        on_row(row.integer(0), {"", std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)),
                                row.integer(4) == 1, row.integer(5), joined(row.integer(6), row.integer(7))});
      });
}

Result<void> totals_by_day(db::Transaction& tx, std::int64_t since,
                           const std::function<void(std::int64_t, std::int64_t, Total)>& on_row) {
  return tx.query(
      "SELECT day, source, measure, currency, CAST(sum(events) AS BIGINT), CAST(sum(amount / 1000000) AS BIGINT), "
      "CAST(sum(amount % 1000000) AS BIGINT) FROM events_total WHERE day >= $1 "
      "GROUP BY day, source, measure, currency ORDER BY day, source, measure, currency",
      {since}, [&](const db::Row& row) {
        Total total{
            .source = "", .country = "", .measure = std::string(row.text(2)), .currency = std::string(row.text(3))};
        total.events = row.integer(4);
        total.amount_micros = joined(row.integer(5), row.integer(6));
        on_row(row.integer(0), row.integer(1), std::move(total));
      });
}

Result<void> refusals(db::Transaction& tx, const std::function<void(std::int64_t, RefusalCount)>& on_row) {
  return tx.query(
      "SELECT day, source, subject, reason, events FROM events_refusal "
      "ORDER BY day DESC, source, subject, reason LIMIT 5000",
      {}, [&](const db::Row& row) {
        Time day = std::chrono::sys_days{std::chrono::days{row.integer(0)}};
        on_row(row.integer(1),
               {format_day(day), "", std::string(row.text(2)), std::string(row.text(3)), row.integer(4)});
      });
}

Result<std::vector<Spot>> newest(db::Transaction& tx, std::span<const TimelinePart> parts, std::int64_t type,
                                 Spot before, std::int64_t limit) {
  std::vector<Spot> out;
  db::Batch batch(9);
  batch.reserve(parts.size());
  for (const TimelinePart& part : parts) {
    batch.add({part.segment, part.identity, before.occurred_at, before.seq, part.purposes.bits(), type, part.source,
               part.except, limit});
  }
  TRY(
      tx.query_batch("SELECT occurred_at, seq FROM events_event WHERE segment = $1 AND identity = $2 AND "
                     "occurred_at <= $3 AND (occurred_at < $3 OR seq < $4) AND (purposes & $5) <> 0 AND "
                     "($6 = 0 OR type = $6) AND ($7 = 0 OR source = $7) AND "
                     "($8 = '' OR $8 NOT LIKE '%,' || CAST(source AS TEXT) || ',%') "
                     "ORDER BY occurred_at DESC, seq DESC LIMIT $9",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back({row.integer(0), row.integer(1)}); }));
  return out;
}

Result<std::vector<StoredRow>> fetch(db::Transaction& tx, std::span<const Spot> spots) {
  std::vector<StoredRow> out;
  out.reserve(spots.size());
  db::Batch batch(1);
  for (const Spot& spot : spots) batch.add({spot.seq});
  TRY(
      tx.query_batch("SELECT seq, event_id, identity, type, source, purposes, occurred_at, received_at, sealed "
                     "FROM events_event WHERE seq = $1",
                     batch, [&](std::size_t, const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

Result<void> since(db::Transaction& tx, std::int64_t segment, std::int64_t identity, std::int64_t after,
                   const std::function<void(StoredRow)>& on_row) {
  return tx.query(
      "SELECT seq, event_id, identity, type, source, purposes, occurred_at, received_at, sealed "
      "FROM events_event WHERE segment = $1 AND identity = $2 AND seq > $3",
      {segment, identity, after}, [&](const db::Row& row) { on_row(read_row(row)); });
}

Result<void> filters(db::Transaction& tx, std::int64_t first, std::int64_t end,
                     const std::function<void(std::int64_t, std::string_view)>& on_filter) {
  return tx.query(
      "SELECT segment, identities FROM events_segment WHERE segment >= $1 AND segment < $2 ORDER BY segment",
      {first, end}, [&](const db::Row& row) { on_filter(row.integer(0), row.blob(1)); });
}

Result<std::int64_t> first_without_filter(db::Transaction& tx) {
  std::int64_t first = 0;
  TRY(tx.query("SELECT coalesce(max(segment) + 1, 0) FROM events_segment", {},
               [&](const db::Row& row) { first = row.integer(0); }));
  return first;
}

Result<std::vector<std::int64_t>> identities_in(db::Transaction& tx, std::int64_t segment) {
  std::vector<std::int64_t> out;
  TRY(tx.query("SELECT DISTINCT identity FROM events_event WHERE segment = $1", {segment},
               [&](const db::Row& row) { out.push_back(row.integer(0)); }));
  return out;
}

Result<void> insert_filter(db::Transaction& tx, std::int64_t segment, std::string_view filter) {
  TRY(tx.execute("INSERT INTO events_segment (segment, identities) VALUES ($1, $2) ON CONFLICT (segment) DO NOTHING",
                 {segment, db::BlobView{filter}}));
  return {};
}

Result<std::vector<StoredRow>> scan(db::Transaction& tx, const FeedQuery& query, std::int64_t through) {
  std::vector<StoredRow> out;
  std::array<std::int64_t, 6> types{};  // as many as there are
  std::array<std::int64_t, kMaxFeedSources> sources{};
  for (std::size_t i = 0; i < query.types.size() && i < types.size(); ++i) {
    types[i] = static_cast<std::int64_t>(query.types[i]);
  }
  std::copy_n(query.sources.begin(), std::min(query.sources.size(), sources.size()), sources.begin());
  TRY(
      tx.query("SELECT seq, event_id, identity, type, source, purposes, occurred_at, received_at, sealed "
               "FROM events_event WHERE seq > $1 AND seq <= $2 AND (purposes & $3) <> 0 "
               "AND ($4 = 0 OR type IN ($4, $5, $6, $7, $8, $9)) "
               "AND ($10 = 0 OR source IN ($10, $11, $12, $13, $14, $15, $16, $17)) ORDER BY seq LIMIT $18",
               {query.after, through, query.purposes.bits(), types[0], types[1], types[2], types[3], types[4], types[5],
                sources[0], sources[1], sources[2], sources[3], sources[4], sources[5], sources[6], sources[7],
                static_cast<std::int64_t>(query.limit)},
               [&](const db::Row& row) { out.push_back(read_row(row)); }));
  return out;
}

}  // namespace store
}  // namespace handschlag::events
