// Who the credentials seen lately belong to, so that a request need not ask the database. Bounded; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "platform/base/clock.h"
#include "platform/http/http.h"

namespace handschlag::staff {

class CredentialCache {
 public:
  CredentialCache(std::size_t capacity, std::chrono::seconds lifetime) : capacity_(capacity), lifetime_(lifetime) {}

  // Counts the clearings. Whoever reads the database asks first and hands it to put(), which then drops what was read
  // before a revocation.
  std::uint64_t generation() const;
  // Nothing where it is unknown, older than the lifetime, or no longer valid.
  std::optional<http::Principal> find(std::string_view digest, Time now);
  void put(std::uint64_t generation, std::string_view digest, const http::Principal& principal,
           std::optional<Time> valid_until, Time now);
  void clear();

  // When each digest was last used, since the last call.
  std::vector<std::pair<std::string, Time>> take_uses();

 private:
  struct Entry {
    http::Principal principal;
    Time cached_at{};
    std::optional<Time> valid_until;
  };
  void note_use(const std::string& digest, Time now);

  const std::size_t capacity_;
  const std::chrono::seconds lifetime_;
  mutable std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Time> uses_;
};

}  // namespace handschlag::staff
