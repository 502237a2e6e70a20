#include "platform/http/rate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace handschlag::http {
namespace {

using std::chrono::milliseconds;

constexpr Rate kTenASecond{.per_second = 10, .burst = 5};

class BucketsTest : public ::testing::Test {
 protected:
  bool take(std::string_view key = "a", std::int64_t amount = 1, Rate rate = kTenASecond) {
    return !buckets_.take(key, rate, amount, now_).has_value();
  }

  Buckets buckets_{1'000};
  Buckets::Now now_{std::chrono::hours(1)};
};

TEST_F(BucketsTest, GivesTheBurstAndThenTheRate) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take());
  EXPECT_FALSE(take());
  now_ += milliseconds(100);
  EXPECT_TRUE(take());
  EXPECT_FALSE(take());
  now_ += std::chrono::hours(1);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take());  // never more than the burst
  EXPECT_FALSE(take());
}

TEST_F(BucketsTest, SaysHowLongToWait) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take());
  const auto wait = buckets_.take("a", kTenASecond, 1, now_);
  ASSERT_TRUE(wait.has_value());
  EXPECT_GE(wait->count(), 90);
  EXPECT_LE(wait->count(), 110);
  now_ += *wait;
  EXPECT_TRUE(take());
}

TEST_F(BucketsTest, WhatIsLargerThanTheBurstIsTakenAndPaidOff) {
  EXPECT_TRUE(take("a", 20));
  EXPECT_FALSE(take("a", 1));
  now_ += milliseconds(1'400);
  EXPECT_FALSE(take("a", 1));
  now_ += milliseconds(200);
  EXPECT_TRUE(take("a", 20));
}

TEST_F(BucketsTest, RefusalsCostNothing) {
  EXPECT_TRUE(take("a", 5));
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(take());
  now_ += milliseconds(110);
  EXPECT_TRUE(take());
}

TEST_F(BucketsTest, ChargingTakesWhatIsNotThere) {
  buckets_.charge("a", kTenASecond, 10, now_);
  EXPECT_FALSE(take());
  now_ += milliseconds(600);
  EXPECT_TRUE(take());
}

TEST_F(BucketsTest, KeysDoNotTouchEachOther) {
  EXPECT_TRUE(take("a", 100));
  EXPECT_FALSE(take("a"));
  EXPECT_TRUE(take("b"));
}

TEST_F(BucketsTest, WithoutARateThereIsNoLimit) {
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(take("a", 1'000'000, Rate{}));
  EXPECT_EQ(buckets_.size(), 0U);
}

TEST_F(BucketsTest, ARateThatChangesHoldsAtOnce) {
  EXPECT_TRUE(take("a", 5));
  EXPECT_FALSE(take("a"));
  EXPECT_TRUE(take("a", 1, Rate{.per_second = 1'000, .burst = 1'000}));
  EXPECT_TRUE(take("a", 1, Rate{.per_second = 1'000'000, .burst = 1}));
}

TEST_F(BucketsTest, MemoryIsBoundedAndWhoWaitsIsForgottenLast) {
  EXPECT_TRUE(take("debtor", 1'000'000));
  for (int i = 0; i < 20'000; ++i) {
    take(std::to_string(i));
    now_ += milliseconds(100);  // the bucket is full again
  }
  EXPECT_LE(buckets_.size(), 1'000U);
  EXPECT_FALSE(take("debtor"));
  for (int i = 0; i < 20'000; ++i) take(std::to_string(i), 1'000'000);
  EXPECT_LE(buckets_.size(), 1'000U);
}

TEST_F(BucketsTest, ManyThreadsGetTogetherWhatOneWouldGet) {
  constexpr Rate kRate{.per_second = 1, .burst = 1'000};
  std::atomic<int> given = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1'000; ++k) given += buckets_.take("a", kRate, 1, now_).has_value() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given, 1'000);
}

}  // namespace
}  // namespace handschlag::http
