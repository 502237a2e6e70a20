#include "platform/base/money.h"

#include <gtest/gtest.h>

namespace handschlag {
namespace {

TEST(ParseMicros, IsExact) {
  EXPECT_EQ(*parse_micros("12.5"), 12'500'000);
  EXPECT_EQ(*parse_micros("-0.125"), -125'000);
  EXPECT_EQ(*parse_micros("1.275"), 1'275'000);
  EXPECT_EQ(*parse_micros("3,39", ','), 3'390'000);
  EXPECT_EQ(*parse_micros("0.0000010000"), 1);
  EXPECT_EQ(*parse_micros("+7"), 7'000'000);
  EXPECT_EQ(*parse_micros("9223372036854.775807"), INT64_MAX);
  EXPECT_EQ(*parse_micros("-9223372036854.775808"), INT64_MIN);
}

TEST(ParseMicros, RefusesWhatIsNoAmountOrDoesNotFit) {
  for (const char* text : {"", "-", ".", "1.2.3", "1,5", "1e3", " 1", "0.0000001", "9223372036854.775808",
                           "99999999999999", "abc", "--1", "NaN"}) {
    EXPECT_FALSE(parse_micros(text)) << text;
  }
}

TEST(FormatMicros, IsTheShortestExactText) {
  EXPECT_EQ(format_micros(12'500'000), "12.5");
  EXPECT_EQ(format_micros(-125'000), "-0.125");
  EXPECT_EQ(format_micros(0), "0");
  EXPECT_EQ(format_micros(INT64_MIN), "-9223372036854.775808");
  EXPECT_EQ(*parse_micros(format_micros(INT64_MAX)), INT64_MAX);
}

TEST(Micros, OverflowIsAnError) {
  EXPECT_FALSE(add_micros(INT64_MAX, 1));
  EXPECT_FALSE(multiply_micros(INT64_MAX, 2));
  EXPECT_EQ(*multiply_micros(2'550'000, 6), 15'300'000);
}

TEST(CurrencyCode, HasThreeCapitals) {
  EXPECT_TRUE(is_currency_code("EUR"));
  EXPECT_FALSE(is_currency_code("eur"));
  EXPECT_FALSE(is_currency_code("EURO"));
  EXPECT_FALSE(is_currency_code(""));
}

}  // namespace
}  // namespace handschlag
