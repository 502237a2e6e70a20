#include "platform/config/toml.h"

#include <gtest/gtest.h>

namespace handschlag::config {
namespace {

TEST(Toml, BecomesTheSameValuesAsJson) {
  auto value = parse_toml(R"(
name = "till"
lines = 10_000
share = 0.5
on = true
since = 2026-11-21
at = 2026-11-21T08:30:00Z
[[skip]]
reason = "a"
[[skip]]
reason = "b"
[country.names]
"Île de Man" = "IM"
)",
                          "x.toml");
  ASSERT_TRUE(value.has_value()) << value.error().detail;
  EXPECT_EQ(
      json::dump(*value),
      R"({"at":"2026-11-21T08:30:00Z","country":{"names":{"Île de Man":"IM"}},"lines":10000,"name":"till","on":true,)"
      R"("share":0.5,"since":"2026-11-21","skip":[{"reason":"a"},{"reason":"b"}]})");
}

TEST(Toml, AnErrorNamesFileLineAndColumn) {
  auto value = parse_toml("name = \"till\"\nlines = \n", "x.toml");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().kind, ErrorKind::invalid);
  EXPECT_EQ(value.error().code, "toml_malformed");
  EXPECT_TRUE(value.error().detail.starts_with("x.toml, line 2, column ")) << value.error().detail;
  ASSERT_EQ(value.error().fields.size(), 1U);
  EXPECT_TRUE(value.error().fields[0].pointer.starts_with("line 2, column "));
}

TEST(Toml, ATimeWithoutItsHourIsAnError) {
  EXPECT_FALSE(parse_toml("a = 1979-05-27T:32:00Z\n", "x.toml").has_value());
}

TEST(Toml, LettersOfEveryScriptStandInText) {
  auto value = parse_toml("name = \"\uFEFB\" # \uFB2E\n", "x.toml");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["name"], "\uFEFB");
  EXPECT_FALSE(parse_toml("\uFEFBa = 1\n", "x.toml").has_value());
}

TEST(Toml, ADoubledKeyAndBadUtf8AreErrors) {
  EXPECT_FALSE(parse_toml("a = 1\na = 2\n", "x.toml").has_value());
  EXPECT_FALSE(parse_toml("a = \"\xFF\"\n", "x.toml").has_value());
  EXPECT_FALSE(parse_toml(std::string(2 * 1024 * 1024, ' '), "x.toml").has_value());
}

TEST(Toml, NestsNoDeeperThanJson) {
  auto named = [](std::size_t parts) {
    std::string name = "a";
    for (std::size_t i = 1; i < parts; ++i) name += ".a";
    return name;
  };
  EXPECT_TRUE(parse_toml("[" + named(60) + "]\nb = 1", "deep.toml"));
  EXPECT_EQ(parse_toml("[" + named(100) + "]\nb = 1", "deep.toml").error().detail,
            "deep.toml nests deeper than 64 levels.");
  EXPECT_FALSE(parse_toml("[" + named(60) + "]\n" + named(60) + " = 1", "deep.toml"));
  EXPECT_FALSE(parse_toml("a = " + std::string(100, '[') + std::string(100, ']'), "deep.toml"));
}

TEST(Toml, InfinityIsTextSinceJsonHasNone) {
  auto value = parse_toml("a = inf\n", "x.toml");
  ASSERT_TRUE(value.has_value());
  EXPECT_TRUE((*value)["a"].is_string());
}

}  // namespace
}  // namespace handschlag::config
