#include "platform/http/rate.h"

#include <algorithm>

namespace handschlag::http {
namespace {

constexpr std::size_t kForgottenAtOnce = 64;  // looked at when there is no room: bounded work under the lock

std::chrono::nanoseconds time_for(std::int64_t amount, Rate rate) {
  return std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(amount) * 1e9 / static_cast<double>(rate.per_second)));
}

}  // namespace

Buckets::Buckets(std::size_t max_keys) : max_keys_of_shard_(std::max<std::size_t>(max_keys / kShards, 1)) {}

Buckets::Now& Buckets::full_at(Shard& shard, std::string_view key, Rate rate, Now now) const {
  auto found = shard.buckets.find(key);
  if (found != shard.buckets.end()) {
    if (found->second.per_second != rate.per_second) found->second = {now, rate.per_second};
    return found->second.full_at;
  }
  if (shard.buckets.size() >= max_keys_of_shard_) {
    auto candidate = shard.buckets.begin();
    for (std::size_t i = 0; i < kForgottenAtOnce && candidate != shard.buckets.end(); ++i) {
      candidate = candidate->second.full_at <= now ? shard.buckets.erase(candidate) : std::next(candidate);
    }
    if (shard.buckets.size() >= max_keys_of_shard_) shard.buckets.erase(shard.buckets.begin());
  }
  return shard.buckets.emplace(key, Bucket{now, rate.per_second}).first->second.full_at;
}

std::optional<std::chrono::milliseconds> Buckets::take(std::string_view key, Rate rate, std::int64_t amount, Now now) {
  if (rate.per_second <= 0) return std::nullopt;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  Now& full = full_at(shard, key, rate, now);
  const auto empty_at_wait = time_for(std::max<std::int64_t>(rate.burst, 1), rate);
  if (full - now >= empty_at_wait) {
    const auto wait = full - now - empty_at_wait + time_for(1, rate);
    return std::chrono::ceil<std::chrono::milliseconds>(wait);
  }
  full = std::max(full, now) + time_for(amount, rate);
  return std::nullopt;
}

void Buckets::charge(std::string_view key, Rate rate, std::int64_t amount, Now now) {
  if (rate.per_second <= 0 || amount <= 0) return;
  Shard& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  Now& full = full_at(shard, key, rate, now);
  full = std::max(full, now) + time_for(amount, rate);
}

std::size_t Buckets::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    size += shard.buckets.size();
  }
  return size;
}

std::unexpected<Error> over_rate(std::string_view code, std::string detail, std::chrono::milliseconds wait) {
  Error error{ErrorKind::too_many, std::string(code), std::move(detail)};
  error.retry_after = std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(wait));
  return std::unexpected(std::move(error));
}

}  // namespace handschlag::http
