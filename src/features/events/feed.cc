#include "features/events/feed.h"

#include <algorithm>
#include <chrono>
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

}  // namespace

Result<FeedPage> read_feed(Cell& cell, sources::Sources& sources, const FeedQuery& query) {
  const auto begin = std::chrono::steady_clock::now();
  OtherMode other_mode(sources, query.mode);
  FeedPage page;
  page.through = query.after;
  do {
    FeedQuery part = query;
    part.after = page.through;
    part.limit = query.limit - page.items.size();
    std::vector<store::StoredRow> rows;
    std::int64_t last = 0;
    std::int64_t window_end = 0;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      // The head is read in the snapshot of the rows: what it counts is committed, and what is not yet will lie beyond.
      last = std::min(TRY(store::last_seq(tx)), query.through);
      window_end = std::min(last, part.after + kWindow);
      if (window_end > part.after) rows = TRY(store::scan(tx, part, window_end));
      return {};
    }));
    const bool full = rows.size() == part.limit;
    page.through = std::max(part.after, full ? rows.back().seq : window_end);
    page.more = page.through < last;
    std::erase_if(rows, [&](const store::StoredRow& row) { return other_mode(row); });
    for (Event& event : TRY(Reader::open(cell, std::move(rows)))) page.items.push_back(std::move(event));
  } while (page.more && page.items.size() < query.limit && std::chrono::steady_clock::now() - begin < kEnough);
  return page;
}

}  // namespace handschlag::events
