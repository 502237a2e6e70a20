#include "platform/base/label.h"

#include <gtest/gtest.h>

#include <string>

namespace handschlag {
namespace {

TEST(Label, TakesNamesOfManyScripts) {
  for (const char* text : {"Shop", "Müller & Söhne", "日本の店", "a b", "🛒 Kasse 3"})
    EXPECT_TRUE(is_label(text, 64)) << text;
}

TEST(Label, RefusesWhatNoPersonTypes) {
  using std::string;
  for (const string& text :
       {string(), string("  "), string("a\0b", 3), string("a\nb"), string("\x7f"), string("\xc2\x85"), string("\xff"),
        string("\xc3"), string("\xc0\xaf"), string("\xed\xa0\x80"), string("\xf5\x80\x80\x80"), string("\xe2\x82")}) {
    EXPECT_FALSE(is_label(text, 64));
  }
  EXPECT_TRUE(is_label(string(64, 'x'), 64));
  EXPECT_FALSE(is_label(string(65, 'x'), 64));
}

TEST(Slug, IsSafeInUrlsAndFileNames) {
  for (const char* text : {"shop", "till-3", "0", "web_de-v2"}) EXPECT_TRUE(is_slug(text, 16)) << text;
  for (const char* text : {"", "Shop", "-shop", ".", "a.b", "a/b", "a b", "kässe", "a-name-of-17-byte"}) {
    EXPECT_FALSE(is_slug(text, 16)) << text;
  }
}

}  // namespace
}  // namespace handschlag
