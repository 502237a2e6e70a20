#include "platform/text/zone.h"

#include <gtest/gtest.h>

namespace handschlag::text {
namespace {

using namespace std::chrono_literals;

std::string utc_of(std::string_view zone, LocalTime local) {
  auto found = Zone::find(zone);
  return found ? format_time(found->to_utc(local)) : found.error().code;
}

LocalTime local(int year, unsigned month, unsigned day, std::chrono::milliseconds time) {
  return std::chrono::local_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)} + time;
}

TEST(Zone, KnowsWinterAndSummer) {
  EXPECT_EQ(utc_of("Europe/London", local(2010, 12, 1, 8h + 26min)), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(utc_of("Europe/London", local(2011, 7, 1, 8h + 26min)), "2011-07-01T07:26:00.000Z");
  EXPECT_EQ(utc_of("Europe/Berlin", local(2011, 7, 1, 8h)), "2011-07-01T06:00:00.000Z");
  EXPECT_EQ(utc_of("Asia/Kolkata", local(2011, 7, 1, 8h)), "2011-07-01T02:30:00.000Z");
  EXPECT_EQ(utc_of("UTC", local(2011, 7, 1, 8h)), "2011-07-01T08:00:00.000Z");
}

TEST(Zone, AnHourShownTwiceIsTheFirstOfTheTwo) {
  EXPECT_EQ(utc_of("Europe/Berlin", local(2026, 10, 25, 2h + 30min)), "2026-10-25T00:30:00.000Z");
}

TEST(Zone, AnHourLeftOutIsTakenAsIfTheClockStoodStill) {
  EXPECT_EQ(utc_of("Europe/Berlin", local(2026, 3, 29, 2h + 30min)), "2026-03-29T01:30:00.000Z");
}

TEST(Zone, AnUnknownNameIsAnError) {
  EXPECT_EQ(utc_of("Europe/Atlantis", {}), "zone_unknown");
  EXPECT_EQ(utc_of("", {}), "zone_unknown");
  EXPECT_EQ(utc_of("GMT+25", {}), "zone_unknown");
  EXPECT_EQ(utc_of("\xFF", {}), "zone_unknown");
}

TEST(Zone, ACountryHasItsZones) {
  ASSERT_EQ(zones_of("AT").size(), 1U);
  EXPECT_EQ(format_time(zones_of("AT")[0].to_utc(local(2011, 7, 1, 8h))), "2011-07-01T06:00:00.000Z");
  EXPECT_GE(zones_of("US").size(), 6U);
  EXPECT_EQ(zones_of("US").data(), zones_of("US").data()) << "looked up once";
  EXPECT_TRUE(zones_of("").empty());
  EXPECT_TRUE(zones_of("QQ").empty());
  EXPECT_TRUE(zones_of("Germany").empty());
  EXPECT_TRUE(zones_of("de").empty());
  EXPECT_TRUE(zones_of("\xC3\x84").empty());
}

}  // namespace
}  // namespace handschlag::text
