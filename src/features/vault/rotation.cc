// The part of the vault that changes what wraps its keys, and that carries out erasures.
#include <fmt/format.h>

#include <limits>
#include <map>
#include <utility>

#include "features/vault/contexts.h"
#include "features/vault/erasure_list.h"
#include "features/vault/store.h"
#include "features/vault/vault.h"
#include "platform/log/log.h"

namespace handschlag::vault {
namespace {

constexpr std::int64_t kStepKeys = 200;  // of one transaction: a millisecond or two
constexpr std::size_t kStepErasures = 500;
constexpr std::string_view kChanged = "region_key_changed";

std::unexpected<Error> fail_changed(std::string_view region) {
  return fail(
      ErrorKind::unavailable, std::string(kChanged),
      fmt::format("The key of region '{}' was rotated by another node; this node needs the new key file.", region));
}

}  // namespace

Result<bool> join_erasures(const std::filesystem::path& list, std::string_view region,
                           const std::filesystem::path& from) {
  if (!ErasureList::is_of(from, region)) return false;
  std::vector<Erasure> erasures;
  auto other = TRY(ErasureList::open(from, region));
  TRY(other.read(0, std::numeric_limits<std::size_t>::max(), [&](const Erasure& erasure) -> Result<void> {
    erasures.push_back(erasure);
    return {};
  }));
  auto own = TRY(ErasureList::open(list, region));
  if (own.id() != other.id() || own.end() < other.end()) TRY(own.add(erasures));
  return true;
}

RegionKeys Vault::region_keys() const {
  std::lock_guard lock(region_keys_mutex_);
  return region_keys_;
}

Result<crypto::Key> Vault::unwrap(std::string_view wrapped, const std::string& context) const {
  RegionKeys keys = region_keys();
  auto plain = crypto::open(keys.current, wrapped, context);
  if (!plain && keys.former) plain = crypto::open(*keys.former, wrapped, context);
  return crypto::Key::from_bytes(TRY(std::move(plain)));
}

Result<std::optional<std::string>> Vault::rewrapped(const crypto::Key& current, std::string_view wrapped,
                                                    const std::string& context) const {
  if (crypto::open(current, wrapped, context)) return std::nullopt;
  return crypto::seal(current, TRY(unwrap(wrapped, context)).bytes(), context);
}

Result<crypto::Key> Vault::key_of_now(db::Transaction& tx) {
  if (database_.shared()) TRY(store::hold(tx));  // else one process alone has the database, and it writes by turns
  const std::string wrapped = TRY(store::find_secret(tx, kDigestSecret));
  const std::string context = secret_context(region_, kDigestSecret);
  const RegionKeys keys = region_keys();
  if (wrapped.empty() || crypto::open(keys.current, wrapped, context)) return keys.current;
  const auto plain = keys.former ? crypto::open(*keys.former, wrapped, context) : fail_changed(region_);
  if (!plain) return fail_changed(region_);
  const store::WrappedSecret fresh{std::string(kDigestSecret), crypto::seal(keys.current, *plain, context)};
  TRY(store::update_secrets(tx, {&fresh, 1}));
  return keys.current;
}

Result<void> Vault::with_keys_of_now(const std::function<Result<void>()>& work) {
  auto done = work();
  if (done || (done.error().code != "envelope_invalid" && done.error().code != kChanged)) return done;
  return TRY(take_keys()) ? work() : done;
}

Result<bool> Vault::take_keys() {
  std::string wrapped;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    wrapped = TRY(store::find_secret(tx, kDigestSecret));
    return {};
  }));
  const std::string context = secret_context(region_, kDigestSecret);
  auto fits = [&](const RegionKeys& keys) {
    return wrapped.empty() || crypto::open(keys.current, wrapped, context) ||
           (keys.former && crypto::open(*keys.former, wrapped, context));
  };
  auto same = [](const std::optional<crypto::Key>& a, const std::optional<crypto::Key>& b) {
    return a && b ? crypto::equal(a->bytes(), b->bytes()) : a.has_value() == b.has_value();
  };
  auto kept = read_keys_ ? read_keys_() : Result<RegionKeys>(fail_changed(region_));
  std::lock_guard lock(region_keys_mutex_);
  if (kept && fits(*kept)) {
    const bool changed = !same(kept->current, region_keys_.current);
    const bool more = kept->former && !same(kept->former, region_keys_.former);
    if (changed) log::info("the key of a region was rotated by another node", {{"region", std::string_view(region_)}});
    region_keys_ = *kept;
    told_ = false;
    return changed || more;
  }
  if (fits(region_keys_)) return false;
  if (!std::exchange(told_, true)) {
    log::error("the key of a region was rotated by another node; this node refuses until its key file is the new one",
               {{"region", std::string_view(region_)}});
  }
  return fail_changed(region_);
}

Result<void> Vault::refresh() {
  TRY(take_keys());
  return {};
}

Result<void> Vault::announce() {
  return database_.write([&](db::Transaction& tx) -> Result<void> {
    TRY(key_of_now(tx));
    return {};
  });
}

