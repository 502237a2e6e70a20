// Who is known: from a key to the region and identity that it stands for, over all regions of this process. A cache in
// front of the databases, so that an event of somebody known needs no look-up at all. Holds digests under a key of this
// process, no values.
//
// What it says was true when it was learnt. An identity that was erased since has no key in the vault any more, and
// that is looked at for every event; so a stale entry refuses an event at most until it is looked up again.
//
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "features/identity/identity.h"
#include "platform/base/compact_cache.h"

namespace handschlag::events {

class Directory {
 public:
  using Digest = std::array<char, 16>;

  struct Entry {
    std::uint32_t cell = 0;     // the region, by its place among the cells
    IdentityId identity;        // 0: pinned to the region, but not stored yet as far as is known
    gate::PurposeSet purposes;  // for which its own key was taken
  };

  // The cache never has more than `bytes`: about 40 a key.
  explicit Directory(std::size_t bytes) : cache_(bytes) {}

  Digest digest(const identity::Key& key) const;

  std::optional<Entry> find(const Digest& digest);
  // Answers where somebody is pinned, and pins them to `cell` where they are not yet.
  Entry pin(const Digest& digest, std::uint32_t cell);
  void learn(const Digest& digest, const Entry& entry);
  void forget(const Digest& digest);

 private:
  struct Stored {
    std::int64_t identity;
    std::int64_t purposes;
    std::uint32_t cell;
  };
  struct Hash {
    std::uint64_t operator()(const Digest& digest) const;
  };

  const crypto::Key key_ = crypto::Key::random();
  CompactCache<Digest, Stored, Hash> cache_;
};

}  // namespace handschlag::events
