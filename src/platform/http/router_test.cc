#include "platform/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::string_view kSpec = R"({
  "security": [{"token": []}],
  "paths": {
    "/": {"get": {"operationId": "home", "security": []}},
    "/items/{id}": {"parameters": [], "get": {"operationId": "item"}, "delete": {"operationId": "drop",
        "x-roles": ["admin", "agent"], "x-max-body": 10, "x-problem": false}},
    "/items/search": {"post": {"operationId": "search", "security": [{"session": ["x"]}]}},
    "/items/{item}/parts/{part}": {"get": {"operationId": "part", "security": [{}]}},
    "/items/search/parts": {"get": {"operationId": "parts"}},
    "/config/": {"get": {"operationId": "config"}, "head": {"operationId": "config_head"}}
  }
})";

Handler answers(int status) {
  return [status](const Request&) { return Response::empty(status); };
}

std::string matched(const Router& router, std::string_view method, std::string_view path) {
  auto match = router.match(method, path);
  return match ? match->operation->id : match.error().code;
}

const Operation& operation(const Router& router, std::string_view id) {
  for (const Operation& candidate : router.operations()) {
    if (candidate.id == id) return candidate;
  }
  throw std::runtime_error("no such operation");
}

TEST(Router, ReadsWhatTheDescriptionSays) {
  Router router = Router::create(kSpec).value();
  EXPECT_EQ(router.operations().size(), 8U);
  EXPECT_EQ(operation(router, "home").security, "");
  EXPECT_EQ(operation(router, "part").security, "");
  EXPECT_EQ(operation(router, "item").security, "token");
  EXPECT_EQ(operation(router, "search").security, "session");
  EXPECT_EQ(operation(router, "item").max_body, 1U << 20);
  EXPECT_TRUE(operation(router, "item").rewrites_problems);
  EXPECT_EQ(operation(router, "drop").max_body, 10U);
  EXPECT_FALSE(operation(router, "drop").rewrites_problems);
  EXPECT_THAT(operation(router, "drop").roles, ElementsAre("admin", "agent"));
}

TEST(Router, WhatAnOperationDoesToStorageIsSaidOrFollowsFromItsMethod) {
  Router router = Router::create(kSpec).value();
  EXPECT_EQ(operation(router, "item").storage, Storage::read);
  EXPECT_EQ(operation(router, "config_head").storage, Storage::read);
  EXPECT_EQ(operation(router, "drop").storage, Storage::shrink);
  EXPECT_EQ(operation(router, "search").storage, Storage::grow);
  auto said = [](std::string_view what) {
    return Router::create(R"({"paths": {"/x": {"post": {"operationId": "x", "security": [], )" + std::string(what) +
                          "}}}}");
  };
  EXPECT_EQ(operation(said(R"("x-storage": "none")").value(), "x").storage, Storage::none);
  EXPECT_FALSE(said(R"("x-storage": "some")").has_value());
  EXPECT_FALSE(said(R"("x-storage": 1)").has_value());
}

TEST(Router, WhatIsNotAdmittedReachesNobody) {
  Router router = Router::create(kSpec).value();
  bool asked = false;
  router.bind("search", answers(204));
  router.set_authenticator([&](const Request&, std::string_view) -> Result<Principal> {
    asked = true;
    return Principal{};
  });
  router.set_admission([](const Operation& operation) -> Result<void> {
    if (operation.storage == Storage::grow) return fail(ErrorKind::unavailable, "full", "It is full.");
    return {};
  });
  int status = 0;
  router.dispatch(operation(router, "search"), std::make_shared<Request>(),
                  Responder([&](Response response) { status = response.status; }));
  EXPECT_EQ(status, 503);
  EXPECT_FALSE(asked);
}

TEST(Router, LiteralSegmentsWinOverParameters) {
  Router router = Router::create(kSpec).value();
  EXPECT_EQ(matched(router, "GET", "/"), "home");
  EXPECT_EQ(matched(router, "GET", "/items/7"), "item");
  EXPECT_EQ(matched(router, "POST", "/items/search"), "search");
  EXPECT_EQ(matched(router, "POST", "/items/%73earch"), "search");
  EXPECT_EQ(matched(router, "GET", "/items/search"), "method_not_allowed");
  EXPECT_EQ(matched(router, "GET", "/items/search/parts"), "parts");
  EXPECT_EQ(matched(router, "GET", "/items/search/parts/2"), "part") << "where the literal leads nowhere";
  EXPECT_EQ(matched(router, "GET", "/config/"), "config");
  EXPECT_EQ(matched(router, "GET", "/config"), "path_unknown");
  EXPECT_EQ(matched(router, "HEAD", "/config/"), "config_head");
  EXPECT_EQ(matched(router, "HEAD", "/items/7"), "item");
}

