// SQL of the rotation of the digest key.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "features/identity/store.h"
#include "platform/db/db.h"

namespace handschlag::identity::store {

// A layer of the digest key: what the vault calls it, and whether everything stored has reached it.
struct DigestLayer {
  std::string secret;
  bool settled = false;
  friend bool operator==(const DigestLayer&, const DigestLayer&) = default;
};
// The first one first.
Result<std::vector<DigestLayer>> digest_layers(db::Transaction& tx);
Result<void> add_digest_layer(db::Transaction& tx, std::int64_t layer, std::string_view secret);
Result<void> settle_digest_layer(db::Transaction& tx, std::int64_t layer);

// Every row under these digests.
Result<std::vector<KeyRow>> rows_of(db::Transaction& tx, std::span<const std::string> digests);
// Rows with fewer layers, of the identities from `first` to before `end`, in their order, at most `limit`.
Result<std::vector<KeyRow>> rows_below(db::Transaction& tx, std::int64_t layers, std::int64_t first, std::int64_t end,
                                       std::int64_t limit);

struct LiftedKey {
  std::string former;
  std::int64_t identity = 0;
  std::string digest;
  std::string sealed;
};
// What was erased or lifted meanwhile stays so.
Result<void> lift_keys(db::Transaction& tx, std::span<const LiftedKey> keys, std::int64_t layers);

}  // namespace handschlag::identity::store
