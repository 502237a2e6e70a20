#include "features/vault/vault.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/vault/contexts.h"
#include "features/vault/store.h"
#include "platform/base/clock.h"

namespace handschlag::vault {

std::string key_context(std::string_view region, std::int64_t identity, std::int64_t retention_class) {
  return fmt::format("vault_key|{}|{}|{}", region, identity, retention_class);
}

std::string secret_context(std::string_view region, std::string_view name) {
  return fmt::format("vault_secret|{}|{}", region, name);
}

namespace {

// Of each region: 1.3 million keys. Every event of a person whose key is not here costs a read of the vault.
constexpr std::size_t kCacheBytes = 64 * 1024 * 1024;
constexpr std::size_t kCachedSecrets = 64;

std::vector<std::int64_t> numbers(std::span<const IdentityId> identities) {
  std::vector<std::int64_t> out;
  out.reserve(identities.size());
  for (IdentityId identity : identities) out.push_back(identity.value);
  return out;
}

}  // namespace

std::uint64_t Vault::CacheHash::operator()(const CacheKey& key) const {
  return mixed(static_cast<std::uint64_t>(key.identity * 8 + key.retention_class));
}

Vault::Vault(db::Database& database, std::string_view region, const RegionKeys& region_keys, ReadKeys read_keys)
    : database_(database),
      region_(region),
      read_keys_(std::move(read_keys)),
      region_keys_(region_keys),
      cache_(kCacheBytes) {}

Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::open(db::Database& database, std::string_view region,
                                           const RegionKeys& region_keys, const std::filesystem::path& erasures,
                                           ReadKeys read_keys) {
  std::unique_ptr<Vault> vault(new Vault(database, region, region_keys, std::move(read_keys)));
  if (!erasures.empty()) TRY(vault->open_erasures(erasures));
  auto digest_key = vault->secret(kDigestSecret);
  if (!digest_key && digest_key.error().code == "region_key_changed") {
    return fail(
        ErrorKind::invalid, "region_key_wrong",
        fmt::format("The key of region '{}' is not the one its vault was made with; put the right key file back.",
                    region));
  }
  vault->first_digest_key_ = TRY(std::move(digest_key));
  if (region_keys.former) TRY(vault->announce());  // a rotation that was cut short may not have been told yet
  vault->told_ = false;
  return vault;
}

std::optional<crypto::Key> Vault::cached(const CacheKey& key) {
  auto bytes = cache_.find(key);
  if (!bytes) return std::nullopt;
  auto out = crypto::Key::from_bytes({bytes->data(), bytes->size()});
  return out ? std::optional(*out) : std::nullopt;
}

Result<std::uint64_t> Vault::generation() {
  // Another node may have destroyed a key that is cached here. What begins after that must not find it any more.
  if (database_.shared()) {
    TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
      catch_up(TRY(store::destructions(tx)));
      return {};
    }));
  }
  std::lock_guard lock(mutex_);
  return static_cast<std::uint64_t>(generation_);
}

void Vault::catch_up(std::int64_t generation) {
  std::lock_guard lock(mutex_);
  if (generation <= generation_) return;
  generation_ = generation;
  cache_.clear();
}

void Vault::remember(const CacheKey& key, const crypto::Key& value, std::int64_t generation) {
  std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  KeyBytes bytes;
  std::copy(value.bytes().begin(), value.bytes().end(), bytes.begin());
  cache_.put(key, bytes);
}

Result<std::vector<std::optional<crypto::Key>>> Vault::find(std::span<const IdentityId> identities,
                                                            RetentionClass retention_class) {
  auto kind = static_cast<std::int64_t>(retention_class);
  TRY(generation());
  std::vector<std::optional<crypto::Key>> out(identities.size());
  std::vector<std::int64_t> missing;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < identities.size(); ++i) {
    out[i] = cached({identities[i].value, kind});
    if (out[i]) continue;
    missing.push_back(identities[i].value);
    places.push_back(i);
  }
  if (missing.empty()) return out;
  TRY(with_keys_of_now([&]() -> Result<void> {
    std::int64_t before = 0;
    std::vector<std::string> wrapped;
    TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
      before = TRY(store::destructions(tx));
      wrapped.assign(missing.size(), "");
      return store::find_keys(tx, missing, kind,
                              [&](std::size_t index, std::string_view value) { wrapped[index] = value; });
    }));
    catch_up(before);
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (wrapped[i].empty()) continue;
      crypto::Key key = TRY(unwrap(wrapped[i], key_context(region_, missing[i], kind)));
      remember({missing[i], kind}, key, before);
      out[places[i]] = key;
    }
    return {};
  }));
  return out;
}

