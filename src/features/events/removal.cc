#include "features/events/removal.h"

#include <algorithm>
#include <limits>

#include "features/events/removal_store.h"
#include "features/events/store.h"
#include "features/events/subject_store.h"

namespace handschlag::events {
namespace {

std::int64_t end_of(const std::optional<Time>& before) {
  return before ? to_millis(*before) : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

Result<Holdings> find_holdings(db::Transaction& tx, const SegmentView& segments, std::span<const IdentityId> identities,
                               const Selection& what, std::size_t limit) {
  constexpr std::size_t kSegmentsAtOnce = 32;
  const store::Bounds bounds{what.through, end_of(what.before)};
  Holdings out;
  for (IdentityId identity : identities) {
    const auto all = segments.of(identity);
    std::span<const std::int64_t> rest = all;
    const std::size_t before = out.found.size();
    while (!rest.empty() && out.found.size() < limit) {
      const auto some = rest.first(std::min(rest.size(), kSegmentsAtOnce));
      auto found = TRY(store::positions_within(tx, some, identity.value, bounds, static_cast<std::int64_t>(limit)));
      out.found.insert(out.found.end(), found.begin(), found.end());
      rest = rest.subspan(some.size());
    }
    if (out.found.size() > before) out.touched.push_back(identity);
    if (out.found.size() >= limit) {  // a segment may have been cut short: whether it was shows the next time
      out.found.resize(limit);
      out.alone.clear();
      return out;
    }
    if (!TRY(store::has_beyond(tx, all, identity.value, bounds))) out.alone.push_back(identity);
  }
  out.whole = true;
  return out;
}

Result<std::int64_t> begin_removal(db::Transaction& tx) {
  return store::allocate(tx, 1);
}

Result<std::int64_t> remove_sums(db::Transaction& tx, const Selection& what) {
  const std::int64_t end_day = what.before
                                   ? std::chrono::floor<std::chrono::days>(*what.before).time_since_epoch().count()
                                   : std::numeric_limits<std::int64_t>::max();
  std::int64_t removed = 0;
  for (std::int64_t source : what.sources) removed += TRY(store::delete_sums(tx, source, end_day));
  return removed;
}

Result<std::int64_t> remove_events(db::Transaction& tx, std::span<const std::int64_t> positions) {
  TRY(store::allocate(tx, 0));
  if (positions.empty()) return 0;
  TRY(store::raise_removals(tx));
  return std::ssize(TRY(store::delete_events(tx, positions)));
}

Result<bool> any_since(db::Transaction& tx, IdentityId identity, std::int64_t after) {
  const std::int64_t last = TRY(store::last_seq(tx)) / store::kSegmentEvents;
  std::vector<std::int64_t> segments;
  for (std::int64_t segment = after / store::kSegmentEvents; segment <= last; ++segment) segments.push_back(segment);
  return store::has_beyond(tx, segments, identity.value, {after, std::numeric_limits<std::int64_t>::max()});
}

Result<UnlinkedPage> find_unlinked(db::Transaction& tx, const Selection& what, std::int64_t after) {
  constexpr std::int64_t kWindow = 10'000;  // rows: some milliseconds
  constexpr std::int64_t kHourMillis = 3'600'000;
  const std::int64_t end_hour =
      what.before ? to_millis(*what.before) / kHourMillis : std::numeric_limits<std::int64_t>::max();
  UnlinkedPage page{{}, what.through};
  std::int64_t rows = 0;
  TRY(store::unlinked_after(tx, after, what.through, kWindow, [&](const store::UnlinkedRow& row) {
    if (++rows == kWindow) page.through = row.seq;
    const bool of_these = std::find(what.sources.begin(), what.sources.end(), row.source) != what.sources.end();
    if (of_these && row.occurred_hour < end_hour) page.found.push_back(row.seq);
  }));
  return page;
}

Result<std::int64_t> remove_unlinked(db::Transaction& tx, std::span<const std::int64_t> positions) {
  return store::delete_unlinked_at(tx, positions);
}

Result<std::int64_t> removals(db::Transaction& tx) {
  return store::removals(tx);
}

}  // namespace handschlag::events
