// The vault of a region: the keys under which personal data is sealed, one per identity and retention class. Keys are
// the unit of erasure: a destroyed key makes what it sealed unreadable everywhere.
//
// Thread-safe. It has a database of its own; a new key is durable before anything sealed under it is written. Keys are
// cached; where other nodes use the same database (PostgreSQL), each look asks first whether one was destroyed
// meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/base/compact_cache.h"
#include "platform/base/id.h"
#include "platform/base/result.h"
#include "platform/crypto/crypto.h"
#include "platform/db/db.h"

namespace handschlag {

// One person as one source knows them; see features/identity. The number is unique within its region.
using IdentityId = Id<class IdentityTag>;

}  // namespace handschlag

namespace handschlag::vault {

// Stored; never renumber. Classes beside `ordinary` outlive an erasure where a duty holds them.
enum class RetentionClass : std::int64_t {
  ordinary = 1,
  consent_proof = 2,
  commercial_letters = 3,
  bookkeeping = 4,
  legal_claims = 5,
};

std::span<const db::Migration> migrations();

class Vault {
 public:
  // `database` must outlive the vault. `region_key` wraps every key in it. Errors: invalid, code "region_key_wrong",
  // when the vault was made under another key.
  static Result<std::unique_ptr<Vault>> open(db::Database& database, std::string_view region,
                                             const crypto::Key& region_key);

  // The keys of identities, in their order; made where they are missing, durably before it returns.
  Result<std::vector<crypto::Key>> create(std::span<const IdentityId> identities, RetentionClass retention_class);

  // The keys of identities, in their order; nothing where there is none (never made, or destroyed).
  Result<std::vector<std::optional<crypto::Key>>> find(std::span<const IdentityId> identities,
                                                       RetentionClass retention_class);

  // One key. Errors: not_found, code "key_destroyed".
  Result<crypto::Key> get(IdentityId identity, RetentionClass retention_class);

  // Destroys the key, durably, before it returns; from then on no node finds it. Idempotent.
  Result<void> destroy(IdentityId identity, RetentionClass retention_class);
  // The same for many at once.
  Result<void> destroy(std::span<const IdentityId> identities, RetentionClass retention_class);

  // A key that belongs to no person, by name; made when it is first asked for. For few names.
  Result<crypto::Key> secret(std::string_view name);

  // Changes when a key is destroyed, by any node: a key found while it was the same is there still.
  Result<std::uint64_t> generation();

  // The key of look-up digests (see features/identity).
  const crypto::Key& digest_key() const { return digest_key_; }

 private:
  Vault(db::Database& database, std::string_view region, const crypto::Key& region_key);

  struct CacheKey {
    std::int64_t identity;
    std::int64_t retention_class;
    friend bool operator==(const CacheKey&, const CacheKey&) = default;
  };
  struct CacheHash {
    std::uint64_t operator()(const CacheKey& key) const;
  };
  using KeyBytes = std::array<char, crypto::Key::kBytes>;

  Result<crypto::Key> unwrap(std::string_view wrapped, const std::string& context) const;
  std::optional<crypto::Key> cached(const CacheKey& key);
  // Keeps a key that was read while `generation` was current; a key destroyed since then must not come back.
  void remember(const CacheKey& key, const crypto::Key& value, std::int64_t generation);
  // Drops every cached key where `generation`, as the database has it, is later than that of the cache.
  void catch_up(std::int64_t generation);

  db::Database& database_;
  const std::string region_;
  const crypto::Key region_key_;
  crypto::Key digest_key_;

  CompactCache<CacheKey, KeyBytes, CacheHash> cache_;
  std::mutex mutex_;  // of what follows, and of what is put into the cache
  std::unordered_map<std::string, crypto::Key> secrets_;
  std::int64_t generation_ = 0;  // destructions that the cache knows of
};

}  // namespace handschlag::vault