Result<std::vector<crypto::Key>> Vault::create(std::span<const IdentityId> identities, RetentionClass retention_class) {
  auto kind = static_cast<std::int64_t>(retention_class);
  std::vector<std::int64_t> ids = numbers(identities);
  std::vector<crypto::Key> keys(ids.size());
  std::int64_t before = 0;
  auto store_keys = [&](db::Transaction& tx) -> Result<void> {
    const crypto::Key region_key = TRY(key_of_now(tx));
    before = TRY(store::destructions(tx));
    // A key is there already where an earlier attempt ended between the vault's commit and the data's.
    std::vector<std::string> wrapped(ids.size());
    TRY(store::find_keys(tx, ids, kind, [&](std::size_t index, std::string_view value) { wrapped[index] = value; }));
    std::vector<std::int64_t> new_ids;
    std::vector<std::string> new_wrapped;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      std::string context = key_context(region_, ids[i], kind);
      if (!wrapped[i].empty()) {
        keys[i] = TRY(unwrap(wrapped[i], context));
        continue;
      }
      keys[i] = crypto::Key::random();
      new_ids.push_back(ids[i]);
      new_wrapped.push_back(crypto::seal(region_key, keys[i].bytes(), context));
    }
    return store::insert_keys(tx, new_ids, kind, new_wrapped);
  };
  TRY(with_keys_of_now([&] { return database_.write(store_keys); }));
  catch_up(before);
  for (std::size_t i = 0; i < ids.size(); ++i) remember({ids[i], kind}, keys[i], before);
  return keys;
}

Result<crypto::Key> Vault::get(IdentityId identity, RetentionClass retention_class) {
  auto keys = TRY(find({&identity, 1}, retention_class));
  if (!keys[0]) return fail(ErrorKind::not_found, "key_destroyed", "This data was erased.");
  return *keys[0];
}

Result<void> Vault::destroy(IdentityId identity, RetentionClass retention_class) {
  return destroy({&identity, 1}, retention_class);
}

Result<void> Vault::destroy(std::span<const IdentityId> identities, RetentionClass retention_class) {
  if (identities.empty()) return {};
  auto kind = static_cast<std::int64_t>(retention_class);
  std::int64_t now = 0;
  {
    std::lock_guard erasing(erasing_);
    std::vector<Erasure> erasures;
    std::int64_t at = to_millis(SystemClock().now());
    for (IdentityId identity : identities) erasures.push_back({identity.value, kind, at});
    if (erasures_) TRY(erasures_->add(erasures));  // before the keys are gone: a restored vault must not have them
    now = TRY(carry_out(erasures, erasures_ ? erasures_->end() : 0));
  }
  return forget(identities, retention_class, now);
}

Result<void> Vault::discard(std::span<const IdentityId> identities, RetentionClass retention_class) {
  std::int64_t now = 0;
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(store::delete_keys(tx, numbers(identities), static_cast<std::int64_t>(retention_class)));
    now = TRY(store::destructions(tx));
    return {};
  }));
  return forget(identities, retention_class, now);
}

Result<void> Vault::forget(std::span<const IdentityId> identities, RetentionClass retention_class, std::int64_t now) {
  {
    std::lock_guard lock(mutex_);
    if (now > generation_ + 1) cache_.clear();  // others destroyed keys meanwhile: which ones is not known here
    generation_ = std::max(generation_, now);
    for (IdentityId identity : identities) {
      cache_.erase({identity.value, static_cast<std::int64_t>(retention_class)});
    }
  }
  return database_.checkpoint();  // until then the key's bytes stay in the write-ahead log
}

Result<std::optional<crypto::Key>> Vault::find_secret(std::string_view name) {
  {
    std::lock_guard lock(mutex_);
    if (auto it = secrets_.find(std::string(name)); it != secrets_.end()) return it->second;
  }
  std::optional<crypto::Key> key;
  TRY(with_keys_of_now([&]() -> Result<void> {
    std::string wrapped;
    TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
      wrapped = TRY(store::find_secret(tx, name));
      return {};
    }));
    if (!wrapped.empty()) key = TRY(unwrap(wrapped, secret_context(region_, name)));
    return {};
  }));
  if (!key) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (secrets_.size() >= kCachedSecrets) secrets_.clear();
  secrets_.emplace(name, *key);
  return key;
}

Result<crypto::Key> Vault::secret(std::string_view name) {
  if (auto key = TRY(find_secret(name))) return *key;
  auto store_secret = [&](db::Transaction& tx) -> Result<void> {
    const crypto::Key region_key = TRY(key_of_now(tx));
    const std::string context = secret_context(region_, name);
    return store::insert_secret(tx, name, crypto::seal(region_key, crypto::Key::random().bytes(), context));
  };
  TRY(with_keys_of_now([&] { return database_.write(store_secret); }));
  auto key = TRY(find_secret(name));  // another node may have been first
  if (!key) return fail(ErrorKind::internal, "secret_lost", "A key that was just made is not there.");
  return *key;
}

}  // namespace handschlag::vault
