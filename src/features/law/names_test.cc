// Terms of the law, by the calendar.
#include <gtest/gtest.h>

#include "features/law/law.h"

namespace handschlag::law {
namespace {

std::string end_of(std::string_view from, std::string_view term) {
  return format_time(after(*parse_time(from), *parse_term(term)));
}

TEST(TermTest, EndsByTheCalendar) {
  EXPECT_EQ(end_of("2026-01-31T10:00:00Z", "1 month"), "2026-02-28T10:00:00.000Z");
  EXPECT_EQ(end_of("2024-02-29T10:00:00Z", "1 year"), "2025-02-28T10:00:00.000Z");
  EXPECT_EQ(end_of("2026-11-30T23:59:59Z", "3 months"), "2027-02-28T23:59:59.000Z");
  EXPECT_EQ(end_of("2026-11-23T10:00:00Z", "72 hours"), "2026-11-26T10:00:00.000Z");
  EXPECT_EQ(end_of("2026-11-23T10:00:00Z", "30 days"), "2026-12-23T10:00:00.000Z");
  EXPECT_EQ(end_of("2021-11-23T10:00:00Z", "5 years"), "2026-11-23T10:00:00.000Z");
}

TEST(TermTest, WorkingDaysLeaveOutWeekends) {
  EXPECT_EQ(end_of("2026-11-20T10:00:00Z", "1 working day"), "2026-11-23T10:00:00.000Z") << "a Friday";
  EXPECT_EQ(end_of("2026-11-21T10:00:00Z", "1 working day"), "2026-11-23T10:00:00.000Z") << "a Saturday";
  EXPECT_EQ(end_of("2026-11-23T10:00:00Z", "10 working days"), "2026-12-07T10:00:00.000Z");
}

TEST(TermTest, NoTermEndsAtOnceAndALongOneWithTime) {
  const Time now = *parse_time("2026-11-23T10:00:00Z");
  EXPECT_EQ(after(now, {}), now);
  EXPECT_LE(after(now, {2'000'000'000, Term::Unit::years}), *parse_time("9999-12-31T23:59:59Z"));
  EXPECT_GT(after(now, {2'000'000'000, Term::Unit::days}), now);
}

}  // namespace
}  // namespace handschlag::law
