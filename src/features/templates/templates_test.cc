#include "features/templates/templates.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace handschlag::templates {
namespace {

Template offer() {
  return {.id = "spring_offer",
          .purpose = gate::Purpose::DirectMarketing,
          .parameters = {"name", "link"},
          .texts = {{"de",
                     {.subject = "Für Sie, {{name}}",
                      .text = "Guten Tag {{ name }}, {{link}} {{unsubscribe}}",
                      .html = "<p>Guten Tag {{name}}</p><a href=\"{{link}}\">hier</a>"
                              "<a href=\"{{unsubscribe}}\">abbestellen</a>"}},
                    {"en", {.subject = "For you", .text = "Hello {{name}}: {{link}} {{unsubscribe}}"}}}};
}

Parameters values() {
  return {{"name", "Anna"}, {"link", "https://shop.example/a"}, {"unsubscribe", "https://shop.example/u?t=1&x=2"}};
}

std::vector<std::string> wrong_in(const Template& one) {
  auto checked = check(one);
  std::vector<std::string> out;
  if (!checked) {
    for (const FieldError& field : checked.error().fields) out.push_back(field.pointer);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

TEST(Templates, TheBuiltInOnesCanBePublished) {
  for (const Template& one : built_in()) EXPECT_EQ(wrong_in(one), std::vector<std::string>{}) << one.id;
  EXPECT_EQ(find_built_in("confirm_consent")->id, "confirm_consent");
  EXPECT_EQ(find_built_in("none"), nullptr);
}

TEST(Templates, ParametersAreEscapedByWhereTheyStand) {
  ASSERT_TRUE(check(offer()));
  Parameters evil = values();
  evil["name"] = "<b>Anna</b> & \"Co\"\r\nBcc: x {{link}}";
  auto rendered = render(offer(), "de-AT", evil);
  ASSERT_TRUE(rendered) << rendered.error().detail;
  EXPECT_EQ(rendered->language, "de");
  EXPECT_EQ(rendered->subject, "Für Sie, <b>Anna</b> & \"Co\"  Bcc: x {{link}}");
  EXPECT_TRUE(rendered->text.starts_with("Guten Tag <b>Anna</b> & \"Co\"\nBcc: x {{link}}, https://shop.example/a"));
  EXPECT_EQ(rendered->html,
            "<p>Guten Tag &lt;b&gt;Anna&lt;/b&gt; &amp; &quot;Co&quot;<br>Bcc: x {{link}}</p>"
            "<a href=\"https://shop.example/a\">hier</a>"
            "<a href=\"https://shop.example/u?t=1&amp;x=2\">abbestellen</a>");
  EXPECT_EQ(render(offer(), "fr", values())->language, "en");
}

TEST(Templates, AParameterTooManyTooFewOrWithAWrongLinkIsNamed) {
  auto wrong = [](const Parameters& given) {
    auto rendered = render(offer(), "de", given);
    return rendered ? std::string() : rendered.error().fields.at(0).pointer;
  };
  Parameters given = values();
  given.erase("name");
  EXPECT_EQ(wrong(given), "/parameters/name");
  given = values();
  given["surname"] = "x";
  EXPECT_EQ(wrong(given), "/parameters/surname");
  for (const char* link : {"javascript:alert(1)", "", "https://a b", "//x", "https://x\r\ny"}) {
    given = values();
    given["link"] = link;
    EXPECT_EQ(wrong(given), "/parameters/link") << link;
  }
  given = values();
  given["name"] = std::string(2'001, 'x');
  EXPECT_EQ(wrong(given), "/parameters/name");
}

TEST(Templates, WhatCannotBePublishedIsNamed) {
  auto with = [](auto&& change) {
    Template one = offer();
    change(one);
    return wrong_in(one);
  };
  using Wrong = std::vector<std::string>;
  EXPECT_EQ(with([](auto& t) { t.id = "Spring"; }), Wrong{"/id"});
  EXPECT_EQ(with([](auto& t) { t.texts.erase("en"); }), Wrong{"/texts/en"});
  EXPECT_EQ(with([](auto& t) { t.texts["en"].text += " {{surname}}"; }), Wrong{"/texts/en/text"});
  EXPECT_EQ(with([](auto& t) { t.texts["en"].text = "no way out {{name}} {{link}}"; }), Wrong{"/texts/en/text"});
  EXPECT_EQ(with([](auto& t) { t.texts["en"].subject = "two\nlines"; }), Wrong{"/texts/en/subject"});
  EXPECT_EQ(with([](auto& t) { t.parameters.push_back("unused"); }), Wrong{"/parameters"});
  EXPECT_EQ(with([](auto& t) { t.parameters.push_back("unsubscribe"); }), Wrong{"/parameters"});
  for (const char* text : {"{{name", "name}}", "{{}}", "{{a b}}", "{{{name}}}", "{{name}} }}"}) {
    EXPECT_EQ(with([&](auto& t) { t.texts["de"].text += text; }), Wrong{"/texts/de/text"}) << text;
  }
  for (const char* html :
       {"<script>x</script>", "<IMG SRC=x>", "<p onclick=x>", "<p style=\"background:url(x)\">", "<p class={{name}}>",
        "<p title=\"{{name}}\">", "<a href={{link}}>", "<a href=\"x{{link}}\">", "<a href=\"javascript:x\">"}) {
    EXPECT_EQ(with([&](auto& t) { t.texts["de"].html += html; }), Wrong{"/texts/de/html"}) << html;
  }
  EXPECT_EQ(with([](auto& t) { t.purpose = gate::Purpose::CustomerCare; }), Wrong{"/texts"});
}

}  // namespace
}  // namespace handschlag::templates
