#include "platform/text/text.h"

#include <gtest/gtest.h>

namespace handschlag::text {
namespace {

TEST(TextFold, MakesSpellingsOfOneWordEqual) {
  EXPECT_EQ(fold("STRASSE"), fold("Straße"));
  EXPECT_EQ(fold("Zoe\u0308"), fold("ZO\u00CB"));
  EXPECT_EQ(fold("\uFF21"), "a");
}

TEST(TextWords, AreFoldedAndWithoutPunctuation) {
  EXPECT_EQ(words("Dr. Anna Müller-Lüdenscheidt"), (std::vector<std::string>{"dr", "anna", "muller", "ludenscheidt"}));
  EXPECT_TRUE(words(" ,.- ").empty());
  EXPECT_TRUE(words("").empty());
}

TEST(TextPhone, BecomesE164) {
  EXPECT_EQ(phone_e164("030 123456", "DE"), "+4930123456");
  EXPECT_EQ(phone_e164("+44 20 7946 0958", "DE"), "+442079460958");
  EXPECT_EQ(phone_e164("0049 30 123456", "DE"), "+4930123456");
  EXPECT_FALSE(phone_e164("030 123456", ""));
  EXPECT_FALSE(phone_e164("hello", "DE"));
  EXPECT_FALSE(phone_e164("1", "DE"));
  EXPECT_FALSE(phone_e164(std::string(100'000, '1'), "DE"));
}

TEST(TextPhone, NumbersThatServeEverybodyAreNobodysOwn) {
  for (std::string_view number : {"112", "110", "116117", "115"}) {
    auto dialled = phone_e164(number, "DE");
    ASSERT_TRUE(dialled) << number;
    EXPECT_TRUE(is_short_phone(*dialled)) << *dialled;
  }
  EXPECT_TRUE(is_short_phone("+44999"));
  EXPECT_TRUE(is_short_phone("+1911"));
  for (std::string_view number : {"+4930123456", "+491512345678", "+442079460958", "+12127365000", "", "nonsense"}) {
    EXPECT_FALSE(is_short_phone(number)) << number;
  }
}

TEST(TextBlank, WhatNobodySeesIsBlank) {
  for (std::string_view blank :
       {"", " \t\r\n", "\u00a0", "\u2003 \u3000", "\u200b\u200d\ufeff", "\u2800", "\u3164", "\u00ad", "\u2060\u180e"}) {
    EXPECT_TRUE(is_blank(blank)) << blank.size();
  }
  for (std::string_view seen : {"a", "\u00a0.", "\u200b\u00e4", "\xff", "\U0001f600"}) EXPECT_FALSE(is_blank(seen));
}

TEST(TextCountry, MustBeAssigned) {
  EXPECT_EQ(country_code("de"), "DE");
  EXPECT_EQ(country_code("GB"), "GB");
  EXPECT_FALSE(country_code("XX"));
  EXPECT_FALSE(country_code("DEU"));
  EXPECT_FALSE(country_code(""));
  EXPECT_FALSE(country_code("d1"));
}

TEST(TextUtf8, RefusesWhatIsMalformed) {
  EXPECT_TRUE(is_utf8("Zürich"));
  EXPECT_TRUE(is_utf8(""));
  EXPECT_FALSE(is_utf8("\xC3"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
}

}  // namespace
}  // namespace handschlag::text
