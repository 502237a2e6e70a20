// SQL of events.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "features/events/events.h"
#include "platform/db/db.h"

namespace handschlag::events::store {

inline constexpr std::int64_t kSegmentEvents = 50'000;

// Takes `count` positions and answers the first. Holds the region's order until the commit: writers of other nodes
// wait.
Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count);
Result<std::int64_t> last_seq(db::Transaction& tx);

// Which of these event ids are known already: stored, unlinked, or refused.
Result<std::vector<bool>> known(db::Transaction& tx, std::span<const std::string_view> event_ids);

struct Row {
  std::int64_t seq = 0;
  std::string_view event_id;
  std::int64_t identity = 0;
  EventType type = EventType::track;
  std::int64_t source = 0;
  gate::PurposeSet purposes;
  Time occurred{};
  Time received{};
  std::string_view sealed;
};
Result<void> insert_events(db::Transaction& tx, std::span<const Row> rows);
Result<void> insert_unlinked(db::Transaction& tx, std::span<const Row> rows);  // no identity; the time to the hour

// How long the id of an event that must not get in is kept.
inline constexpr std::chrono::days kTombstoneLife{30};
struct Tombstone {
  std::string_view event_id;
  Time until{};
};
Result<void> insert_tombstones(db::Transaction& tx, std::span<const Tombstone> rows);
// Removes at most `limit` that are over; answers how many.
Result<std::int64_t> purge_tombstones(db::Transaction& tx, Time now, std::int64_t limit);

// Keys in the order of the table's primary key, so that two nodes never wait for each other crosswise.
struct TotalKey {
  std::int64_t day = 0;
  std::int64_t source = 0;
  std::string country;
  std::string measure;
  std::string currency;
  std::int64_t linked = 1;
  friend auto operator<=>(const TotalKey&, const TotalKey&) = default;
};
struct TotalSum {
  std::int64_t events = 0;
  std::int64_t amount = 0;
};
// Sums stay where they are once they are beyond this: half of what fits, so that adding never overflows.
inline constexpr std::int64_t kMaxAmount = 4'000'000'000'000'000'000;
Result<void> add_totals(db::Transaction& tx, const std::map<TotalKey, TotalSum>& totals);
using RefusalKey = std::tuple<std::int64_t, std::int64_t, std::string, std::string>;  // day, source, subject, reason
Result<void> add_refusals(db::Transaction& tx, const std::map<RefusalKey, std::int64_t>& refusals);

// Sums over all days; `source` 0: all. `on_row(source, total without source)`.
Result<void> totals(db::Transaction& tx, std::int64_t source, const std::function<void(std::int64_t, Total)>& on_row);
// From `since` on; `on_row(day, source, total without source and country)`.
Result<void> totals_by_day(db::Transaction& tx, std::int64_t since,
                           const std::function<void(std::int64_t, std::int64_t, Total)>& on_row);
Result<void> refusals(db::Transaction& tx, const std::function<void(std::int64_t, RefusalCount)>& on_row);

// The newest positions of one identity in one segment, before `before`.
struct TimelinePart {
  std::int64_t segment = 0;
  std::int64_t identity = 0;
  std::int64_t source = 0;  // 0: all
  gate::PurposeSet purposes;
  std::string except = {};  // sources that are left out, as ",3,14,"; empty: none
};
struct Spot {
  std::int64_t occurred_at;
  std::int64_t seq;
};
Result<std::vector<Spot>> newest(db::Transaction& tx, std::span<const TimelinePart> parts, std::int64_t type,
                                 Spot before, std::int64_t limit);

struct StoredRow {
  std::int64_t seq;
  std::string event_id;
  std::int64_t identity;
  EventType type;
  std::int64_t source;
  gate::PurposeSet purposes;
  std::int64_t occurred_at;
  std::int64_t received_at;
  std::string sealed;
};
Result<std::vector<StoredRow>> fetch(db::Transaction& tx, std::span<const Spot> spots);
Result<void> since(db::Transaction& tx, std::int64_t segment, std::int64_t identity, std::int64_t after,
                   const std::function<void(StoredRow)>& on_row);

// Filters of the segments from `first` to before `end`, in order; see segments.h.
Result<void> filters(db::Transaction& tx, std::int64_t first, std::int64_t end,
                     const std::function<void(std::int64_t segment, std::string_view filter)>& on_filter);
Result<std::int64_t> first_without_filter(db::Transaction& tx);  // open segments too
Result<std::vector<std::int64_t>> identities_in(db::Transaction& tx, std::int64_t segment);
Result<void> insert_filter(db::Transaction& tx, std::int64_t segment, std::string_view filter);  // keeps what is there
// Rows of any identity in order of `seq`: beyond `query.after`, up to `through`, at most `query.limit`.
Result<std::vector<StoredRow>> scan(db::Transaction& tx, const FeedQuery& query, std::int64_t through);

}  // namespace handschlag::events::store
