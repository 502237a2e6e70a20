// Which segments of a region's events may hold something of an identity, so that a look at a person opens those and
// not all that were ever stored.
//
// A segment is closed when all its positions are given away and committed; from then on it can only lose events, so a
// set made of it once stays right. The sets are Bloom filters split into blocks of 32 bytes (Putze, Sanders and
// Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2009): one memory access to ask, 10 bits an identity,
// about one wrong "perhaps" in a hundred, no wrong "no".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"

namespace handschlag::events {

// The bytes of a set of identities; they are stored, so their layout never changes.
std::string make_filter(std::span<const std::int64_t> identities);
// Whether the set may hold it. Bytes that are not a filter hold everything.
bool may_hold(std::string_view filter, std::int64_t identity);

// What one reader knows of the segments of its region; a value, safe to use while others read.
class SegmentView {
 public:
  using Filters = std::vector<std::shared_ptr<const std::string>>;
  SegmentView(std::shared_ptr<const Filters> filters, std::int64_t count)
      : filters_(std::move(filters)), count_(count) {}

  // The segments from `first` on that may hold something of the identity.
  std::vector<std::int64_t> of(IdentityId identity, std::int64_t first = 0) const;

 private:
  std::shared_ptr<const Filters> filters_;  // of the segments from 0 on, without a gap
  std::int64_t count_;
};

// The filters of one region, in memory: 62.5 KB a segment at most. Thread-safe.
class Segments {
 public:
  Result<SegmentView> view(db::Transaction& tx);

  // Makes the filters of the segments that were closed since the last time, one after the other until `should_stop`.
  // Several nodes may do so at once.
  Result<void> close(Cell& cell, const std::function<bool()>& should_stop);

 private:
  std::mutex mutex_;
  std::shared_ptr<const SegmentView::Filters> filters_ = std::make_shared<SegmentView::Filters>();
};

}  // namespace handschlag::events
