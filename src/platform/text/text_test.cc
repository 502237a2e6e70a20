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
