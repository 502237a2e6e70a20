#include "platform/mail/mail.h"

#include <gtest/gtest.h>

#include <vector>

#include "platform/crypto/crypto.h"

namespace handschlag::mail {
namespace {

Message letter() {
  return {.from = {"Shop", "shop@example.com"},
          .to = {"", "anna@example.org"},
          .subject = "Hello",
          .text = "Good day.\n",
          .message_id = "m1@example.com",
          .date = from_millis(1'795'000'000'000)};
}

std::vector<std::string> lines_of(const std::string& bytes) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from < bytes.size()) {
    const std::size_t end = bytes.find("\r\n", from);
    if (end == std::string::npos) return {};
    out.push_back(bytes.substr(from, end - from));
    from = end + 2;
  }
  return out;
}

void expect_wire_form(const std::string& bytes) {
  const auto lines = lines_of(bytes);
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 78u) << line;
    for (char c : line) EXPECT_TRUE(c >= ' ' && c < '\x7f') << line;
  }
}

// What a reader makes of a header of encoded words: adjacent words join without the white space between them.
std::string decoded(const std::string& bytes, const std::string& name) {
  std::size_t at = bytes.find("\r\n" + name + ": ") + name.size() + 4;
  std::string out;
  while (bytes.substr(at, 10) == "=?UTF-8?B?") {
    const std::size_t end = bytes.find("?=", at + 10);
    out += *crypto::from_base64(bytes.substr(at + 10, end - at - 10));
    at = end + 2;
    if (bytes.substr(at, 3) == "\r\n ") at += 3;
  }
  return out;
}

TEST(Mail, APlainMessageIsPlain) {
  EXPECT_EQ(*compose(letter()),
            "Date: Wed, 18 Nov 2026 11:06:40 +0000\r\nFrom: \"Shop\"\r\n <shop@example.com>\r\n"
            "To: anna@example.org\r\nSubject: Hello\r\nMessage-ID: <m1@example.com>\r\n"
            "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            "Good day.\r\n\r\n");
}

TEST(Mail, WordsBeyondAsciiAreEncodedWhole) {
  Message message = letter();
  message.subject = "Grüße aus Köln, wo es ständig regnet und trotzdem schön ist: Ihre Bestätigung 🤝🤝🤝🤝🤝🤝";
  message.from.name = "Bäckerei Müller";
  auto bytes = compose(message);
  ASSERT_TRUE(bytes);
  expect_wire_form(*bytes);
  EXPECT_EQ(decoded(*bytes, "Subject"), message.subject);
  EXPECT_EQ(decoded(*bytes, "From"), message.from.name);
}

TEST(Mail, WhatLooksEncodedIsEncodedAgain) {
  Message message = letter();
  message.subject = "=?UTF-8?B?AAAA?=";
  EXPECT_EQ(decoded(*compose(message), "Subject"), message.subject);
  message.subject = std::string(500, 'x');
  EXPECT_EQ(decoded(*compose(message), "Subject"), message.subject);
}

TEST(Mail, TheBodyIsQuotedPrintable) {
  Message message = letter();
  message.text = "a=b ü \n.\r\nFrom me\n" + std::string(200, 'y') + "\ttab \n" + "--=_part_of_a_letter\n";
  auto bytes = compose(message);
  ASSERT_TRUE(bytes);
  expect_wire_form(*bytes);
  const std::string body = bytes->substr(bytes->find("\r\n\r\n") + 4);
  EXPECT_TRUE(body.starts_with("a=3Db =C3=BC=20\r\n.\r\nFrom me\r\nyyyy"));
  EXPECT_NE(body.find("y=09tab=20\r\n--=3D_part_of_a_letter\r\n"), std::string::npos);
}

TEST(Mail, HtmlIsAnAlternativeOfTheText) {
  Message message = letter();
  message.html = "<p>Guten Tag &amp; Grüße</p>";
  message.language = "de";
  auto bytes = compose(message);
  ASSERT_TRUE(bytes);
  expect_wire_form(*bytes);
  const std::string line = "--=_part_of_a_letter";
  const std::size_t first = bytes->find("\r\n" + line + "\r\nContent-Type: text/plain");
  const std::size_t second = bytes->find("\r\n" + line + "\r\nContent-Type: text/html");
  EXPECT_LT(first, second);
  EXPECT_NE(second, std::string::npos);
  EXPECT_TRUE(bytes->ends_with("\r\n" + line + "--\r\n"));
  EXPECT_NE(bytes->find("\r\nContent-Language: de\r\n"), std::string::npos);
}

TEST(Mail, OneClickEndsIt) {
  Message message = letter();
  message.unsubscribe = "https://shop.example/m/u/abc";
  auto bytes = compose(message);
  EXPECT_NE(bytes->find("\r\nList-Unsubscribe: <https://shop.example/m/u/abc>\r\n"
                        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"),
            std::string::npos);
  for (const char* url : {"javascript:x", "https://a.example/>, <mailto:x@y.example", "https://a.example/\r\nBcc: x"}) {
    message.unsubscribe = url;
    EXPECT_EQ(compose(message).error().code, "message_invalid") << url;
  }
}

TEST(Mail, NoFieldAddsAHeader) {
  const std::string evil = "x\r\nBcc: eve@example.net";
  const std::vector<void (*)(Message&, const std::string&)> fields = {
      [](Message& m, const std::string& v) { m.subject = v; },
      [](Message& m, const std::string& v) { m.from.name = v; },
      [](Message& m, const std::string& v) { m.to.name = v; },
      [](Message& m, const std::string& v) { m.from.address = v; },
      [](Message& m, const std::string& v) { m.to.address = v; },
      [](Message& m, const std::string& v) { m.message_id = v; },
      [](Message& m, const std::string& v) { m.language = v; },
      [](Message& m, const std::string& v) { m.unsubscribe = v; },
  };
  for (const auto& set : fields) {
    for (const std::string& value : {evil, std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3)}) {
      Message message = letter();
      set(message, value);
      auto bytes = compose(message);
      ASSERT_FALSE(bytes);
      EXPECT_EQ(bytes.error().code, "message_invalid");
      EXPECT_EQ(bytes.error().detail.find("eve"), std::string::npos);
    }
  }
}

TEST(Mail, OnlyAddressesThatMailServersTakeAreAddresses) {
  for (const char* good : {"a@b", "anna@example.org", "anna.o'neil+shop@sub.example.co.uk", "A_b-c=d@1.example"}) {
    EXPECT_TRUE(is_address(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("anna"), std::string("@example.org"), std::string("anna@"), std::string("a@b@c"),
        std::string("a b@example.org"), std::string(".a@example.org"), std::string("a.@example.org"),
        std::string("a..b@example.org"), std::string("a@-b.example"), std::string("a@b..example"),
        std::string("a@b.example."), std::string("<a@b.example>"), std::string("a@[127.0.0.1]"),
        std::string("ä@example.org"), std::string("a@b.example\r\nRCPT TO:<x@y>"), std::string(65, 'a') + "@b.example",
        "a@" + std::string(64, 'b') + ".example", "a@" + std::string(260, 'b')}) {
    EXPECT_FALSE(is_address(bad)) << bad;
  }
}

TEST(Mail, SizeAndTextHaveLimits) {
  Message message = letter();
  message.text = std::string(kMaxMessageBytes + 1, 'a');
  EXPECT_EQ(compose(message).error().code, "message_too_large");
  message.text = "";
  EXPECT_EQ(compose(message).error().code, "message_invalid");
  message.text = "\xff";
  EXPECT_EQ(compose(message).error().code, "message_invalid");
}

}  // namespace
}  // namespace handschlag::mail
