// The vault of a region: the keys under which personal data is sealed, one per identity and retention class. Keys are
// the unit of erasure: a destroyed key makes what it sealed unreadable everywhere.
//
// Thread-safe. It has a database of its own; a new key is durable before anything sealed under it is written. Keys are
// cached; where other nodes use the same database (PostgreSQL), each look asks first whether one was destroyed
// meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
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

class ErasureList;
struct Erasure;

// Stored; never renumber. Classes beside `ordinary` outlive an erasure where a duty holds them.
enum class RetentionClass : std::int64_t {
  ordinary = 1,
  consent_proof = 2,
  commercial_letters = 3,
  bookkeeping = 4,
  legal_claims = 5,
};

std::span<const db::Migration> migrations();

// Appends the erasures of the list `from` to the list of a region, which is made where it is missing; false, and
// nothing done, where `from` is a list of another region. Errors: invalid "erasure_list_damaged"; unavailable.
Result<bool> join_erasures(const std::filesystem::path& list, std::string_view region,
                           const std::filesystem::path& from);

// What wraps the keys of a vault: the region's key, and while that is being rotated the one before it as well.
struct RegionKeys {
  RegionKeys(const crypto::Key& key, std::optional<crypto::Key> before = {})  // NOLINT(google-explicit-constructor)
      : current(key), former(std::move(before)) {}
  crypto::Key current;
  std::optional<crypto::Key> former;
};

class Vault {
 public:
  // Reads the region's keys anew from where they are kept.
  using ReadKeys = std::function<Result<RegionKeys>()>;

  // `database` must outlive the vault. `erasures`: the file in which destroyed keys are listed, so that no restored
  // backup brings them back (see erasure_list.h); what stands there is destroyed before this returns. Empty: no such
  // list. `read_keys`: asked where another node has rotated the region's key; empty: the keys never change here.
  // Errors: invalid, code "region_key_wrong", when the vault was made under another key; those of the list.
  static Result<std::unique_ptr<Vault>> open(db::Database& database, std::string_view region,
                                             const RegionKeys& region_keys, const std::filesystem::path& erasures = {},
                                             ReadKeys read_keys = {});
  ~Vault();

  // Everything below that wraps or unwraps: unavailable, code "region_key_changed", where another node has rotated the
  // region's key and the new one can't be read here.

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

  // Erasures of the list that the vault had not heard of when it was opened, since it came from a backup, or the
  // program ended in the middle of one. Their keys are gone. Whoever keeps rows of identities has to do its part and
  // then call settle_erasures(); until then they are there again at the next opening. Nothing: there are none.
  std::optional<std::int64_t> unsettled_erasures() const { return unsettled_; }
  // Whose ordinary keys the list says are destroyed, at most `limit`, from `position` on, which moves on; none at the
  // end.
  Result<std::vector<IdentityId>> erased(std::int64_t& position, std::size_t limit);
  Result<void> settle_erasures();

  // Destroys keys of people who have moved to another region and have new ones there: as destroy(), but a backup of
  // before brings them back, with all the rest of that time.
  Result<void> discard(std::span<const IdentityId> identities, RetentionClass retention_class);

  // A key that belongs to no person, by name; made when it is first asked for. For few names.
  Result<crypto::Key> secret(std::string_view name);
  // The same, but nothing where it was never made.
  Result<std::optional<crypto::Key>> find_secret(std::string_view name);

  // Changes when a key is destroyed, by any node: a key found while it was the same is there still.
  Result<std::uint64_t> generation();

  // What wraps the keys now.
  RegionKeys region_keys() const;

  // Rotation of the region's key. From rotate() on, keys are wrapped by `fresh`, and what the former one wrapped is
  // still opened. rewrap() brings some keys over, in one short transaction, and answers whether all are done; begin
  // with a default position. It may be run again from the start at any time. finish_rotation() forgets the former
  // key: only after a whole pass. Errors: internal "envelope_invalid" (a key that neither opens).
  //
  // The vault's database knows which key is the one of now: the secret "digest" is wrapped by it, from rotate() on. It
  // is looked at, and kept from changing, in each transaction that stores what is wrapped, so that no node wraps by a
  // key that is about to be destroyed.
  Result<void> rotate(const crypto::Key& fresh);
  // Takes the keys as they are kept now, if the database agrees; for nodes beside the one that rotates. Errors:
  // unavailable "region_key_changed".
  Result<void> refresh();
  struct Position {
    std::int64_t identity = 0;
    std::int64_t retention_class = 0;
    bool secrets = false;  // the keys of identities are done
    std::string name;
    std::uint64_t done = 0;
  };
  Result<bool> rewrap(Position& position);
  Result<void> finish_rotation();

  // The largest number of an identity that has or had a key here; 0 for none.
  Result<std::int64_t> highest_identity();

  // The first key of look-up digests (see features/identity/digester.h), and that of the ids of events.
  const crypto::Key& first_digest_key() const { return first_digest_key_; }

 private:
  Vault(db::Database& database, std::string_view region, const RegionKeys& region_keys, ReadKeys read_keys);

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
  // The same key under `current`; nothing where it is that already.
  Result<std::optional<std::string>> rewrapped(const crypto::Key& current, std::string_view wrapped,
                                               const std::string& context) const;
  // The region's key of now, in a transaction that stores what it wraps: it stays that until the commit. Where this
  // node has a newer one than the database, it is told. Errors: unavailable "region_key_changed".
  Result<crypto::Key> key_of_now(db::Transaction& tx);
  // Does something that opens or wraps; once more where the keys had changed.
  Result<void> with_keys_of_now(const std::function<Result<void>()>& work);
  // Tells the other nodes, by the database, that the key of this one is the key of now.
  Result<void> announce();
  // As refresh(); answers whether there is another key than before.
  Result<bool> take_keys();
  Result<void> open_erasures(const std::filesystem::path& path);
  // What each destruction ends with: `now` is how many there were by then.
  Result<void> forget(std::span<const IdentityId> identities, RetentionClass retention_class, std::int64_t now);
  // Answers how many destructions there were by then.
  Result<std::int64_t> carry_out(std::span<const Erasure> erasures, std::int64_t applied);
  std::optional<crypto::Key> cached(const CacheKey& key);
  // Keeps a key that was read while `generation` was current; a key destroyed since then must not come back.
  void remember(const CacheKey& key, const crypto::Key& value, std::int64_t generation);
  // Drops every cached key where `generation`, as the database has it, is later than that of the cache.
  void catch_up(std::int64_t generation);

  db::Database& database_;
  const std::string region_;
  const ReadKeys read_keys_;
  mutable std::mutex region_keys_mutex_;
  RegionKeys region_keys_;
  bool told_ = true;  // that the key has changed: once is enough, and open() tells it in its own way
  crypto::Key first_digest_key_;

  std::mutex erasing_;  // one erasure at a time: the list and the database go on together
  std::unique_ptr<ErasureList> erasures_;
  std::optional<std::int64_t> unsettled_;

  CompactCache<CacheKey, KeyBytes, CacheHash> cache_;
  std::mutex mutex_;  // of what follows, and of what is put into the cache
  std::unordered_map<std::string, crypto::Key> secrets_;
  std::int64_t generation_ = 0;  // destructions that the cache knows of
};

}  // namespace handschlag::vault
