#include "app/pages.h"

#include <gmock/gmock.h>

#include <vector>

#include "platform/http/compression.h"
#include "platform/json/json.h"

namespace handschlag::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// As web/desk/pack.mjs makes it, of one document, one script and the library. The bytes of "brotli" are not looked
// into.
std::string pack() {
  const std::string document = http::gzip("<!doctype html>");
  const std::string script = http::gzip("start()");
  const std::string portal = http::gzip("<!doctype html>Ich");
  const std::string library = http::gzip("ask()");
  const auto place = [at = std::size_t{0}](const std::string& bytes) mutable {
    const json::Value out = json::Value::array({at, bytes.size()});
    at += bytes.size();
    return out;
  };
  auto next = place;
  const json::Value document_gzip = next(document);
  const json::Value document_brotli = next("BR");
  const json::Value script_gzip = next(script);
  const json::Value script_brotli = next("br");
  const json::Value portal_gzip = next(portal);
  const json::Value portal_brotli = next("ME");
  const json::Value library_gzip = next(library);
  const std::string list = json::dump(json::Value::array({{{"name", "me.html"},
                                                           {"type", "text/html; charset=utf-8"},
                                                           {"digest", "d4"},
                                                           {"size", 18},
                                                           {"gzip", portal_gzip},
                                                           {"brotli", portal_brotli}},
                                                          {{"name", "index.html"},
                                                           {"type", "text/html; charset=utf-8"},
                                                           {"digest", "d1"},
                                                           {"size", 15},
                                                           {"gzip", document_gzip},
                                                           {"brotli", document_brotli}},
                                                          {{"name", "main-1.js"},
                                                           {"type", "text/javascript; charset=utf-8"},
                                                           {"digest", "d2"},
                                                           {"size", 7},
                                                           {"gzip", script_gzip},
                                                           {"brotli", script_brotli}},
                                                          {{"name", "sdk.js"},
                                                           {"type", "text/javascript; charset=utf-8"},
                                                           {"digest", "d3"},
                                                           {"size", 5},
                                                           {"gzip", library_gzip}}}));
  std::string length = std::to_string(list.size());
  length.insert(0, 8 - length.size(), '0');
  return length + list + document + "BR" + script + "br" + portal + "ME" + library;
}

class PagesTest : public ::testing::Test {
 protected:
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  http::Response asset(const std::string& name, http::Headers headers = {}) const {
    http::Request request;
    request.method = "GET";
    request.path_params = {{"name", name}};
    request.headers = std::move(headers);
    return pages_.asset(request);
  }

  std::string pack_ = pack();
  Pages pages_ = Pages::open(pack_).value();
};

TEST_F(PagesTest, AnAssetComesInTheFormThatTheClientTakes) {
  EXPECT_EQ(asset("main-1.js", {{"Accept-Encoding", "gzip, br"}}).body, "br");
  const http::Response gzip = asset("main-1.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(header(gzip, "Content-Encoding"), "gzip");
  const http::Response plain = asset("main-1.js");
  EXPECT_EQ(plain.body, "start()");
  EXPECT_EQ(header(plain, "Content-Encoding"), "");
  EXPECT_EQ(header(plain, "Vary"), "Accept-Encoding");
}

TEST_F(PagesTest, CustomersHaveADocumentOfTheirOwn) {
  const http::Response portal = pages_.portal({});
  EXPECT_EQ(portal.body, "<!doctype html>Ich");
  EXPECT_THAT(header(portal, "Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(asset("me.html").status, 404);
}

TEST_F(PagesTest, AnAssetIsKeptForEverAndTheDocumentAskedForAnew) {
  EXPECT_THAT(header(asset("main-1.js"), "Cache-Control"), HasSubstr("immutable"));
  const http::Response document = pages_.document({});
  EXPECT_EQ(document.body, "<!doctype html>");
  EXPECT_EQ(header(document, "Cache-Control"), "no-cache");
  http::Request again;
  again.headers = {{"If-None-Match", header(document, "ETag")}};
  EXPECT_EQ(pages_.document(again).status, 304);
}

TEST_F(PagesTest, TheDocumentAllowsThisServerAlone) {
  const std::string policy = header(pages_.document({}), "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

TEST_F(PagesTest, TheLibraryIsForPagesOfAnybodyAndKeptForEverUnderItsDigest) {
  const http::Response library = pages_.library({});
  EXPECT_EQ(library.body, "ask()");
  EXPECT_EQ(header(library, "Cross-Origin-Resource-Policy"), "cross-origin");
  EXPECT_EQ(header(library, "Cache-Control"), "public, max-age=3600");
  ASSERT_EQ(header(library, "Content-Location"), "/sdk/d3.js");
  http::Request pinned;
  pinned.path_params = {{"name", "d3.js"}};
  EXPECT_EQ(pages_.pinned_library(pinned).body, "ask()");
  EXPECT_THAT(header(pages_.pinned_library(pinned), "Cache-Control"), HasSubstr("immutable"));
  for (const char* name : {"d2.js", "d3", "sdk.js", ""}) {
    pinned.path_params = {{"name", name}};
    EXPECT_EQ(pages_.pinned_library(pinned).status, 404) << name;
  }
  EXPECT_EQ(header(asset("main-1.js"), "Cross-Origin-Resource-Policy"), "same-origin");
}

TEST_F(PagesTest, WhatIsNotThereIsNotFound) {
  for (const char* name : {"other.js", "index.html", "sdk.js", "", "../main-1.js"})
    EXPECT_EQ(asset(name).status, 404) << name;
}

TEST(Pages, ADamagedPackIsRefused) {
  const std::string whole = pack();
  const std::vector<std::string> packs = {"",           "0000",       "99999999[]",
                                          "00000002[]", "00000002{]", whole.substr(0, whole.size() - 1)};
  for (const std::string& damaged : packs) {
    EXPECT_FALSE(Pages::open(damaged).has_value()) << damaged.size();
  }
}

}  // namespace
}  // namespace handschlag::app
