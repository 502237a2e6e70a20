#include "features/events/segments.h"

#include <algorithm>
#include <array>

#include "features/events/store.h"

namespace handschlag::events {
namespace {

constexpr std::size_t kBlockBytes = 32;  // eight words, one bit of each is set by an identity
constexpr std::size_t kWords = 8;
constexpr std::size_t kBitsEach = 10;
constexpr std::size_t kMaxInMemory = 4'096;  // 256 MB, 200 million events; what comes after is looked into

// Every bit of the input changes half of the output's (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

struct Place {
  std::size_t block;
  std::array<std::uint8_t, kWords> bits;
};

Place place_of(std::int64_t identity, std::size_t blocks) {
  std::uint64_t hash = mixed(static_cast<std::uint64_t>(identity) + 0x9e3779b97f4a7c15);
  Place place{((hash >> 32) * blocks) >> 32, {}};
  std::uint64_t rest = mixed(hash);
  for (std::size_t i = 0; i < kWords; ++i) place.bits[i] = (rest >> (5 * i)) & 31;
  return place;
}

// Words are little endian on every machine: bit b of a word is bit b % 8 of its byte b / 8.
std::size_t byte_of(const Place& place, std::size_t word) {
  return place.block * kBlockBytes + word * 4 + place.bits[word] / 8;
}
std::uint8_t mask_of(const Place& place, std::size_t word) {
  return static_cast<std::uint8_t>(1U << (place.bits[word] % 8));
}

std::int64_t closed_segments(std::int64_t last_seq) {
  return (last_seq + 1) / store::kSegmentEvents;
}

}  // namespace

std::string make_filter(std::span<const std::int64_t> identities) {
  std::size_t blocks = identities.size() * kBitsEach / (kBlockBytes * 8) + 1;
  std::string out(blocks * kBlockBytes, '\0');
  for (std::int64_t identity : identities) {
    Place place = place_of(identity, blocks);
    for (std::size_t word = 0; word < kWords; ++word) {
      char& byte = out[byte_of(place, word)];
      byte = static_cast<char>(static_cast<std::uint8_t>(byte) | mask_of(place, word));
    }
  }
  return out;
}

bool may_hold(std::string_view filter, std::int64_t identity) {
  if (filter.empty() || filter.size() % kBlockBytes != 0) return true;
  Place place = place_of(identity, filter.size() / kBlockBytes);
  for (std::size_t word = 0; word < kWords; ++word) {
    if ((static_cast<std::uint8_t>(filter[byte_of(place, word)]) & mask_of(place, word)) == 0) return false;
  }
  return true;
}

std::vector<std::int64_t> SegmentView::of(IdentityId identity, std::int64_t first) const {
  std::vector<std::int64_t> out;
  for (std::int64_t segment = first; segment < count_; ++segment) {
    bool known = segment < std::ssize(*filters_);
    if (!known || may_hold(*(*filters_)[static_cast<std::size_t>(segment)], identity.value)) out.push_back(segment);
  }
  return out;
}

Result<SegmentView> Segments::view(db::Transaction& tx) {
  std::int64_t last = TRY(store::last_seq(tx));
  std::lock_guard guard(mutex_);
  std::size_t known = filters_->size();
  std::size_t closed = std::min(static_cast<std::size_t>(closed_segments(last)), kMaxInMemory);
  if (closed > known) {
    auto more = std::make_shared<SegmentView::Filters>(*filters_);
    TRY(store::filters(tx, static_cast<std::int64_t>(known), static_cast<std::int64_t>(closed),
                       [&](std::int64_t segment, std::string_view filter) {
                         bool next = segment == std::ssize(*more);  // the one after a gap is of no use yet
                         if (next) more->push_back(std::make_shared<const std::string>(filter));
                       }));
    if (more->size() > known) filters_ = std::move(more);
  }
  return SegmentView(filters_, last / store::kSegmentEvents + 1);
}

Result<void> Segments::close(Cell& cell, const std::function<bool()>& should_stop) {
  while (!should_stop()) {
    std::int64_t segment = 0;
    bool open = false;
    std::vector<std::int64_t> identities;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      segment = TRY(store::first_without_filter(tx));
      open = segment >= closed_segments(TRY(store::last_seq(tx)));
      if (!open) identities = TRY(store::identities_in(tx, segment));
      return {};
    }));
    if (open) return {};
    std::string filter = make_filter(identities);
    TRY(cell.region->writer().run(
        [&](db::Transaction& tx) -> Result<void> { return store::insert_filter(tx, segment, filter); }));
  }
  return {};
}

}  // namespace handschlag::events
