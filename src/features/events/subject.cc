#include <algorithm>

#include "features/events/events.h"
#include "features/events/store.h"
#include "features/events/subject_store.h"

namespace handschlag::events {
namespace {

class EventsSubject final : public subjects::SubjectData {
 public:
  // Takes the region's order: groups of other nodes that found the key alive have committed, and those that come
  // after find it destroyed. So no row appears behind erase().
  Result<void> hide(db::Transaction& tx, IdentityId, subjects::Removal) override {
    TRY(store::allocate(tx, 0));
    return {};
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit,
                             subjects::Removal why) override {
    constexpr std::int64_t kSegmentsAtOnce = 32;
    std::int64_t segments = TRY(store::last_seq(tx)) / store::kSegmentEvents + 1;
    std::vector<std::int64_t> found;
    for (std::int64_t first = 0; first < segments && std::ssize(found) < limit; first += kSegmentsAtOnce) {
      auto more = TRY(store::positions(tx, first, std::min(first + kSegmentsAtOnce, segments), identity.value, limit));
      found.insert(found.end(), more.begin(), more.end());
    }
    if (std::ssize(found) > limit) found.resize(static_cast<std::size_t>(limit));
    auto removed = TRY(store::delete_events(tx, found));
    // Who moved has them elsewhere, where a retry is recognised.
    if (why == subjects::Removal::erased) TRY(store::bury(tx, removed, now + store::kTombstoneLife));
    return std::ssize(removed);
  }

  Result<std::int64_t> forget(db::Transaction&, IdentityId, std::int64_t) override { return 0; }
};

}  // namespace

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<EventsSubject>();
}

}  // namespace handschlag::events
