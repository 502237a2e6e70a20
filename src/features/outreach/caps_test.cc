#include "features/outreach/caps.h"

#include <gtest/gtest.h>

namespace handschlag::outreach {
namespace {

TEST(Caps, AreReadInDaysHoursAndMinutes) {
  EXPECT_EQ(parse_cap(Kind::marketing, "3/14d"), (Cap{Kind::marketing, 3, std::chrono::days{14}}));
  EXPECT_EQ(parse_cap(Kind::service, "1000/36h"), (Cap{Kind::service, 1'000, std::chrono::hours{36}}));
  EXPECT_EQ(parse_cap(Kind::survey, "1/1m"), (Cap{Kind::survey, 1, std::chrono::minutes{1}}));
  EXPECT_EQ(parse_cap(Kind::survey, "1/180d")->within, kLongestCap);
  EXPECT_TRUE(parse_cap(Kind::survey, "1/4320h"));
}

TEST(Caps, WhatIsAnythingElseIsNone) {
  for (const char* text : {"",
                           "/",
                           "3",
                           "3/",
                           "/1d",
                           "3/d",
                           "3/14",
                           "3/14w",
                           "3/14D",
                           "0/1d",
                           "-1/1d",
                           "+1/1d",
                           "1001/1d",
                           "1/0d",
                           "1/181d",
                           "1/4321h",
                           "1/259201m",
                           "1/-1d",
                           "1/1.5d",
                           " 1/1d",
                           "1/1d ",
                           "1/1dd",
                           "1/1/1d",
                           "99999999999999999999/1d",
                           "1/99999999999999999999d",
                           "3 / 14d"}) {
    EXPECT_EQ(parse_cap(Kind::marketing, text), std::nullopt) << text;
  }
}

TEST(Caps, AreWrittenAsTheyAreRead) {
  for (const char* text : {"3/14d", "1/36h", "20/90m"}) EXPECT_EQ(to_text(*parse_cap(Kind::service, text)), text);
  EXPECT_EQ(to_text(*parse_cap(Kind::service, "5/48h")), "5/2d");
  for (const Cap& cap : usual_caps()) EXPECT_EQ(parse_cap(cap.kind, to_text(cap)), cap);
}

}  // namespace
}  // namespace handschlag::outreach