TEST(Router, ParametersAreNamedDecodedAndWholeSegments) {
  Router router = Router::create(kSpec).value();
  auto match = router.match("GET", "/items/a%20b/parts/%C3%BC").value();
  EXPECT_THAT(match.path_params, ElementsAre(Pair("item", "a b"), Pair("part", "\u00fc")));
  EXPECT_THAT(router.match("GET", "/").value().path_params, IsEmpty());
  for (std::string_view path : {"/items/", "/items//parts/1", "/items/a%2Fb", "/items", "/items/1/", "//items/1",
                                "/items/1/parts", "/ITEMS/1"}) {
    EXPECT_EQ(matched(router, "GET", path), "path_unknown") << path;
  }
  for (std::string_view path : {"/items/%", "/items/%00", "/items/%ff", "items", ""}) {
    EXPECT_EQ(matched(router, "GET", path), "target_malformed") << path;
  }
}

TEST(Router, TellsTheMethodsOfAPath) {
  Router router = Router::create(kSpec).value();
  EXPECT_EQ(router.match("PATCH", "/items/7").error().detail, "GET, DELETE, HEAD, OPTIONS");
  EXPECT_EQ(router.resource("/items/7").value().methods, "GET, DELETE, HEAD, OPTIONS");
  EXPECT_EQ(router.resource("/items/7").value().path, "/items/{id}");
  EXPECT_EQ(router.resource("/config/").value().methods, "GET, HEAD, OPTIONS");
  EXPECT_EQ(router.resource("/nothing").error().kind, ErrorKind::not_found);
}

// A page's address is one of the pages': never one that the API has, nor one of a file.
TEST(Router, PagesAreOpenedByAddressesThatAreNoPartOfTheApi) {
  Router router = Router::create(R"({"paths": {
    "/": {"get": {"operationId": "home", "x-pages": true}},
    "/items/{id}": {"get": {"operationId": "item"}}}})")
                      .value();
  for (const char* page : {"/", "/customers", "/customers/eu-1", "/sources/new"}) {
    EXPECT_EQ(matched(router, "GET", page), "home") << page;
  }
  for (const char* other : {"/items", "/items/1/more", "/customers/x.js", "/favicon.ico", "//customers", "/a%0d%0ab"}) {
    EXPECT_EQ(matched(router, "GET", other), "path_unknown") << other;
  }
  EXPECT_EQ(matched(router, "GET", "/items/1"), "item");
  EXPECT_NE(matched(router, "POST", "/customers"), "home");
  EXPECT_FALSE(Router::create(R"({"paths": {"/x": {"get": {"operationId": "x", "x-pages": true}}}})").has_value());
}

TEST(RouterCheck, NamesEveryDifferenceBetweenHandlersAndDescription) {
  Router router = Router::create(kSpec).value();
  router.bind("home", answers(200));
  router.bind("home", answers(200));
  router.bind("unknown", answers(200));
  auto error = router.check().error();
  EXPECT_EQ(error.kind, ErrorKind::internal);
  EXPECT_THAT(error.detail, HasSubstr("'home' is bound twice"));
  EXPECT_THAT(error.detail, HasSubstr("'unknown' has a handler and is not in the description"));
  for (const char* id : {"item", "drop", "search", "part", "parts", "config", "config_head"}) {
    EXPECT_THAT(error.detail, HasSubstr("'" + std::string(id) + "' has no handler"));
  }
  EXPECT_THAT(error.detail, HasSubstr("'item' needs an authenticator"));
}

TEST(RouterCheck, IsContentWhenAllIsBound) {
  Router router = Router::create(kSpec).value();
  for (const Operation& each : std::vector<Operation>(router.operations())) router.bind(each.id, answers(200));
  router.set_authenticator([](const Request&, std::string_view) -> Result<Principal> { return Principal{}; });
  EXPECT_TRUE(router.check().has_value());
}

