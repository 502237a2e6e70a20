// Writes what a batch of sightings says: identities, keys, links. One object a batch.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "features/identity/identity.h"
#include "features/identity/store.h"

namespace handschlag::identity {

class Recorder {
 public:
  Recorder(db::Transaction& tx, vault::Vault& vault, const Digester& digester, const Limits& limits)
      : tx_(tx), vault_(vault), digester_(digester), limits_(limits) {}

  Result<std::vector<IdentityId>> record(std::span<const Sighting* const> sightings);

  // What record() changed of who is one with whom. Valid as long as the sightings.
  std::span<const Watcher::Change> changes() const { return changes_; }

  // States a link by the rules of standing and size.
  Result<void> state_link(Link link);

 private:
  // An identity that a sighting names, with what is needed to make it.
  struct Named {
    const Key* key;
    const Sighting* first;
    std::int64_t identity = 0;
    gate::PurposeSet known;   // for what the key was taken so far
    gate::PurposeSet wanted;  // and what this batch adds
  };
  std::size_t name(const Key& key, const Sighting& sighting);
  // Who a key seen together with a person stands for, where the caller knows and nothing is to be added.
  static std::optional<IdentityId> known_together(const Sighting& sighting, std::size_t place);
  Result<void> find_named();
  Result<void> make_missing();
  Result<void> widen_purposes();
  Result<void> record_together(const Sighting& sighting, IdentityId own);
  Result<void> record_attribute(const Sighting& sighting, IdentityId own, const Key& key);
  Result<void> link_holders(const Sighting& sighting, IdentityId own, const std::vector<store::KeyRow>& holders,
                            gate::PurposeSet purposes);
  Result<void> write_link(const Link& link);
  // Whether somebody ended a link between these two: then no third identity may join them again by itself.
  Result<bool> parted(const std::unordered_set<std::int64_t>& one, const std::unordered_set<std::int64_t>& two);
  // The identities joined with `start`, at most one more than a customer may have.
  Result<std::unordered_set<std::int64_t>> joined_with(IdentityId start);

  db::Transaction& tx_;
  vault::Vault& vault_;
  const Digester& digester_;
  const Limits& limits_;
  std::vector<Named> named_;
  std::vector<std::string> digests_;                    // of named_, in its order
  std::unordered_map<std::string, std::size_t> index_;  // digest → place in named_
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>
      stated_;  // links this batch already looked at → purposes
  std::vector<Watcher::Change> changes_;
};

// Brings rows up to the newest layer of digests: the digest, and the seal that is bound to it. Of each only digest,
// identity and seal are needed.
Result<void> lift_rows(db::Transaction& tx, vault::Vault& vault, const Digester& digester,
                       std::span<const store::KeyRow> rows);

// What a key's value is sealed under and bound to.
std::string key_context(IdentityId identity, std::string_view digest);

}  // namespace handschlag::identity
