#include "platform/base/clock.h"

#include <gtest/gtest.h>

namespace handschlag {
namespace {

TEST(ParseTime, TakesTheFormsOfRfc3339) {
  for (const char* text : {"2026-11-21T21:38:27.620Z", "2026-11-21t21:38:27.620z", "2026-11-21 21:38:27.62Z",
                           "2026-11-21T22:38:27.620+01:00", "2026-11-21T16:08:27.6209-0530"}) {
    auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_time(*time), "2026-11-21T21:38:27.620Z") << text;
  }
  EXPECT_EQ(format_time(*parse_time("2024-02-29")), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(format_time(*parse_time("2016-12-31T23:59:60Z")), "2017-01-01T00:00:00.000Z");
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text : {"", "2026", "2026-11", "2026-13-01", "2026-02-30", "1969-12-31", "2026-11-21T",
                           "2026-11-21T25:00Z", "2026-11-21T10:61Z", "2026-11-21T10:00:00+25:00",
                           "2026-11-21T10:00:00Zx", "21.11.2026", "1795297109471", "yesterday", "2026-11-21T10",
                           "1970-01-01T00:00:00+01:00", "9999-12-31T23:59:60Z", "9999-12-31T23:30:00-01:00"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(ManualClock, StandsStillUntilItIsMoved) {
  ManualClock clock(from_millis(1'000));
  EXPECT_EQ(to_millis(clock.now()), 1'000);
  clock.advance(std::chrono::milliseconds{5});
  EXPECT_EQ(to_millis(clock.now()), 1'005);
}

}  // namespace
}  // namespace handschlag
