#include "features/customers/names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace handschlag::customers {
namespace {

class NamesTest : public testing::Test {
 protected:
  void SetUp() override { crypto::initialize(); }
  bool finds(const char* query, const char* name) {
    auto stored = digests_of_name(digester_, name);
    auto wanted = digests_of_query(digester_, query);
    return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const WordDigest& digest) {
      return std::any_of(stored.begin(), stored.end(),
                         [&](const WordDigest& word) { return word.current == digest.current; });
    });
  }
  identity::Digester digester_{{crypto::Key::random()}, 1};
};

TEST_F(NamesTest, WordsAndTheirBeginningsAreFound) {
  for (const char* query :
       {"anna", "ANNA", "ann", "müller", "Muller", "mul", "mulle", "muller anna", "lüdenscheidt", "luden"}) {
    EXPECT_TRUE(finds(query, "Anna Müller-Lüdenscheidt")) << query;
  }
}

TEST_F(NamesTest, OthersAreNot) {
  for (const char* query : {"an", "anne", "ller", "ludensch", "anna schmidt", "", "-"}) {
    EXPECT_FALSE(finds(query, "Anna Müller-Lüdenscheidt")) << query;
  }
}

TEST_F(NamesTest, ShortNamesAreFoundWhole) {
  EXPECT_TRUE(finds("li", "Li Wu"));
  EXPECT_TRUE(finds("wu", "Li Wu"));
  EXPECT_FALSE(finds("l", "Li Wu"));
}

TEST_F(NamesTest, LongNamesAreBounded) {
  std::string name;
  for (int i = 0; i < 10'000; ++i) name += "word" + std::to_string(i) + " ";
  EXPECT_LE(digests_of_name(digester_, name).size(), 40u);
}

TEST_F(NamesTest, AnotherKeyGivesOtherDigests) {
  identity::Digester other({crypto::Key::random()}, 1);
  EXPECT_NE(digests_of_name(digester_, "Anna")[0].current, digests_of_name(other, "Anna")[0].current);
}

}  // namespace
}  // namespace handschlag::customers
