#include "platform/text/encoding.h"

#include <gtest/gtest.h>

namespace handschlag::text {
namespace {

TEST(Encoding, OlderBytesBecomeUtf8) {
  EXPECT_EQ(to_utf8("M\xFCller", Encoding::iso_8859_1), "Müller");
  EXPECT_EQ(to_utf8("5 \x80", Encoding::windows_1252), "5 €");
  EXPECT_EQ(to_utf8("5 \xA4", Encoding::iso_8859_15), "5 €");
  EXPECT_EQ(to_utf8("Müller", Encoding::utf8), "Müller");
  EXPECT_EQ(to_utf8("", Encoding::windows_1252), "");
}

TEST(Encoding, BytesOfAnotherEncodingAreRefused) {
  EXPECT_FALSE(to_utf8("M\xFCller", Encoding::utf8).has_value());
}

TEST(Encoding, IsFoundByName) {
  EXPECT_EQ(find_encoding("Windows-1252"), Encoding::windows_1252);
  EXPECT_EQ(find_encoding("utf-8"), Encoding::utf8);
  EXPECT_FALSE(find_encoding("ebcdic").has_value());
}

}  // namespace
}  // namespace handschlag::text
