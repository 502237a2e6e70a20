#include "platform/json/json.h"

#include <gtest/gtest.h>

namespace handschlag::json {
namespace {

TEST(JsonParse, NestingHasALimit) {
  std::string good = std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']');
  EXPECT_TRUE(parse(good));
  EXPECT_EQ(parse("[" + good + "]").error().code, "json_too_deep");
  EXPECT_EQ(parse(std::string(1'000'000, '[')).error().code, "json_too_deep");
  EXPECT_TRUE(parse(R"(["[[[[{{{{\"[["])")) << "brackets inside of texts do not nest";
}

TEST(JsonParse, LoneSurrogatesBecomeTheReplacementCharacter) {
  EXPECT_EQ(parse(R"({"a":"x\ud83d"})")->at("a"), "x\uFFFD");
  EXPECT_EQ(parse(R"({"a":"\ude00x"})")->at("a"), "\uFFFDx");
  EXPECT_EQ(parse(R"({"a":"\ud83d\ude00"})")->at("a"), "\U0001F600");
  EXPECT_EQ(parse(R"({"a":"\ud83d\ud83d\ude00"})")->at("a"), "\uFFFD\U0001F600");
  EXPECT_EQ(parse(R"({"a":"\\ud83d"})")->at("a"), "\\ud83d") << "an escaped backslash is no escape";
}

TEST(JsonParse, WhatIsMalformedIsRefused) {
  for (const char* text :
       {"", "{", "{\"a\":01}", "{\"a\":\"\xC3\"}", "[1,]", "nul", "{\"a\":\"\x01\"}", "\"\\ud8\"", "[] []"}) {
    EXPECT_EQ(parse(text).error().code, "json_malformed") << text;
  }
  EXPECT_EQ(parse("[1e999]").error().code, "json_number_too_large");
}

TEST(JsonDump, WritesOnlyUtf8) {
  EXPECT_EQ(dump("a\xFF"), "\"a\uFFFD\"");
}

TEST(JsonScalarText, TakesTextsAndNumbers) {
  EXPECT_EQ(scalar_text(42), "42");
  EXPECT_EQ(scalar_text("a"), "a");
  EXPECT_EQ(scalar_text(1.5), "1.5");
  for (const Value& other : {Value(), Value(true), Value(""), Value::array(), Value::object()}) {
    EXPECT_FALSE(scalar_text(other));
  }
}

TEST(JsonReader, NamesEveryWrongFieldByPointer) {
  Value body = {{"a", 1}, {"list", {"x", 2}}, {"n", 99}, {"odd/name~", true}};
  Reader reader(body);
  reader.text("a");
  reader.text("missing");
  reader.texts("list", 5);
  reader.integer("n", 0, 10);
  auto result = reader.finish();
  ASSERT_FALSE(result);
  std::vector<std::string> pointers;
  for (const FieldError& field : result.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/a", "/missing", "/list/1", "/n", "/odd~1name~0"}));
}

TEST(JsonReader, NullIsAbsent) {
  Value body = {{"a", nullptr}};
  Reader reader(body);
  EXPECT_FALSE(reader.optional_text("a"));
  EXPECT_TRUE(reader.finish());
}

TEST(JsonReader, WhatIsNoObjectIsAnError) {
  Value body = {1, 2};
  Reader reader(body);
  EXPECT_FALSE(reader.optional_text("a"));
  EXPECT_FALSE(reader.finish());
}

}  // namespace
}  // namespace handschlag::json
