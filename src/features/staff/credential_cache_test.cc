#include "features/staff/credential_cache.h"

#include <gtest/gtest.h>

namespace handschlag::staff {
namespace {

using std::chrono::seconds;

constexpr Time kNow = Time{std::chrono::milliseconds{1'795'000'000'000}};

http::Principal principal(const std::string& id) {
  return {id, "agent", {}};
}

TEST(CredentialCache, ForgetsAfterItsLifetimeAndWhenTheClockIsSetBack) {
  CredentialCache cache(10, seconds(5));
  for (Time at : {kNow + seconds(5), kNow - seconds(1)}) {
    cache.put(cache.generation(), "digest", principal("token:1"), {}, kNow);
    EXPECT_TRUE(cache.find("digest", kNow + seconds(4)).has_value());
    EXPECT_FALSE(cache.find("digest", at).has_value());
  }
}

TEST(CredentialCache, WhatWasReadBeforeARevocationIsNotKept) {
  CredentialCache cache(10, seconds(5));
  const std::uint64_t before = cache.generation();
  cache.clear();
  cache.put(before, "digest", principal("token:1"), {}, kNow);
  EXPECT_FALSE(cache.find("digest", kNow).has_value());
}

TEST(CredentialCache, IsBounded) {
  CredentialCache cache(2, seconds(5));
  for (int i = 0; i < 5; ++i) cache.put(cache.generation(), std::to_string(i), principal("token:1"), {}, kNow);
  int found = 0;
  for (int i = 0; i < 5; ++i) found += cache.find(std::to_string(i), kNow).has_value() ? 1 : 0;
  EXPECT_LE(found, 2);
  EXPECT_LE(cache.take_uses().size(), 2U);
}

TEST(CredentialCache, NotesTheLatestUse) {
  CredentialCache cache(10, seconds(5));
  cache.put(cache.generation(), "digest", principal("token:1"), {}, kNow);
  EXPECT_TRUE(cache.find("digest", kNow + seconds(1)).has_value());
  const auto uses = cache.take_uses();
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].second, kNow + seconds(1));
  EXPECT_TRUE(cache.take_uses().empty());
}

}  // namespace
}  // namespace handschlag::staff
