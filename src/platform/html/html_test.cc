#include "platform/html/html.h"

#include <gmock/gmock.h>

#include "platform/crypto/crypto.h"

namespace handschlag::html {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string_view language_for(std::string accepted) {
  http::Request request;
  request.headers.emplace_back("Accept-Language", std::move(accepted));
  return language_of(request);
}

TEST(Html, TextCanNeitherBeginNorEndAnything) {
  EXPECT_EQ(escape("<b onclick='x'>\"Tom\" & Änne"), "&lt;b onclick=&#39;x&#39;&gt;&quot;Tom&quot; &amp; Änne");
  EXPECT_EQ(escape(std::string_view("a\0b", 3)), "ab");
}

TEST(Html, APageTakesNothingFromElsewhereAndIsKeptNowhere) {
  crypto::initialize();
  const http::Response answer = page(200, {"de", "A <b>", "Bäcker & Co", "<p>ja</p>"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("<html lang=\"de\">"));
  EXPECT_THAT(answer.body, HasSubstr("<h1>A &lt;b&gt;</h1><p>ja</p>"));
  EXPECT_THAT(answer.body, HasSubstr("Bäcker &amp; Co"));
  EXPECT_THAT(answer.body, Not(HasSubstr("<script")));
  EXPECT_THAT(answer.body, Not(HasSubstr("src=")));
  EXPECT_EQ(http::find_header(answer.headers, "Cache-Control"), "no-store");
  EXPECT_THAT(std::string(http::find_header(answer.headers, "X-Robots-Tag")), HasSubstr("noindex"));
  // The policy allows exactly the style that stands there.
  const auto from = answer.body.find("<style>") + 7;
  const std::string style = answer.body.substr(from, answer.body.find("</style>") - from);
  EXPECT_EQ(std::string(http::find_header(answer.headers, "Content-Security-Policy")),
            "default-src 'none'; style-src 'sha256-" + crypto::to_base64(crypto::sha256(style)) +
                "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

TEST(Html, TheBrowserSaysWhichLanguage) {
  EXPECT_EQ(language_of({}), "en");
  EXPECT_EQ(language_for("de"), "de");
  EXPECT_EQ(language_for("de-AT,de;q=0.9,en;q=0.8"), "de");
  EXPECT_EQ(language_for("en-US,en;q=0.9,de;q=0.8"), "en");
  EXPECT_EQ(language_for("fr, de;q=0.4, en;q=0.3"), "de");
  EXPECT_EQ(language_for("fr"), "en");
  EXPECT_EQ(language_for("de;q=0"), "en");
  EXPECT_EQ(language_for("de;q=x, en;q=0.1"), "en");
  EXPECT_EQ(language_for(";;q=,,de;q=0.001"), "de");
}

TEST(Html, FormsAreRead) {
  EXPECT_EQ(form_field("a=1&code=12+34%c3%a4&code=2", "code"), "12 34ä");
  EXPECT_EQ(form_field("List-Unsubscribe=One-Click", "List-Unsubscribe"), "One-Click");
  EXPECT_EQ(form_field("a&b=%4", "b"), "%4");
  EXPECT_EQ(form_field("a&b=%zz", "b"), "%zz");
  EXPECT_EQ(form_field("a", "a"), "");
  EXPECT_EQ(form_field("", "a"), "");
  EXPECT_EQ(form_field("&&&=", "a"), "");
}

}  // namespace
}  // namespace handschlag::html
