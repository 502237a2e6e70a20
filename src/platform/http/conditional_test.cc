#include "platform/http/conditional.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

const json::Value kThing = {{"a", 1}};

Request with(std::string name, std::string value) {
  Request request;
  request.headers = {{std::move(name), std::move(value)}};
  return request;
}

bool may_change(const std::string& if_match) {
  return check_match(with("If-Match", if_match), entity_tag(kThing)).has_value();
}

TEST(EntityTag, IsStrongAndChangesWithTheText) {
  const std::string tag = entity_tag(kThing);
  EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"') && tag.size() == 24) << tag;
  EXPECT_EQ(tag, entity_tag(json::Value{{"a", 1}}));
  EXPECT_NE(tag, entity_tag(json::Value{{"a", 2}}));
}

TEST(ConditionalGet, SendsNothingThatIsKnown) {
  const std::string tag = entity_tag(kThing);
  const std::string bare = tag.substr(1, tag.size() - 2);
  for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, "\"" + bare + "-gzip\"", std::string("*")}) {
    const Response response = tagged(with("If-None-Match", known), kThing);
    EXPECT_EQ(response.status, 304) << known;
    EXPECT_EQ(response.body, "");
    EXPECT_NE(find_header(response.headers, "ETag"), "");
  }
  for (const std::string& other : {std::string("\"x\""), bare, std::string("")}) {
    const Response response = tagged(with("If-None-Match", other), kThing);
    EXPECT_EQ(response.status, 200) << other;
    EXPECT_EQ(find_header(response.headers, "ETag"), tag);
  }
}

TEST(ConditionalGet, TheTagOfA304IsThatOfTheClientsForm) {
  const std::string tag = entity_tag(kThing);
  const std::string compressed = tag.substr(0, tag.size() - 1) + "-gzip\"";
  EXPECT_EQ(find_header(tagged(with("If-None-Match", compressed), kThing).headers, "ETag"), compressed);
  EXPECT_EQ(find_header(tagged(with("If-None-Match", "W/" + tag), kThing).headers, "ETag"), tag);
}

TEST(ConditionalChange, GoesOnOnlyForTheStateThatWasSeen) {
  const std::string tag = entity_tag(kThing);
  EXPECT_TRUE(check_match(Request{}, tag).has_value());
  EXPECT_TRUE(may_change(tag));
  EXPECT_TRUE(may_change("\"x\", " + tag));
  EXPECT_TRUE(may_change(tag.substr(0, tag.size() - 1) + "-gzip\""));
  EXPECT_TRUE(may_change("*"));
  EXPECT_FALSE(may_change("\"x\""));
  EXPECT_FALSE(may_change("W/" + tag));  // RFC 9110 section 13.1.1: a weak tag never matches here
  EXPECT_FALSE(may_change(""));
  EXPECT_FALSE(check_match(with("If-None-Match", "*"), tag).has_value());
  EXPECT_TRUE(check_match(with("If-None-Match", "\"x\""), tag).has_value());
  EXPECT_EQ(Response::problem(check_match(with("If-Match", "\"x\""), tag).error()).status, 412);
}

}  // namespace
}  // namespace handschlag::http
