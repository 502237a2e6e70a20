#include "features/imports/time_format.h"

#include <gtest/gtest.h>

namespace handschlag::imports {
namespace {

// The time as if it were UTC, "" where it is none.
std::string read(const std::string& pattern, std::string_view text) {
  auto format = TimeFormat::parse(pattern);
  if (!format) return format.error().code;
  auto local = format->read(text);
  return local ? format_time(Time{local->time_since_epoch()}) : "";
}

TEST(TimeFormat, ReadsWhatTillsWrite) {
  EXPECT_EQ(read("%Y-%m-%d %H:%M:%S", "2010-12-01 08:26:00"), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(read("%d.%m.%Y %H:%M", "1.12.2010 8:26"), "2010-12-01T08:26:00.000Z");
  EXPECT_EQ(read("%m/%d/%y %I:%M %p", "12/01/10 12:26 am"), "2010-12-01T00:26:00.000Z");
  EXPECT_EQ(read("%m/%d/%y %I:%M %p", "12/01/10 12:26 PM"), "2010-12-01T12:26:00.000Z");
  EXPECT_EQ(read("%Y%m%d", "20101201"), "2010-12-01T00:00:00.000Z");
  EXPECT_EQ(read("%%%Y-%m-%d", "%2010-12-01"), "2010-12-01T00:00:00.000Z");
}

TEST(TimeFormat, RefusesWhatIsNoTime) {
  for (std::string_view text :
       {"", "2010-12-01", "2010-12-01 08:26:00 ", "2010-02-29 08:26:00", "2010-13-01 08:26:00", "2010-12-01 24:00:00",
        "2010-12-01 08:60:00", "1969-12-01 08:26:00", "a010-12-01 08:26:00"}) {
    EXPECT_EQ(read("%Y-%m-%d %H:%M:%S", text), "") << text;
  }
  EXPECT_EQ(read("%m/%d/%y %I:%M %p", "12/01/10 13:26 PM"), "");
  EXPECT_EQ(read("%m/%d/%y %I:%M %p", "12/01/10 1:26 XM"), "");
}

TEST(TimeFormat, APatternMustTellTheDay) {
  for (const char* pattern :
       {"", "%Y-%m", "%Y-%m-%d %q", "%Y-%m-%d %", "%Y-%m-%d %I:%M", "%Y-%y-%m-%d", "%Y-%m-%d-%d"}) {
    EXPECT_EQ(read(pattern, "2010-12-01"), "time_format_invalid") << pattern;
  }
}

}  // namespace
}  // namespace handschlag::imports
