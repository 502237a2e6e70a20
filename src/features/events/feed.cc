#include "features/events/feed.h"

#include <algorithm>
#include <chrono>

#include "features/events/reader.h"
#include "features/events/store.h"

namespace handschlag::events {
namespace {

// Positions that one snapshot looks at: some milliseconds where a filter leaves out all of them.
constexpr std::int64_t kWindow = 10'000;
constexpr std::chrono::milliseconds kEnough{250};  // after that what was found is answered

}  // namespace

Result<FeedPage> read_feed(Cell& cell, const FeedQuery& query) {
  const auto begin = std::chrono::steady_clock::now();
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
    for (Event& event : TRY(Reader::open(cell, std::move(rows)))) page.items.push_back(std::move(event));
  } while (page.more && page.items.size() < query.limit && std::chrono::steady_clock::now() - begin < kEnough);
  return page;
}

}  // namespace handschlag::events
