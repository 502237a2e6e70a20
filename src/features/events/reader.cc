#include "features/events/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "features/events/group.h"
#include "platform/log/log.h"

namespace handschlag::events {
namespace {

bool newer(const store::Spot& a, const store::Spot& b) {
  return a.occurred_at != b.occurred_at ? a.occurred_at > b.occurred_at : a.seq > b.seq;
}

Result<json::Value> open_body(const crypto::Key& key, const store::StoredRow& row) {
  return json::parse(TRY(crypto::open(key, row.sealed, event_context({row.identity}, row.event_id))));
}

// What to look for of one identity in each segment.
std::vector<store::TimelinePart> parts_of(const identity::Reached& who, std::span<const std::int64_t> sources,
                                          std::span<const Narrowed> narrowed) {
  std::vector<store::TimelinePart> out;
  std::string except;
  for (const Narrowed& each : narrowed) {
    if (each.identity != who.id) continue;
    except += fmt::format("{}{},", except.empty() ? "," : "", each.source);
    const bool asked = sources.front() == 0 || std::find(sources.begin(), sources.end(), each.source) != sources.end();
    const gate::PurposeSet purposes = who.purposes & each.purposes;
    if (asked && !purposes.empty()) out.push_back({0, who.id.value, each.source, purposes, {}});
  }
  for (std::int64_t source : sources) out.push_back({0, who.id.value, source, who.purposes, except});
  return out;
}

void report(const Cell& cell, std::span<const std::int64_t> positions, metrics::Counter& damaged) {
  if (positions.empty()) return;
  damaged.add(static_cast<double>(positions.size()));
  log::error("events can't be opened and were left out; the disk may be faulty: see the last good backup",
             {{"region", std::string_view(cell.region->id())},
              {"events", static_cast<std::int64_t>(positions.size())},
              {"first_position", positions.front()},
              {"last_position", positions.back()}});
}

}  // namespace

Result<std::vector<Event>> Reader::timeline(const TimelineQuery& query) {
  constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
  store::Spot before{kEnd, kEnd};
  if (query.before) before = {to_millis(query.before->occurred_at), query.before->seq};
  std::vector<std::int64_t> sources = query.sources;
  if (sources.empty()) sources.push_back(0);
  SegmentView segments = TRY(segments_.view(tx_));
  std::vector<store::TimelinePart> parts;
  for (const identity::Reached& reached : query.identities) {
    const std::vector<store::TimelinePart> of_one = parts_of(reached, sources, query.narrowed);
    for (std::int64_t segment : segments.of(reached.id)) {
      for (store::TimelinePart part : of_one) {
        part.segment = segment;
        parts.push_back(std::move(part));
      }
    }
  }
  auto spots = TRY(store::newest(tx_, parts, query.type ? static_cast<std::int64_t>(*query.type) : 0, before,
                                 static_cast<std::int64_t>(query.limit)));
  // Arrival order is not the order of occurrence, so every segment may have some of the newest.
  std::size_t count = std::min(query.limit, spots.size());
  std::partial_sort(spots.begin(), spots.begin() + static_cast<std::ptrdiff_t>(count), spots.end(), newer);
  spots.resize(count);
  return open(cell_, TRY(store::fetch(tx_, spots)), damaged_);
}

Result<void> Reader::since(IdentityId identity, std::int64_t after, const std::function<void(const Event&)>& on_event) {
  SegmentView segments = TRY(segments_.view(tx_));
  for (std::int64_t segment : segments.of(identity, after / store::kSegmentEvents)) {
    std::vector<store::StoredRow> rows;
    TRY(store::since(tx_, segment, identity.value, after,
                     [&](store::StoredRow row) { rows.push_back(std::move(row)); }));
    for (const Event& event : TRY(open(cell_, std::move(rows), damaged_))) {
      if (!event.damaged) on_event(event);
    }
  }
  return {};
}

Result<std::vector<Event>> Reader::open(Cell& cell, std::vector<store::StoredRow> rows, metrics::Counter& damaged) {
  std::vector<IdentityId> identities;
  identities.reserve(rows.size());
  for (const store::StoredRow& row : rows) identities.push_back({row.identity});
  auto keys = TRY(cell.identities->vault().find(identities, vault::RetentionClass::ordinary));
  std::vector<Event> out;
  out.reserve(rows.size());
  std::vector<std::int64_t> closed;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!keys[i]) continue;  // erased: the row is as good as gone
    const store::StoredRow& row = rows[i];
    auto body = open_body(*keys[i], row);
    if (!body) closed.push_back(row.seq);
    out.push_back({row.seq,
                   {row.identity},
                   row.type,
                   row.source,
                   row.purposes,
                   from_millis(row.occurred_at),
                   from_millis(row.received_at),
                   body ? *std::move(body) : json::Value::object(),
                   !body});
  }
  report(cell, closed, damaged);
  return out;
}

}  // namespace handschlag::events
