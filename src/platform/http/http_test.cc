#include "platform/http/http.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

Request with_header(std::string name, std::string value) {
  Request request;
  request.headers = {{std::move(name), std::move(value)}};
  return request;
}

TEST(Cookie, IsFoundByItsWholeName) {
  const Request request = with_header("cookie", "other=1;  session=abc=; session=second; empty=");
  EXPECT_EQ(request.cookie("session"), "abc=");
  EXPECT_EQ(request.cookie("other"), "1");
  EXPECT_EQ(request.cookie("empty"), "");
  EXPECT_EQ(request.cookie("sess"), "");
  EXPECT_EQ(request.cookie("xsession"), "");
  EXPECT_EQ(with_header("Cookie", ";;=;session").cookie("session"), "");
  EXPECT_EQ(Request().cookie("session"), "");
}

TEST(BasicUser, IsWhatStandsBeforeTheColon) {
  EXPECT_EQ(with_header("Authorization", "Basic a2V5OnB3").basic_user(), "key");
  EXPECT_EQ(with_header("authorization", "bAsIc  a2V5 ").basic_user(), "key") << "without a colon";
  EXPECT_EQ(with_header("Authorization", "Basic %%%").basic_user(), "");
  EXPECT_EQ(with_header("Authorization", "Basic").basic_user(), std::nullopt);
  EXPECT_EQ(with_header("Authorization", "Bearer a2V5").basic_user(), std::nullopt);
  EXPECT_EQ(Request().basic_user(), std::nullopt);
}

}  // namespace
}  // namespace handschlag::http
