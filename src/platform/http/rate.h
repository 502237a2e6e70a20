// Rates that are held to: token buckets in memory, per node. Thread-safe, one short lock a decision.
//
//   Buckets buckets(100'000);
//   if (auto wait = buckets.take("token:7", {.per_second = 100, .burst = 200}, 1, now)) ... 429, Retry-After: *wait
//
// Each key has a bucket that holds `burst` and fills at `per_second`. What is asked for is given as long as the bucket
// is not empty, even where that is more than it holds: a batch larger than the burst is taken and paid off afterwards,
// instead of never. A bucket whose rate changes starts afresh.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

struct Rate {
  std::int64_t per_second = 0;  // 0: no limit
  std::int64_t burst = 0;       // at least 1 where there is a limit
  friend bool operator==(const Rate&, const Rate&) = default;
};

class Buckets {
 public:
  using Now = std::chrono::steady_clock::time_point;

  // Remembers at most about `max_keys`. Beyond, buckets that are full are forgotten, which changes nothing; where there
  // is none, another one, which then starts afresh.
  explicit Buckets(std::size_t max_keys);

  // Takes `amount`; or answers how long to wait until there is something again.
  std::optional<std::chrono::milliseconds> take(std::string_view key, Rate rate, std::int64_t amount, Now now);
  // Takes even what is not there: for work that turned out to be more than one.
  void charge(std::string_view key, Rate rate, std::int64_t amount, Now now);

  std::size_t size() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct Bucket {
    Now full_at;  // again; what is past is full
    std::int64_t per_second;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets;
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard_of(std::string_view key) { return shards_[Hash{}(key) % kShards]; }
  Now& full_at(Shard& shard, std::string_view key, Rate rate, Now now) const;

  const std::size_t max_keys_of_shard_;
  std::array<Shard, kShards> shards_;
};

// too_many, with the time to wait.
std::unexpected<Error> over_rate(std::string_view code, std::string detail, std::chrono::milliseconds wait);

}  // namespace handschlag::http
