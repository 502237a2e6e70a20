#include "features/webhooks/schedule.h"

#include <gtest/gtest.h>

#include "platform/http_client/webhook.h"

namespace handschlag::webhooks {
namespace {

using http_client::parse_retry_after;

TEST(Schedule, TriesTenTimesOverThreeDays) {
  using std::chrono::hours;
  std::chrono::milliseconds all{0};
  std::chrono::milliseconds before{0};
  for (std::int64_t attempt = 1; attempt < kAttempts; ++attempt) {
    const auto pause = pause_after(attempt, 0.5, {});
    ASSERT_TRUE(pause) << attempt;
    EXPECT_GT(*pause, before);
    before = *pause;
    all += *pause;
  }
  EXPECT_EQ(*pause_after(1, 0.5, {}), std::chrono::seconds{5});
  EXPECT_EQ(all, std::chrono::seconds{5} + std::chrono::minutes{35} + hours{75});
  EXPECT_FALSE(pause_after(kAttempts, 0.5, {}));
  EXPECT_FALSE(pause_after(kAttempts, 0.5, hours{1}));
}

TEST(Schedule, SpreadsPausesByAFifth) {
  EXPECT_EQ(*pause_after(2, 0, {}), std::chrono::minutes{4});
  EXPECT_EQ(*pause_after(2, 1, {}), std::chrono::minutes{6});
}

TEST(Schedule, WaitsAtLeastAsLongAsTheReceiverAsksUpToADay) {
  EXPECT_EQ(*pause_after(1, 0.5, parse_retry_after("120")), std::chrono::minutes{2});
  EXPECT_EQ(*pause_after(3, 0.5, parse_retry_after("120")), std::chrono::minutes{30});
  EXPECT_EQ(*pause_after(1, 0.5, parse_retry_after("999999999999")), std::chrono::hours{24});
  for (const char* header : {"", "-5", "soon", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999999"}) {
    EXPECT_EQ(parse_retry_after(header), std::chrono::seconds{0}) << header;
  }
}

}  // namespace
}  // namespace handschlag::webhooks