TEST(Router, RefusesDescriptionsThatItCannotObey) {
  for (std::string_view bad : {
           "",
           "[]",
           "{}",
           R"({"paths":[]})",
           R"({"paths":{"a":{}}})",
           R"({"paths":{"/a":1}})",
           R"({"paths":{"/a":{"get":1}}})",
           R"({"paths":{"/a":{"get":{}}}})",
           R"({"paths":{"/a":{"get":{"operationId":""}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x"},"put":{"operationId":"x"}}}})",
           R"({"paths":{"/a/{b}":{"get":{"operationId":"x"}},"/a/{c}":{"get":{"operationId":"y"}}}})",
           R"({"paths":{"/a/{b}.json":{"get":{"operationId":"x"}}}})",
           R"({"paths":{"/a/{}":{"get":{"operationId":"x"}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","security":[{"a":[]},{"b":[]}]}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","security":[{"a":[],"b":[]}]}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","security":[],"x-roles":["agent"]}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","security":[{"a":[]}],"x-roles":[]}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","x-max-body":-1}}}})",
           R"({"paths":{"/a":{"get":{"operationId":"x","x-problem":"no"}}}})",
       }) {
    EXPECT_FALSE(Router::create(bad).has_value()) << bad;
  }
}

// What dispatch answers, with the given role or none.
int dispatched(const Router& router, std::string_view id, std::string_view role) {
  auto request = std::make_shared<Request>();
  request->headers = {{"Role", std::string(role)}};
  int status = 0;
  router.dispatch(operation(router, id), request,
                  Responder([&](const Response& response) { status = response.status; }));
  return status;
}

TEST(RouterDispatch, AuthenticatesThenChecksTheRoleThenCalls) {
  Router router = Router::create(kSpec).value();
  router.set_authenticator([](const Request& request, std::string_view) -> Result<Principal> {
    if (request.header("Role") == "throw") throw std::runtime_error("broken");
    if (request.header("Role").empty()) return fail(ErrorKind::unauthenticated, "who", "Who is there?");
    return Principal{"token:1", std::string(request.header("Role")), {}};
  });
  router.bind("home", answers(201));
  router.bind("item", answers(202));
  router.bind("drop", answers(204));
  router.bind("search", [](const Request&) -> Response { throw std::runtime_error("broken"); });
  router.bind_async("parts", [](const std::shared_ptr<const Request>&, const Responder&) {});
  EXPECT_EQ(dispatched(router, "home", ""), 201) << "open to all";
  EXPECT_EQ(dispatched(router, "item", ""), 401);
  EXPECT_EQ(dispatched(router, "item", "anybody"), 202);
  EXPECT_EQ(dispatched(router, "drop", "anybody"), 403);
  EXPECT_EQ(dispatched(router, "drop", "agent"), 204);
  EXPECT_EQ(dispatched(router, "item", "throw"), 500);
  EXPECT_EQ(dispatched(router, "search", "agent"), 500);
  EXPECT_EQ(dispatched(router, "parts", "agent"), 500) << "dropped unanswered";
}

TEST(Status, EveryKindOfErrorHasOne) {
  EXPECT_EQ(status_of(ErrorKind::invalid), 400);
  EXPECT_EQ(status_of(ErrorKind::unauthenticated), 401);
  EXPECT_EQ(status_of(ErrorKind::forbidden), 403);
  EXPECT_EQ(status_of(ErrorKind::not_found), 404);
  EXPECT_EQ(status_of(ErrorKind::conflict), 409);
  EXPECT_EQ(status_of(ErrorKind::too_large), 413);
  EXPECT_EQ(status_of(ErrorKind::too_many), 429);
  EXPECT_EQ(status_of(ErrorKind::unavailable), 503);
  EXPECT_EQ(status_of(ErrorKind::internal), 500);
}

TEST(ListHeader, JoinsAllLinesAndTrims) {
  Headers headers = {{"A", "x, y ,,"}, {"b", "no"}, {"a", "\tz"}};
  EXPECT_THAT(list_header(headers, "A"), ElementsAre("x", "y", "z"));
  EXPECT_THAT(list_header(headers, "c"), IsEmpty());
}

}  // namespace
}  // namespace handschlag::http
