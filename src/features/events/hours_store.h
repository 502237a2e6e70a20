// SQL of the sums by the hour that the overview shows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::events::store {

// Stored; never renumber.
enum class HourMeasure : std::int64_t {
  linked = 1,     // events
  unlinked = 2,   // events
  customers = 3,  // identities seen for the first time, other than browsers and devices
  denied = 4,     // events of which nothing was kept
  refused = 5,    // subject: a purpose, or nothing; reason: the rule
  rejected = 6,   // reason: an error's code; source 0: of nobody known
};

// In the order of the table's primary key, so that two nodes never wait for each other crosswise.
struct HourKey {
  std::int64_t hour = 0;  // since 1970, UTC
  std::int64_t source = 0;
  HourMeasure measure = HourMeasure::linked;
  std::string subject = {};
  std::string reason = {};
  friend auto operator<=>(const HourKey&, const HourKey&) = default;
};
using HourCounts = std::map<HourKey, std::int64_t>;

inline constexpr std::chrono::days kHourLife{35};

std::int64_t hour_of(Time time);

Result<void> add_hours(db::Transaction& tx, const HourCounts& counts);
// From `first` on, in order.
Result<void> hours(db::Transaction& tx, std::int64_t first,
                   const std::function<void(HourKey, std::int64_t events)>& on_row);
// Removes at most `limit` that are beyond kHourLife; answers how many.
Result<std::int64_t> purge_hours(db::Transaction& tx, Time now, std::int64_t limit);

}  // namespace handschlag::events::store
