#include "features/events/feed.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "features/events/reader.h"
#include "features/events/store.h"

namespace handschlag::events {
namespace {

// Positions that one snapshot looks at: some milliseconds where a filter leaves out all of them.
constexpr std::int64_t kWindow = 10'000;
constexpr std::chrono::milliseconds kEnough{250};  // after that what was found is answered

// Which events a query does not want, by the mode of their source. It is looked at here and not in the database, which
// does not know it, and before anything is opened.
class OtherMode {
 public:
  OtherMode(sources::Sources& sources, sources::Mode wanted) : sources_(sources), wanted_(wanted) {}

  bool operator()(const store::StoredRow& row) {
    auto [it, fresh] = known_.try_emplace(row.source);
    if (fresh) {
      const auto source = sources_.find(Id<sources::Source>{row.source});
      it->second = source ? source->mode : sources::Mode::live;
    }
    return it->second != wanted_;
  }

 private:
  sources::Sources& sources_;
  const sources::Mode wanted_;
  std::unordered_map<std::int64_t, sources::Mode> known_;
};

// What somebody brought along from another region happened there, and was told there; and whoever has gone is told
// about where they are now.
Result<std::set<std::int64_t>> not_of_here(db::Transaction& tx, std::span<const store::StoredRow> rows) {
  std::vector<IdentityId> identities;
  for (const store::StoredRow& row : rows) identities.push_back({row.identity});
  std::sort(identities.begin(), identities.end());
  identities.erase(std::unique(identities.begin(), identities.end()), identities.end());
  std::map<std::int64_t, std::int64_t> through;  // by identity: positions up to here
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  for (const subjects::Arrival& each : TRY(subjects::arrivals(tx, identities))) {
    through[each.identity.value] = each.settled == 0 ? kAll : each.settled;
  }
  for (const subjects::Forward& each : TRY(subjects::forwards(tx, identities))) {
    if (each.state != subjects::Going::leaving) through[each.identity.value] = kAll;
  }
  std::set<std::int64_t> out;
  for (const store::StoredRow& row : rows) {
    auto it = through.find(row.identity);
    if (it != through.end() && row.seq <= it->second) out.insert(row.seq);
  }
  return out;
}

}  // namespace

Result<FeedPage> read_feed(Cell& cell, sources::Sources& sources, const FeedQuery& query, metrics::Counter& damaged) {
  const auto begin = std::chrono::steady_clock::now();
  OtherMode other_mode(sources, query.mode);
  FeedPage page;
  page.through = query.after;
  do {
    FeedQuery part = query;
    part.after = page.through;
    part.limit = query.limit - page.items.size();
    std::vector<store::StoredRow> rows;
    std::set<std::int64_t> left_out;
    std::int64_t last = 0;
    std::int64_t window_end = 0;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      // The head is read in the snapshot of the rows: what it counts is committed, and what is not yet will lie beyond.
      last = std::min(TRY(store::last_seq(tx)), query.through);
      window_end = std::min(last, part.after + kWindow);
      if (window_end > part.after) rows = TRY(store::scan(tx, part, window_end));
      left_out = TRY(not_of_here(tx, rows));
      return {};
    }));
    const bool full = rows.size() == part.limit;
    page.through = std::max(part.after, full ? rows.back().seq : window_end);
    page.more = page.through < last;
    std::erase_if(rows, [&](const store::StoredRow& row) { return other_mode(row) || left_out.contains(row.seq); });
    for (Event& event : TRY(Reader::open(cell, std::move(rows), damaged))) {
      if (!event.damaged) page.items.push_back(std::move(event));
    }
  } while (page.more && page.items.size() < query.limit && std::chrono::steady_clock::now() - begin < kEnough);
  return page;
}

}  // namespace handschlag::events
