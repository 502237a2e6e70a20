#include "platform/http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PercentDecode, UndoesTheEncodingOnce) {
  EXPECT_EQ(percent_decode("a%20b%2Fc%2520+").value(), "a b/c%20+");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::is_space).value(), "a b+");
  EXPECT_EQ(percent_decode("%C3%BC%e2%82%ac").value(), "\u00fc\u20ac");
  EXPECT_EQ(percent_decode("").value(), "");
}

TEST(PercentDecode, RefusesWhatIsNotEncodedRight) {
  for (std::string_view bad : {"%", "%2", "a%zz", "%0g", "%-1", "%00", "a%00b", "%ff", "%c3", "%c0%80", "%ed%a0%80",
                               "%f4%90%80%80", "%e2%82", "\xff"}) {
    auto result = percent_decode(bad);
    ASSERT_FALSE(result.has_value()) << bad;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
    EXPECT_EQ(result.error().code, "target_malformed");
  }
  EXPECT_FALSE(percent_decode(std::string_view("a\0b", 3)).has_value());
}

TEST(Target, KeepsThePathAndDecodesTheQuery) {
  auto target = parse_target("/v1/a%20b?writeKey=k%3D1&x=a+b&flag&&=v&x=2").value();
  EXPECT_EQ(target.path, "/v1/a%20b");
  EXPECT_THAT(target.query,
              ElementsAre(Pair("writeKey", "k=1"), Pair("x", "a b"), Pair("flag", ""), Pair("", "v"), Pair("x", "2")));
}

TEST(Target, TakesTheAbsoluteFormOfProxies) {
  EXPECT_EQ(parse_target("http://shop.example:80/v1/t?a=1").value().path, "/v1/t");
  EXPECT_EQ(parse_target("HTTPS://shop.example").value().path, "/");
  EXPECT_EQ(parse_target("http://shop.example?a=1").value().path, "/");
  EXPECT_EQ(parse_target("*").value().path, "*");
}

TEST(Target, RefusesOtherForms) {
  for (std::string_view bad : {"", "a", "shop.example:443", "ftp://x/", "/a#b", "/a?x=%", "/a?%00=1", "/a?x=%ff"}) {
    EXPECT_FALSE(parse_target(bad).has_value()) << bad;
  }
}

TEST(PathSegments, AreDecodedAfterSplitting) {
  EXPECT_THAT(path_segments("/").value(), ElementsAre(""));
  EXPECT_THAT(path_segments("/a/b%2Fc/").value(), ElementsAre("a", "b/c", ""));
  EXPECT_THAT(path_segments("//a").value(), ElementsAre("", "a"));
  EXPECT_FALSE(path_segments("").has_value());
  EXPECT_FALSE(path_segments("*").has_value());
  EXPECT_FALSE(path_segments("/a/%").has_value());
}

}  // namespace
}  // namespace handschlag::http
