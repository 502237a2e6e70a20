#include "platform/http/cors.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

TEST(Cors, AnyOriginIsAnsweredByNameSinceCredentialsAreAllowed) {
  Response response;
  Cors({"*"}).allow_reading({{"origin", "https://shop.example"}}, response);
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(find_header(response.headers, "Vary"), "Origin");
}

TEST(Cors, AnOriginThatIsNotListedMayNotRead) {
  Cors cors({"https://shop.example", "https://till.example"});
  for (const char* origin : {"https://evil.example", "https://shop.example.evil", "http://shop.example", "null", ""}) {
    Response response;
    cors.allow_reading({{"Origin", origin}}, response);
    EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Origin"), "") << origin;
    EXPECT_EQ(find_header(response.headers, "Vary"), "Origin");
  }
  Response response;
  cors.allow_reading({{"Origin", "https://till.example"}}, response);
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Origin"), "https://till.example");
}

TEST(Cors, APreflightAllowsTheHeadersItAsksForAndTheMethodsOfThePath) {
  Headers request = {{"Origin", "https://shop.example"},
                     {"Access-Control-Request-Method", "POST"},
                     {"Access-Control-Request-Headers", "authorization,anonymousid,x-retry-count"}};
  ASSERT_TRUE(Cors::is_preflight(request));
  Response response = Cors({"*"}).preflight(request, "POST, OPTIONS");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Allow-Headers"), "authorization,anonymousid,x-retry-count");
  EXPECT_EQ(find_header(response.headers, "Access-Control-Max-Age"), "900");
  Response refused = Cors({"https://till.example"}).preflight(request, "POST, OPTIONS");
  EXPECT_EQ(find_header(refused.headers, "Access-Control-Allow-Methods"), "");
}

TEST(Cors, PlainOptionsIsNoPreflight) {
  EXPECT_FALSE(Cors::is_preflight({{"Origin", "https://shop.example"}}));
  EXPECT_FALSE(Cors::is_preflight({{"Access-Control-Request-Method", "POST"}}));
}

TEST(VaryBy, AddsToWhatIsThere) {
  Response response;
  response.with("vary", "Accept");
  vary_by(response, "Origin");
  vary_by(response, "Origin");
  EXPECT_EQ(find_header(response.headers, "Vary"), "Accept, Origin");
}

}  // namespace
}  // namespace handschlag::http
