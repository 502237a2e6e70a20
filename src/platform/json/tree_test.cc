// A Tree against json::Value, the slow one: what one takes the other takes, and both read the same.
#include "platform/json/tree.h"

#include <gtest/gtest.h>

#include <random>

namespace handschlag::json {
namespace {

TEST(Tree, ReadsEveryKindOfValue) {
  Tree tree = *Tree::parse(R"({"text":"Zoë","whole":-7,"large":18446744073709551615,"half":0.5,"yes":true,"no":false,
                              "nothing":null,"list":[1,"two",[]],"object":{"a":{}}})");
  EXPECT_EQ(tree->find("text")->text(), "Zoë");
  EXPECT_EQ(tree->find("whole")->scalar_text(), "-7");
  EXPECT_EQ(tree->find("large")->scalar_text(), "18446744073709551615");
  EXPECT_EQ(tree->find("half")->scalar_text(), "0.5");
  EXPECT_EQ(tree->find("half")->number(), 0.5);
  EXPECT_TRUE(tree->find("yes")->boolean());
  EXPECT_FALSE(tree->find("no")->boolean());
  EXPECT_TRUE(tree->find("no")->is_boolean());
  EXPECT_FALSE(tree->find("nothing")) << "null is as good as absent";
  EXPECT_FALSE(tree->find("absent"));
  EXPECT_EQ(tree->find("list")->size(), 3U);
  EXPECT_EQ(tree->find("object")->size(), 1U);
  EXPECT_EQ(tree->size(), 9U);
}

TEST(Tree, NothingIsNull) {
  Tree tree;
  EXPECT_TRUE(tree->is_null());
  EXPECT_TRUE(tree->empty());
  EXPECT_FALSE(tree->find("a"));
  EXPECT_EQ(tree->text(), "");
  EXPECT_EQ(tree->dump(), "null");
}

TEST(Tree, PartKeepsTheWholeAlive) {
  Tree part;
  {
    Tree tree = *Tree::parse(R"({"a":{"b":"c"}})");
    part = tree.part(*tree->find("a"));
  }
  EXPECT_EQ(part->find("b")->text(), "c");
}

TEST(Tree, OfMembersWithOneNameTheLastCounts) {
  EXPECT_EQ(Tree::parse(R"({"a":1,"a":2})").value()->find("a")->scalar_text(), "2");
}

TEST(Tree, IsMadeOfAValueAndBack) {
  Value value = {{"a", {1, 2.5, "x\n\"\\\u0001", nullptr, true}}, {"b", Value::object()}};
  EXPECT_EQ(Tree(value)->value(), value);
  EXPECT_EQ(Tree(value)->dump(), dump(value));
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Tree, TakesExactlyWhatTheOtherParserTakes) {
  for (std::string text : {R"({"a":1e400})",
                           R"(123456789012345678901234567890)",
                           R"("\ud83d")",
                           R"("\ud83d\ude00")",
                           "\"\xff\"",
                           "{",
                           "",
                           "nul",
                           "[1,]",
                           R"({"a" 1})",
                           "1 2",
                           "\"a\tb\"",
                           "01",
                           "-",
                           "1.",
                           "\"\\x\"",
                           "\"\xed\xa0\x80\"",
                           "[1e-400]",
                           "-0",
                           "-0.0",
                           "\xef\xbb\xbf{}"}) {
    auto slow = json::parse(text);
    auto fast = Tree::parse(text);
    ASSERT_EQ(slow.has_value(), fast.has_value()) << text;
    if (slow) {
      EXPECT_EQ((*fast)->value(), *slow) << text;
    } else {
      EXPECT_EQ(fast.error().code, slow.error().code) << text;
    }
  }
  for (std::size_t depth = kMaxDepth - 2; depth <= kMaxDepth + 3; ++depth) {
    EXPECT_EQ(Tree::parse(nested(depth)).has_value(), json::parse(nested(depth)).has_value()) << depth;
    std::string inner = std::string(depth, '[') + "1" + std::string(depth, ']');
    EXPECT_EQ(Tree::parse(inner).has_value(), json::parse(inner).has_value()) << depth;
  }
}

Value random_value(std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0:
      return static_cast<std::int64_t>(random()) - (1LL << 31);
    case 1:
      return static_cast<double>(random()) / 1000.0 - 1e6;
    case 2:
      return random() % 2 == 0;
    case 3:
      return nullptr;
    case 4:
    case 5: {
      std::string text;
      constexpr std::string_view kCharacters = "aZ\"\\\n\t/\x01\x7f ";
      for (auto i = random() % 12; i > 0; --i) text += kCharacters[random() % kCharacters.size()];
      return text + "é";
    }
    default:
      break;
  }
  Value out = random() % 2 == 0 ? Value::object() : Value::array();
  for (auto i = random() % 5; i > 0; --i) {
    if (out.is_object()) {
      out["m" + std::to_string(random() % 9)] = random_value(random, depth - 1);
    } else {
      out.push_back(random_value(random, depth - 1));
    }
  }
  return out;
}

TEST(Tree, RandomValuesComeBackAsTheyWere) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    Value value = random_value(random, 5);
    Tree tree(value);
    EXPECT_EQ(tree->value(), value);
    EXPECT_EQ(Tree::parse(tree->dump()).value()->dump(), tree->dump());
  }
}

}  // namespace
}  // namespace handschlag::json
