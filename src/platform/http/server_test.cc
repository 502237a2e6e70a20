#include "platform/http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/compression.h"
#include "platform/http/testing/client.h"
#include "platform/http/testing/site.h"

namespace handschlag::http {
namespace {

using testing::Answer;
using testing::Client;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestSite;

TEST(Server, AnswersWithWhatEveryAnswerHas) {
  TestSite site;
  Answer answer = Client(site.port()).request("GET", "/ping");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"pong":true})");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Content-Length"), "13");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(answer.header("X-Request-Id").size(), 32U);
  EXPECT_EQ(answer.header("Cache-Control"), "");
  EXPECT_THAT(answer.header("Date"), ::testing::MatchesRegex("[A-Z][a-z][a-z], .* GMT"));
}

TEST(Server, AConnectionCarriesManyRequests) {
  TestSite site;
  Client client(site.port());
  for (int i = 0; i < 50; ++i) {
    std::string body = "body " + std::to_string(i);
    Answer answer = client.request("POST", "/echo", "", body);
    ASSERT_EQ(answer.status, 200);
    ASSERT_EQ(answer.body, body);
    ASSERT_EQ(answer.header("Connection"), "");
  }
  EXPECT_EQ(client.request("GET", "/ping", "Connection: close\r\n").header("Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, LargeBodiesGoBothWays) {
  TestSite site;
  Client client(site.port());
  for (std::size_t size : {15'000U, 16'000U, 17'000U, 70'000U, 1'000'000U}) {
    std::string body(size, 'x');
    EXPECT_TRUE(client.request("POST", "/echo", "", body).body == body) << size;
  }
}

TEST(Server, Http10ClosesUnlessAskedToKeepTheConnection) {
  TestSite site;
  Client once(site.port());
  EXPECT_EQ(once.request("GET /ping HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(once.at_end());
  Client kept(site.port());
  Answer answer = kept.request("GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.header("Connection"), "keep-alive");
  EXPECT_EQ(kept.request("GET /ping HTTP/1.0\r\n\r\n").status, 200);
}

TEST(Server, PipelinedRequestsAreAnsweredInOrder) {
  TestSite site;
  Client client(site.port());
  client.write(
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo"
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n"
      "GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  site.waiting.take().send(Response::text(200, "one"));
  EXPECT_EQ(client.read().body, "one");
  EXPECT_EQ(client.read().body, "two");
  EXPECT_EQ(client.read().body, "three");
  EXPECT_EQ(client.read().header("Content-Type"), "application/json");
  EXPECT_TRUE(client.at_end());
}

TEST(Server, ManyPipelinedRequestsInPiecesOfAnySize) {
  TestSite site;
  std::string one = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t piece : {1U, 7U, 64U, 1000U}) {
    Client client(site.port());
    std::string all;
    for (int i = 0; i < 20; ++i) all += one;
    for (std::size_t at = 0; at < all.size(); at += piece) client.write(std::string_view(all).substr(at, piece));
    for (int i = 0; i < 20; ++i) ASSERT_EQ(client.read().body, "hello") << piece;
  }
}

TEST(Server, ChunkedBodiesAreJoined) {
  TestSite site;
  Client client(site.port());
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n");
  client.write("4;name=\"value\"\r\nWiki\r\n");
  client.write("6\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n");
  client.write("0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_EQ(client.read().body, "Wikipedia in \r\n\r\nchunks.");
  EXPECT_EQ(client.request("GET", "/ping").status, 200);
}

TEST(Server, ExpectContinueIsToldToGoOnOrRefusedWithoutTheBody) {
  TestSite site;
  Client client(site.port());
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  client.write("hello");
  EXPECT_EQ(client.read().body, "hello");
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(Client(site.port()).request("POST", "/echo", "Expect: miracles\r\n", "x").status, 417);
}

TEST(Server, HeadIsGetWithoutTheBody) {
  TestSite site;
  Client client(site.port());
  Answer get = client.request("GET", "/large?size=5000");
  Answer head = client.request("HEAD", "/large?size=5000");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), get.header("Content-Length"));
  EXPECT_EQ(client.request("GET", "/ping").status, 200);
  EXPECT_EQ(client.request("HEAD", "/echo").status, 405);
}

TEST(Server, UndoesTheCodingOfBodies) {
  TestSite site;
  Client client(site.port());
  std::string plain(20'000, 'y');
  EXPECT_EQ(client.request("POST", "/echo", "Content-Encoding: gzip\r\n", gzip(plain)).body, plain);
  std::string chunked = gzip("hello");
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.write("5\r\n" + chunked.substr(0, 5) + "\r\n");
  client.write(fmt::format("{:x}\r\n", chunked.size() - 5) + chunked.substr(5) + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello");
  Answer damaged = client.request("POST", "/echo", "Content-Encoding: gzip\r\n", "not gzip at all");
  EXPECT_EQ(damaged.status, 400);
  EXPECT_EQ(damaged.json()["code"], "encoding_damaged");
  Answer unknown = client.request("POST", "/echo", "Content-Encoding: br\r\n", "x");
  EXPECT_EQ(unknown.status, 415);
  EXPECT_EQ(unknown.header("Accept-Encoding"), "gzip, deflate");
  EXPECT_EQ(client.request("GET", "/ping").status, 200) << "the connection goes on";
}

TEST(Server, CompressesLargeTextWhereTheClientTakesIt) {
  TestSite site;
  Client client(site.port());
  Answer zipped = client.request("GET", "/large", "Accept-Encoding: br, gzip;q=0.8\r\n");
  EXPECT_EQ(zipped.header("Content-Encoding"), "gzip");
  EXPECT_THAT(zipped.header("Vary"), HasSubstr("Accept-Encoding"));
  EXPECT_EQ(inflate(zipped.body, Coding::gzip, 1 << 20).value(), std::string(100'000, 'x'));
  for (std::string_view target : {"/large?size=1023", "/large?type=image/gif"}) {
    EXPECT_EQ(client.request("GET", target, "Accept-Encoding: gzip\r\n").header("Content-Encoding"), "") << target;
  }
  Answer plain = client.request("GET", "/large?size=1024", "Accept-Encoding: gzip;q=0\r\n");
  EXPECT_EQ(plain.header("Content-Encoding"), "");
  EXPECT_THAT(plain.header("Vary"), HasSubstr("Accept-Encoding"));
}

TEST(Server, ProblemsNameCodeFieldsAndTrace) {
  TestSite site;
  Client client(site.port());
  Answer answer = client.request("GET", "/api/v1/faults/fields",
                                 "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("X-Request-Id"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(answer.json(), json::parse(R"({"type":"about:blank","title":"Bad Request","status":400,
      "detail":"/country is required.","code":"fields_invalid","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",
      "errors":[{"pointer":"/country","detail":"is required"}]})")
                               .value());
  EXPECT_EQ(client.request("GET", "/api/v1/faults/busy").header("Retry-After"), "7");
  EXPECT_EQ(client.request("GET", "/api/v1/faults/gone").json()["title"], "Gone") << "an empty error gets a body";
}

TEST(Server, WhatGoesWrongInsideIsNotTold) {
  TestSite site;
  Client client(site.port());
  for (std::string_view kind : {"exception", "internal"}) {
    Answer answer = client.request("GET", "/api/v1/faults/" + std::string(kind));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.json()["code"], "internal");
    EXPECT_THAT(answer.body, Not(HasSubstr("inner text")));
    EXPECT_THAT(answer.body, Not(HasSubstr("disk_broken")));
  }
  client.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  {
    Responder dropped = site.waiting.take();
  }
  EXPECT_EQ(client.read().status, 500);
}

TEST(Server, ErrorsOfOtherFormsAreLeftAsTheyAre) {
  TestSite site;
  Client client(site.port());
  Answer gif = client.request("GET", "/other/picture/form");
  EXPECT_EQ(gif.status, 400);
  EXPECT_EQ(gif.body, "GIF89a");
  EXPECT_EQ(client.request("GET", "/other/empty/form").body, "");
}

TEST(Server, AHeaderCannotForgeAnother) {
  TestSite site;
  Answer answer = Client(site.port()).request("GET", "/api/v1/faults/forged");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("X-Forged"), "");
  EXPECT_EQ(answer.header("X-A"), "");
  EXPECT_EQ(answer.header("Content-Length"), "0");
}

TEST(Server, UnknownPathsAndMethods) {
  TestSite site;
  Client client(site.port());
  EXPECT_EQ(client.request("GET", "/nothing").status, 404);
  EXPECT_EQ(client.request("GET", "/ping/").status, 404);
  EXPECT_EQ(client.request("GET", "/api/v1/nothing").header("Cache-Control"), "no-store");
  Answer answer = client.request("DELETE", "/ping");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.request("BREW", "/ping").status, 405);
  Answer options = client.request("OPTIONS", "/echo");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "PUT, POST, OPTIONS");
  EXPECT_EQ(client.request("OPTIONS", "*").status, 204);
}

TEST(Server, AddressesThatAreMalformedAreRefused) {
  TestSite site;
  Client client(site.port());
  for (std::string_view target : {"/ping?x=%", "/ping?x=%zz", "/ping?x=%00", "/api/v1/things/%00", "/api/v1/things/%ff",
                                  "/%", "ping", "/ping#x"}) {
    Answer answer = client.request("GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.json()["code"], "target_malformed") << target;
  }
  EXPECT_EQ(client.request("GET", "/ping?x=%25").status, 200) << "the connection goes on";
  EXPECT_EQ(client.request("GET", "http://elsewhere.example/ping?x").status, 200);
}

TEST(Server, HandlersSeeTheRequestDecoded) {
  TestSite site;
  Client client(site.port());
  Answer answer = client.request("GET", "/api/v1/things/a%20b%C3%BC?key=e%3Dmail&x=1+2&x=3",
                                 "Authorization: agent\r\nX-Two: first\r\nx-two: second\r\n");
  EXPECT_EQ(answer.json()["id"], "a b\u00fc");
  auto request = site.asked.take();
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/api/v1/things/a%20b%C3%BC");
  EXPECT_EQ(request->query_param("key"), "e=mail");
  EXPECT_EQ(request->query_param("x"), "1 2");
  EXPECT_EQ(request->query_param("none"), std::nullopt);
  EXPECT_EQ(request->header("X-TWO"), "first");
  EXPECT_EQ(request->client_address, "127.0.0.1");
  EXPECT_EQ(request->operation, "thing");
  EXPECT_EQ(request->principal.role, "agent");
  EXPECT_EQ(request->trace_id, answer.header("X-Request-Id"));
  for (std::string_view bad : {"/api/v1/things/", "/api/v1/things/a%2Fb"}) {
    EXPECT_EQ(client.request("GET", bad, "Authorization: agent\r\n").status, 404) << bad;
  }
}

TEST(Server, TheClientIsTheOneThatTrustedProxiesName) {
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  TestSite site(options);
  Client client(site.port());
  client.request("GET", "/api/v1/things/1", "Authorization: agent\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n");
  EXPECT_EQ(site.asked.take()->client_address, "203.0.113.9");
}

TEST(Server, AsksWhoItIsAndWhatTheyMay) {
  TestSite site;
  Client client(site.port());
  Answer stranger = client.request("GET", "/api/v1/things/1");
  EXPECT_EQ(stranger.status, 401);
  EXPECT_EQ(stranger.header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(stranger.json()["code"], "token_missing");
  EXPECT_EQ(client.request("GET", "/api/v1/things/1", "Authorization: agent\r\n").status, 200);
  EXPECT_EQ(client.request("DELETE", "/api/v1/things/1", "Authorization: agent\r\n").status, 403);
  EXPECT_EQ(client.request("DELETE", "/api/v1/things/1", "Authorization: admin\r\n").status, 204);
  EXPECT_EQ(client.request("POST", "/api/v1/things/search", "Authorization: agent\r\n", "{}").status, 200);
  EXPECT_EQ(client.request("GET", "/api/v1/things/search", "Authorization: agent\r\n").status, 405);
}

TEST(Server, BrowsersOfOtherSitesMayCallWhatIsNotUnderApi) {
  TestSite site;
  Client client(site.port());
  Answer preflight = client.request("OPTIONS", "/echo",
                                    "Origin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"
                                    "Access-Control-Request-Headers: authorization,anonymousid\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "PUT, POST, OPTIONS");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Headers"), "authorization,anonymousid");
  EXPECT_EQ(preflight.header("Access-Control-Max-Age"), "900");
  Answer actual = client.request("POST", "/echo", "Origin: https://shop.example\r\n", "x");
  EXPECT_EQ(actual.header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_THAT(actual.header("Vary"), HasSubstr("Origin"));
  Answer refused = client.request("POST", "/small", "Origin: https://shop.example\r\n", std::string(1001, 'x'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "https://shop.example") << "so that its status can be read";
}

TEST(Server, BrowsersOfOtherSitesMayNotCallTheApi) {
  TestSite site;
  Client client(site.port());
  for (std::string_view target : {"/api/v1/things/1", "/%61pi/v1/things/1"}) {
    Answer preflight =
        client.request("OPTIONS", target, "Origin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\n");
    EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "");
    Answer actual = client.request("GET", target, "Origin: https://shop.example\r\nAuthorization: agent\r\n");
    EXPECT_EQ(actual.status, 200);
    EXPECT_EQ(actual.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(actual.header("Cache-Control"), "no-store");
  }
}

TEST(Server, CountsWhatItDoes) {
  TestSite site;
  Client client(site.port());
  client.request("GET", "/ping");
  client.request("GET", "/api/v1/faults/exception");
  client.request("GET", "/nothing");
  std::string text = site.metrics().render();
  EXPECT_THAT(text, HasSubstr(R"(http_requests_total{operation="ping",status="2xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(http_requests_total{operation="fault",status="5xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(http_requests_total{operation="none",status="4xx"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(http_request_duration_seconds_count{operation="ping"} 1)"));
  EXPECT_THAT(text, HasSubstr("http_open_connections 1"));
  EXPECT_THAT(text, Not(HasSubstr("http_received_bytes_total 0")));
}

TEST(Server, WhatMayChangeIsTakenOverForTheNextRequestOrNotAtAll) {
  TestSite site;
  Client client(site.port());
  auto address = [&] {
    client.request("GET", "/api/v1/things/1", "Authorization: agent\r\nX-Forwarded-For: 203.0.113.9\r\n");
    return site.asked.take()->client_address;
  };
  EXPECT_EQ(address(), "127.0.0.1");
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  options.cors_origins = {"https://shop.example"};
  ASSERT_TRUE(site.server().reload(options).has_value());
  EXPECT_EQ(address(), "203.0.113.9");
  auto allowed = [&](const std::string& origin) {
    return client.request("GET", "/ping", "Origin: " + origin + "\r\n").header("Access-Control-Allow-Origin");
  };
  EXPECT_EQ(allowed("https://shop.example"), "https://shop.example");
  EXPECT_EQ(allowed("https://other.example"), "");

  options.trusted_proxies = {"nobody"};
  options.cors_origins = {"*"};
  EXPECT_EQ(site.server().reload(options).error().code, "trusted_proxy_malformed");
  EXPECT_EQ(address(), "203.0.113.9");
  EXPECT_EQ(allowed("https://other.example"), "");
  EXPECT_EQ(site.server().refresh_certificate().value(), false);  // there is none

  options.trusted_proxies = {};
  options.tls_certificate_file = options.tls_key_file = "/nonexistent.pem";  // would count from a restart on
  EXPECT_EQ(site.server().reload(options).error().code, "certificate_invalid");
  EXPECT_EQ(address(), "203.0.113.9");
}

TEST(Server, SettingsThatCannotWorkAreRefusedAtTheStart) {
  TestSite site;
  Router router = Router::create(R"({"paths":{}})").value();
  metrics::Registry metrics;
  ServerOptions options;
  options.port = site.port();
  EXPECT_EQ(Server::start(options, router, metrics).error().kind, ErrorKind::unavailable);
  options.port = 0;
  options.address = "localhost";
  EXPECT_EQ(Server::start(options, router, metrics).error().code, "address_malformed");
  options.address = "127.0.0.1";
  options.trusted_proxies = {"nobody"};
  EXPECT_EQ(Server::start(options, router, metrics).error().code, "trusted_proxy_malformed");
  options.trusted_proxies = {};
  options.tls_certificate_file = "/nonexistent.pem";
  EXPECT_EQ(Server::start(options, router, metrics).error().code, "certificate_invalid");
}

}  // namespace
}  // namespace handschlag::http
