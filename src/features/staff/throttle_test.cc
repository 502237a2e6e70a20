#include "features/staff/throttle.h"

#include <gtest/gtest.h>

namespace handschlag::staff {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kStart = Time{std::chrono::milliseconds{1'795'000'000'000}};

seconds wait_of(const Result<void>& admitted) {
  return admitted ? seconds(0) : admitted.error().retry_after;
}

TEST(SignInThrottle, DelayGrowsWithEachFailureUpToALimit) {
  SignInThrottle throttle;
  Time now = kStart;
  for (int i = 0; i < SignInThrottle::kFreeFailuresOfLogin; ++i) {
    EXPECT_TRUE(throttle.admit("ada", std::to_string(i), now).has_value());
  }
  seconds expected{1};
  for (int i = 0; i < 12; ++i) {
    const seconds wait = wait_of(throttle.admit("ada", "other " + std::to_string(i), now));
    EXPECT_EQ(wait, expected);
    now += wait;
    EXPECT_TRUE(throttle.admit("ada", "another " + std::to_string(i), now).has_value());
    expected = std::min(expected * 2, SignInThrottle::kLongestWaitOfLogin);
  }
}

TEST(SignInThrottle, RefusedAttemptsDoNotProlongTheWait) {
  SignInThrottle throttle;
  for (int i = 0; i < SignInThrottle::kFreeFailuresOfLogin; ++i) ASSERT_TRUE(throttle.admit("ada", "a", kStart));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(wait_of(throttle.admit("ada", "a", kStart)), seconds(1));
  EXPECT_TRUE(throttle.admit("ada", "a", kStart + seconds(1)).has_value());
}

TEST(SignInThrottle, SuccessOfOneLoginDoesNotForgiveItsAddress) {
  SignInThrottle throttle;
  for (int i = 0; i < SignInThrottle::kFreeFailuresOfAddress; ++i) {
    ASSERT_TRUE(throttle.admit("mallory", "192.0.2.1", kStart).has_value());
    throttle.passed("mallory", "192.0.2.1");
    ASSERT_TRUE(throttle.admit("login " + std::to_string(i), "192.0.2.1", kStart).has_value());
  }
  EXPECT_EQ(wait_of(throttle.admit("mallory", "192.0.2.1", kStart)), seconds(1));
  EXPECT_TRUE(throttle.admit("mallory", "192.0.2.2", kStart).has_value());
}

TEST(SignInThrottle, AddressesOfOneNetworkCountAsOne) {
  auto throttled_together = [](const std::string& one, const std::string& other) {
    SignInThrottle throttle;
    for (int i = 0; i < SignInThrottle::kFreeFailuresOfAddress; ++i) {
      EXPECT_TRUE(throttle.admit("login " + std::to_string(i), one, kStart).has_value());
    }
    return !throttle.admit("new", other, kStart).has_value();
  };
  EXPECT_TRUE(throttled_together("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:a:b:c:d"));
  EXPECT_TRUE(throttled_together("2001:db8::1", "2001:db8::2"));
  EXPECT_TRUE(throttled_together("::ffff:192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(throttled_together("2001:db8:1:2::1", "2001:db8:1:3::1"));
  EXPECT_FALSE(throttled_together("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
  EXPECT_FALSE(throttled_together("192.0.2.1", "192.0.2.2"));
}

TEST(SignInThrottle, DroppedAttemptsDoNotCount) {
  SignInThrottle throttle;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(throttle.admit("ada", "a", kStart).has_value());
    throttle.dropped("ada", "a");
  }
}

TEST(SignInThrottle, FailuresAreForgottenAfterAWhile) {
  SignInThrottle throttle;
  for (int i = 0; i < SignInThrottle::kFreeFailuresOfLogin; ++i) ASSERT_TRUE(throttle.admit("ada", "a", kStart));
  const Time later = kStart + SignInThrottle::kForgottenAfter + seconds(1);
  for (int i = 0; i < SignInThrottle::kFreeFailuresOfLogin; ++i) EXPECT_TRUE(throttle.admit("ada", "a", later));
  EXPECT_FALSE(throttle.admit("ada", "a", later).has_value());
}

TEST(SignInThrottle, MemoryIsBounded) {
  SignInThrottle throttle;
  for (std::size_t i = 0; i < SignInThrottle::kMaxEntries; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(throttle.admit(name, name, kStart).has_value());
  }
}

}  // namespace
}  // namespace handschlag::staff
