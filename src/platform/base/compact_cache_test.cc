#include "platform/base/compact_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <unordered_map>
#include <vector>

namespace handschlag {
namespace {

struct Hash {
  std::uint64_t operator()(std::uint64_t key) const { return mixed(key); }
};
using Cache = CompactCache<std::uint64_t, std::uint64_t, Hash>;

TEST(CompactCache, KeepsWhatFits) {
  Cache cache(1 << 20);
  for (std::uint64_t key = 0; key < 1'000; ++key) cache.put(key, key * key);
  for (std::uint64_t key = 0; key < 1'000; ++key) EXPECT_EQ(cache.find(key), key * key);
  EXPECT_FALSE(cache.find(1'000));
  cache.put(7, 1);
  EXPECT_EQ(cache.find(7), 1U) << "the later value replaces the earlier";
}

TEST(CompactCache, NeverHoldsMoreThanItMay) {
  Cache cache(64 * 1024);
  std::size_t entries = 64 * 1024 / 16;
  for (std::uint64_t key = 0; key < 100'000; ++key) cache.put(key, key);
  std::size_t found = 0;
  for (std::uint64_t key = 0; key < 100'000; ++key) found += cache.find(key) ? 1U : 0U;
  EXPECT_LE(cache.capacity(), entries);
  EXPECT_LE(found, cache.capacity());
  EXPECT_GT(found, cache.capacity() / 2);
}

TEST(CompactCache, GivesUpWhatWasNotUsedForLongest) {
  Cache cache(1);  // one set
  ASSERT_EQ(cache.capacity(), 8U);
  for (std::uint64_t key = 0; key < 8; ++key) cache.put(key, key);
  cache.find(0);
  cache.put(100, 100);
  EXPECT_TRUE(cache.find(0));
  EXPECT_FALSE(cache.find(1));
}

TEST(CompactCache, WhatIsErasedIsGone) {
  Cache cache(1 << 16);
  for (std::uint64_t key = 0; key < 100; ++key) cache.put(key, key % 2);
  cache.erase(4);
  EXPECT_FALSE(cache.find(4));
  cache.erase_if([](std::uint64_t, std::uint64_t value) { return value == 1; });
  EXPECT_FALSE(cache.find(5));
  EXPECT_TRUE(cache.find(6));
  cache.clear();
  EXPECT_FALSE(cache.find(6));
}

TEST(CompactCache, ManyThreadsNeverSeeAnotherKeysValue) {
  Cache cache(4 * 1024);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t id = 0; id < wrong.size(); ++id) {
    threads.emplace_back([&, id] {
      for (std::uint64_t i = 0; i < 50'000; ++i) {
        std::uint64_t key = mixed(i + id * 7) % 500;
        if (i % 3 == 0) cache.put(key, key + 1);
        if (i % 97 == 0) cache.erase(key);
        if (auto value = cache.find(key); value && *value != key + 1) ++wrong[id];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

}  // namespace
}  // namespace handschlag
