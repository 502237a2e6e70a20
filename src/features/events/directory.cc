#include "features/events/directory.h"

#include <algorithm>
#include <bit>

namespace handschlag::events {

std::uint64_t Directory::Hash::operator()(const Digest& digest) const {
  std::array<char, 8> head;
  std::copy_n(digest.begin(), head.size(), head.begin());
  return std::bit_cast<std::uint64_t>(head);
}

Directory::Digest Directory::digest(const identity::Key& key) const {
  std::string bytes = identity::digest_of(key_, key);
  Digest out;
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return out;
}

std::optional<Directory::Entry> Directory::find(const Digest& digest) {
  auto stored = cache_.find(digest);
  if (!stored) return std::nullopt;
  return Entry{stored->cell, {stored->identity}, gate::PurposeSet::from_bits(stored->purposes)};
}

Directory::Entry Directory::pin(const Digest& digest, std::uint32_t cell) {
  Stored stored = cache_.find_or_put(digest, {0, 0, cell});
  return {stored.cell, {stored.identity}, gate::PurposeSet::from_bits(stored.purposes)};
}

void Directory::learn(const Digest& digest, const Entry& entry) {
  cache_.put(digest, {entry.identity.value, entry.purposes.bits(), entry.cell});
}

void Directory::forget(const Digest& digest) {
  cache_.erase(digest);
}

}  // namespace handschlag::events