Result<void> Vault::rotate(const crypto::Key& fresh) {
  {
    std::lock_guard lock(region_keys_mutex_);
    if (!crypto::equal(region_keys_.current.bytes(), fresh.bytes())) {  // else it was read anew a moment ago
      region_keys_.former = region_keys_.current;
      region_keys_.current = fresh;
    }
  }
  return announce();
}

Result<bool> Vault::rewrap(Position& position) {
  Position next;
  bool done = false;
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    const crypto::Key current = TRY(key_of_now(tx));
    next = position;  // the body may run again
    std::vector<store::WrappedKey> keys;
    std::vector<store::WrappedSecret> secrets;
    if (!next.secrets) {
      for (store::WrappedKey& key : TRY(store::keys_after(tx, next.identity, next.retention_class, kStepKeys))) {
        next.identity = key.identity;
        next.retention_class = key.retention_class;
        ++next.done;
        auto fresh = TRY(rewrapped(current, key.wrapped, key_context(region_, key.identity, key.retention_class)));
        if (fresh) keys.push_back({key.identity, key.retention_class, *std::move(fresh)});
      }
      next.secrets = next.done == position.done;
      return store::update_keys(tx, keys);
    }
    for (store::WrappedSecret& secret : TRY(store::secrets_after(tx, next.name, kStepKeys))) {
      next.name = secret.name;
      ++next.done;
      auto fresh = TRY(rewrapped(current, secret.wrapped, secret_context(region_, secret.name)));
      if (fresh) secrets.push_back({secret.name, *std::move(fresh)});
    }
    done = next.done == position.done;
    return store::update_secrets(tx, secrets);
  }));
  position = next;
  return done;
}

Result<void> Vault::finish_rotation() {
  TRY(database_.checkpoint());  // until then what the former key wrapped stays in the write-ahead log
  std::lock_guard lock(region_keys_mutex_);
  region_keys_.former.reset();
  return {};
}

Result<std::int64_t> Vault::highest_identity() {
  std::int64_t highest = 0;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    highest = TRY(store::highest_identity(tx));
    return {};
  }));
  return highest;
}

Result<std::int64_t> Vault::carry_out(std::span<const Erasure> erasures, std::int64_t applied) {
  std::map<std::int64_t, std::vector<std::int64_t>> by_class;
  for (const Erasure& erasure : erasures) by_class[erasure.retention_class].push_back(erasure.identity);
  std::int64_t destructions = 0;
  TRY(database_.write([&](db::Transaction& tx) -> Result<void> {
    for (const auto& [retention_class, identities] : by_class) {
      TRY(store::delete_keys(tx, identities, retention_class));
    }
    TRY(store::insert_erasures(tx, erasures));
    if (erasures_) TRY(store::set_applied(tx, erasures_->id(), applied));
    destructions = TRY(store::destructions(tx));
    return {};
  }));
  return destructions;
}

Result<void> Vault::open_erasures(const std::filesystem::path& path) {
  erasures_ = std::make_unique<ErasureList>(TRY(ErasureList::open(path, region_)));
  std::optional<std::int64_t> applied;
  std::vector<Erasure> known;
  TRY(database_.read([&](db::Transaction& tx) -> Result<void> {
    applied = TRY(store::applied(tx, erasures_->id()));
    known.clear();
    if (!erasures_->fresh()) return {};
    return store::erasures(tx, [&](const Erasure& erasure) { known.push_back(erasure); });
  }));
  if (!known.empty()) TRY(erasures_->add(known));  // the list was lost: begin it anew with what is known here
  std::int64_t from = applied.value_or(0);
  if (from == erasures_->end()) return {};
  if (from > erasures_->end()) from = 0;  // an older copy of the list
  std::vector<Erasure> step;
  for (std::int64_t position = from; position < erasures_->end();) {
    step.clear();
    position = TRY(erasures_->read(position, kStepErasures, [&](const Erasure& erasure) -> Result<void> {
      step.push_back(erasure);
      return {};
    }));
    TRY(carry_out(step, from));
    if (!step.empty()) unsettled_ = from;
  }
  if (!unsettled_) TRY(carry_out({}, erasures_->end()));  // a list without a line
  return database_.checkpoint();
}

Result<std::vector<IdentityId>> Vault::erased(std::int64_t& position, std::size_t limit) {
  std::vector<IdentityId> out;
  std::lock_guard erasing(erasing_);
  while (erasures_ && out.empty() && position < erasures_->end()) {
    position = TRY(erasures_->read(position, limit, [&](const Erasure& erasure) -> Result<void> {
      bool ordinary = erasure.retention_class == static_cast<std::int64_t>(RetentionClass::ordinary);
      if (ordinary) out.push_back({erasure.identity});
      return {};
    }));
  }
  return out;
}

Result<void> Vault::settle_erasures() {
  std::lock_guard erasing(erasing_);
  TRY(carry_out({}, erasures_ ? erasures_->end() : 0));
  unsettled_.reset();
  return {};
}

}  // namespace handschlag::vault
