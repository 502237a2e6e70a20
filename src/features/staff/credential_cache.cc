#include "features/staff/credential_cache.h"

namespace handschlag::staff {

std::uint64_t CredentialCache::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

std::optional<http::Principal> CredentialCache::find(std::string_view digest, Time now) {
  const std::string key(digest);
  std::lock_guard lock(mutex_);
  auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  // A clock that was set back must not make an entry live longer.
  const bool fresh = entry.cached_at <= now && now < entry.cached_at + lifetime_;
  if (!fresh || (entry.valid_until && *entry.valid_until <= now)) {
    entries_.erase(found);
    return std::nullopt;
  }
  note_use(key, now);
  return entry.principal;
}

void CredentialCache::put(std::uint64_t generation, std::string_view digest, const http::Principal& principal,
                          std::optional<Time> valid_until, Time now) {
  std::string key(digest);
  std::lock_guard lock(mutex_);
  note_use(key, now);
  if (generation != generation_) return;
  if (entries_.size() >= capacity_) entries_.clear();  // rare: every entry lives for seconds only
  if (capacity_ > 0) entries_.insert_or_assign(std::move(key), Entry{principal, now, valid_until});
}

void CredentialCache::clear() {
  std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
}

std::vector<std::pair<std::string, Time>> CredentialCache::take_uses() {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Time>> uses(uses_.begin(), uses_.end());
  uses_.clear();
  return uses;
}

void CredentialCache::note_use(const std::string& digest, Time now) {
  if (uses_.size() < capacity_ || uses_.contains(digest)) uses_.insert_or_assign(digest, now);
}

}  // namespace handschlag::staff
