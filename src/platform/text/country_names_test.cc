#include "platform/text/country_names.h"

#include <gtest/gtest.h>

#include <vector>

namespace handschlag::text {
namespace {

TEST(CountryNames, KnowLongAndShortNamesAndCodes) {
  std::vector<std::string> english = {"en"};
  CountryNames names(english);
  EXPECT_EQ(names.find("United Kingdom"), "GB");
  EXPECT_EQ(names.find(" united  kingdom"), std::nullopt) << "white space inside matters";
  EXPECT_EQ(names.find(" UNITED KINGDOM "), "GB");
  EXPECT_EQ(names.find("UK"), "GB");
  EXPECT_EQ(names.find("USA"), "US");
  EXPECT_EQ(names.find("Hong Kong"), "HK");
  EXPECT_EQ(names.find("de"), "DE");
  EXPECT_EQ(names.find("Deutschland"), std::nullopt);
  EXPECT_EQ(names.find("Nowhere"), std::nullopt);
  EXPECT_EQ(names.find(""), std::nullopt);
}

TEST(CountryNames, KnowEveryLanguageAskedFor) {
  std::vector<std::string> both = {"en", "de"};
  CountryNames names(both);
  EXPECT_EQ(names.find("Deutschland"), "DE");
  EXPECT_EQ(names.find("ÖSTERREICH"), "AT");
  EXPECT_EQ(names.find("Germany"), "DE");
}

}  // namespace
}  // namespace handschlag::text
