#include <gmock/gmock.h>

#include <future>
#include <memory>

#include "features/staff/staff.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::staff {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The operations of api.yaml, as far as the router looks at them.
constexpr std::string_view kOperations = R"({"paths": {
  "/roles": {"get": {"operationId": "listRoles", "security": [{"token": []}]}},
  "/tokens": {"get": {"operationId": "listTokens", "security": [{"token": []}], "x-roles": ["admin"]},
              "post": {"operationId": "createToken", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/tokens/{id}": {"get": {"operationId": "getToken", "security": [{"token": []}], "x-roles": ["admin"]},
                   "delete": {"operationId": "revokeToken", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/staff": {"get": {"operationId": "listStaff", "security": [{"token": []}], "x-roles": ["admin"]},
             "post": {"operationId": "createStaff", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/staff/{id}": {"get": {"operationId": "getStaff", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/staff/{id}/role": {"put": {"operationId": "setStaffRole", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/staff/{id}/state": {"put": {"operationId": "setStaffState", "security": [{"token": []}], "x-roles": ["admin"]}},
  "/staff/{id}/password": {"put": {"operationId": "setStaffPassword", "security": [{"token": []}]}},
  "/session": {"post": {"operationId": "createSession", "security": []},
               "get": {"operationId": "getSession", "security": [{"token": []}]},
               "delete": {"operationId": "deleteSession", "security": [{"token": []}]}},
  "/session/first-admin": {"post": {"operationId": "createFirstAdmin", "security": []}},
  "/session/password": {"put": {"operationId": "setOwnPassword", "security": [{"token": []}]}},
  "/session/second-factor": {"post": {"operationId": "offerSecondFactor", "security": [{"token": []}]},
                             "put": {"operationId": "setSecondFactor", "security": [{"token": []}]}},
  "/sessions": {"delete": {"operationId": "deleteSessions", "security": [{"token": []}]}},
  "/staff/{id}/second-factor": {"delete": {"operationId": "resetSecondFactor", "security": [{"token": []}]}},
  "/audit": {"get": {"operationId": "listAudit", "security": [{"token": []}]}},
  "/audit/principals": {"get": {"operationId": "listAuditPrincipals", "security": [{"token": []}]}},
  "/audit/check": {"get": {"operationId": "checkAudit", "security": [{"token": []}]}}
}})";

class StaffRoutes : public ::testing::Test {
 protected:
  StaffRoutes() : router_(*http::Router::create(kOperations)) {
    crypto::initialize();
    EXPECT_TRUE((*database_)->migrate(migrations()).has_value());
    staff_ = Staff::create(**database_, clock_);
    bind_routes(router_, *staff_);
    router_.set_authenticator(
        [this](const http::Request& request, std::string_view) { return staff_->authenticate(request); });
    EXPECT_TRUE(router_.check().has_value());
    admin_ = staff_->add_token({"cli", ""}, {.name = "admin", .role = Role::admin})->text;
  }

  http::Response call(std::string method, std::string path, std::string body = "", http::Headers headers = {}) {
    auto request = std::make_shared<http::Request>();
    request->method = std::move(method);
    const std::size_t mark = path.find('?');
    request->path = path.substr(0, mark);
    if (mark != std::string::npos) {
      const std::string pair = path.substr(mark + 1);
      request->query.emplace_back(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
    }
    request->body = std::move(body);
    request->headers = std::move(headers);
    if (request->headers.empty()) request->headers = {{"Authorization", "Bearer " + admin_}};
    request->client_address = "192.0.2.1";
    auto match = router_.match(request->method, request->path);
    EXPECT_TRUE(match.has_value()) << request->path;
    request->path_params = match->path_params;
    request->operation = match->operation->id;
    std::promise<http::Response> answer;
    router_.dispatch(*match->operation, request,
                     http::Responder([&](http::Response sent) { answer.set_value(std::move(sent)); }));
    return answer.get_future().get();
  }

  static json::Value body_of(const http::Response& response) {
    auto value = json::parse(response.body);
    return value ? *value : json::Value();
  }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<db::testing::TestDatabase> database_ = db::testing::TestDatabase::open(db::testing::Backend::sqlite);
  std::unique_ptr<Staff> staff_;
  http::Router router_;
  std::string admin_;
};

TEST_F(StaffRoutes, TokenIsShownOnceAndWorksUntilItIsRevoked) {
  const http::Response created =
      call("POST", "/tokens", R"({"name":"desk","role":"agent","region":"eu","expires_at":"2099-01-01T00:00:00Z"})");
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string text = body_of(created)["token"].get<std::string>();
  EXPECT_THAT(text, StartsWith("hst_"));

  const http::Response listed = call("GET", "/tokens");
  EXPECT_THAT(listed.body, ::testing::Not(HasSubstr(text)));
  const json::Value token = body_of(listed)["items"][1];
  EXPECT_EQ(token["name"], "desk");
  EXPECT_EQ(token["role"], "agent");
  EXPECT_EQ(token["region"], "eu");
  EXPECT_EQ(token["created_by"], "token:1");
  EXPECT_EQ(token["expires_at"], "2099-01-01T00:00:00.000Z");
  EXPECT_TRUE(token["revoked_at"].is_null());

  const http::Headers headers{{"Authorization", "Bearer " + text}};
  EXPECT_EQ(call("GET", "/roles", "", headers).status, 200);
  EXPECT_EQ(call("GET", "/tokens", "", headers).status, 403);
  EXPECT_EQ(call("DELETE", "/tokens/2").status, 204);
  EXPECT_EQ(call("GET", "/roles", "", headers).status, 401);
}

TEST_F(StaffRoutes, ListsComeInPages) {
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(call("POST", "/tokens", R"({"name":"t)" + n + R"(","role":"agent"})").status, 201);
    EXPECT_EQ(call("POST", "/staff",
                   R"({"login":"m)" + n + R"(","display_name":"M","role":"agent","password":"long-enough-1"})")
                  .status,
              201);
  }
  for (const char* path : {"/tokens", "/staff"}) {
    std::vector<std::int64_t> ids;
    std::string page = std::string(path) + "?limit=2";
    json::Value body = body_of(call("GET", page));
    EXPECT_EQ(body["items"].size(), 2U) << path;
    for (const json::Value& item : body["items"]) ids.push_back(item["id"].get<std::int64_t>());
    const std::string next = body["next"].get<std::string>();
    body = body_of(call("GET", std::string(path) + "?cursor=" + next));
    for (const json::Value& item : body["items"]) ids.push_back(item["id"].get<std::int64_t>());
    EXPECT_TRUE(body["next"].is_null());
    EXPECT_EQ(ids.size(), std::string_view(path) == "/tokens" ? 4U : 3U);  // the first token is the admin's
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    const char* other = std::string_view(path) == "/tokens" ? "/staff" : "/tokens";
    EXPECT_EQ(call("GET", std::string(other) + "?cursor=" + next).status, 400);
  }
}

TEST_F(StaffRoutes, AChangeMeantForAnotherStateChangesNothing) {
  const std::string member = R"({"login":"eva","display_name":"Eva","role":"agent","password":"long-enough-1"})";
  ASSERT_EQ(call("POST", "/staff", member).status, 201);
  auto with = [&](const std::string& header, const std::string& tag) {
    return http::Headers{{"Authorization", "Bearer " + admin_}, {header, tag}};
  };
  const std::string seen(http::find_header(call("GET", "/staff/1").headers, "ETag"));
  EXPECT_EQ(call("GET", "/staff/1", "", with("If-None-Match", seen)).status, 304);

  const http::Response changed = call("PUT", "/staff/1/role", R"({"role":"sales"})", with("If-Match", seen));
  ASSERT_EQ(changed.status, 200) << changed.body;
  const std::string now(http::find_header(changed.headers, "ETag"));
  EXPECT_NE(now, seen);
  EXPECT_EQ(http::find_header(call("GET", "/staff/1").headers, "ETag"), now);

  const std::int64_t audited = staff_->audit("", "", 1)->records.front().id;
  EXPECT_EQ(call("PUT", "/staff/1/role", R"({"role":"agent"})", with("If-Match", seen)).status, 412);
  EXPECT_EQ(call("PUT", "/staff/1/state", R"({"state":"disabled"})", with("If-Match", seen)).status, 412);
  EXPECT_EQ(call("PUT", "/staff/1/password", R"({"password":"long-enough-2"})", with("If-Match", seen)).status, 412);
  EXPECT_EQ(call("PUT", "/staff/77/role", R"({"role":"agent"})", with("If-Match", seen)).status, 404);
  const json::Value after = body_of(call("GET", "/staff/1"));
  EXPECT_EQ(after["role"], "sales");
  EXPECT_EQ(after["state"], "enabled");
  EXPECT_EQ(staff_->audit("", "", 1)->records.front().id, audited);  // nor was it written down as done
}

TEST_F(StaffRoutes, ATokenIsRevokedOnlyAsItWasSeen) {
  ASSERT_EQ(call("POST", "/tokens", R"({"name":"a","role":"agent"})").status, 201);
  const std::string seen(http::find_header(call("GET", "/tokens/2").headers, "ETag"));
  const http::Headers stale{{"Authorization", "Bearer " + admin_}, {"If-Match", "\"other\""}};
  EXPECT_EQ(call("DELETE", "/tokens/2", "", stale).status, 412);
  EXPECT_TRUE(body_of(call("GET", "/tokens/2"))["revoked_at"].is_null());
  const http::Headers fresh{{"Authorization", "Bearer " + admin_}, {"If-Match", seen}};
  EXPECT_EQ(call("DELETE", "/tokens/2", "", fresh).status, 204);
  EXPECT_FALSE(body_of(call("GET", "/tokens/2"))["revoked_at"].is_null());
  EXPECT_EQ(call("GET", "/tokens/77").status, 404);
}

TEST_F(StaffRoutes, BadInputIsNamed) {
  struct Case {
    const char* method;
    const char* path;
    const char* body;
    int status;
    const char* text;
  };
  const Case cases[] = {
      {"POST", "/tokens", "{", 400, "json_malformed"},
      {"POST", "/tokens", "[]", 400, "fields_invalid"},
      {"POST", "/tokens", R"({"name":"x"})", 400, "/role"},
      {"POST", "/tokens", R"({"name":"x","role":"root"})", 400, "GET /api/v1/roles"},
      {"POST", "/tokens", R"({"name":"x","role":"agent","expires_at":"tomorrow"})", 400, "/expires_at"},
      {"POST", "/tokens", R"({"name":"x","role":"agent","expires_at":"2001-01-01"})", 400, "/expires_at"},
      {"POST", "/tokens", R"({"name":"a\u0000b","role":"agent"})", 400, "/name"},
      {"POST", "/tokens", R"({"name":"x","role":"agent","rolle":"x"})", 400, "/rolle"},
      {"DELETE", "/tokens/x", "", 404, "id_unknown"},
      {"DELETE", "/tokens/-1", "", 404, "id_unknown"},
      {"DELETE", "/tokens/99999999999999999999", "", 404, "id_unknown"},
      {"DELETE", "/tokens/77", "", 404, "token_unknown"},
      {"POST", "/staff", R"({"login":"a","display_name":"A","role":"agent","password":"short"})", 400, "/password"},
      {"PUT", "/staff/77/role", R"({"role":"agent"})", 404, "member_unknown"},
      {"PUT", "/staff/77/state", R"({"state":"gone"})", 400, "/state"},
      {"GET", "/audit?limit=0", "", 400, "limit"},
      {"GET", "/audit?limit=201", "", 400, "limit"},
      {"GET", "/audit?cursor=abc", "", 400, "cursor_invalid"},
      {"GET", "/session", "", 401, "session_invalid"},
      {"POST", "/session", R"({"login":"a","password":"b"})", 400, "content_type_invalid"},
  };
  for (const Case& test : cases) {
    const http::Response response = call(test.method, test.path, test.body);
    EXPECT_EQ(response.status, test.status) << test.path << test.body;
    EXPECT_THAT(response.body, HasSubstr(test.text));
  }
}

TEST_F(StaffRoutes, MemberSignsInWorksAndSignsOut) {
  const http::Response created = call(
      "POST", "/staff", R"({"login":"ada","display_name":"Ada","role":"admin","password":"correct horse battery"})");
  ASSERT_EQ(created.status, 201) << created.body;
  const http::Response signed_in = call("POST", "/session", R"({"login":"Ada","password":"correct horse battery"})",
                                        {{"Content-Type", "application/json; charset=utf-8"}});
  ASSERT_EQ(signed_in.status, 201) << signed_in.body;
  std::string cookie(http::find_header(signed_in.headers, "Set-Cookie"));
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Secure"));
  cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_THAT(signed_in.body, ::testing::Not(HasSubstr(cookie.substr(cookie.find('=') + 1))));
  const std::string csrf = body_of(signed_in)["csrf_token"].get<std::string>();

  EXPECT_EQ(body_of(call("GET", "/session", "", {{"Cookie", cookie}}))["csrf_token"], csrf);
  // An admin sets a second factor up before anything else.
  EXPECT_EQ(body_of(call("GET", "/staff", "", {{"Cookie", cookie}}))["code"], "second_factor_missing");
  EXPECT_EQ(call("DELETE", "/session", "", {{"Cookie", cookie}}).status, 403);
  EXPECT_EQ(call("DELETE", "/session", "", {{"Cookie", cookie}, {"X-CSRF-Token", csrf}}).status, 204);
  EXPECT_EQ(call("GET", "/session", "", {{"Cookie", cookie}}).status, 401);
}

TEST_F(StaffRoutes, SignInThatFindsNoRoomIsToldToComeBack) {
  Settings settings;
  settings.hashings_at_once = 0;  // nobody takes from the queue
  settings.sign_ins_waiting = 0;
  auto busy = Staff::create(**database_, clock_, settings);
  EXPECT_EQ(busy->post_sign_in([] { ADD_FAILURE() << "must not run"; }).error().kind, ErrorKind::too_many);
}

TEST_F(StaffRoutes, AdminChangesAMember) {
  ASSERT_EQ(
      call("POST", "/staff", R"({"login":"ada","display_name":"Ada","role":"agent","password":"a password of 16"})")
          .status,
      201);
  EXPECT_EQ(body_of(call("PUT", "/staff/1/role", R"({"role":"sales"})"))["role"], "sales");
  EXPECT_EQ(body_of(call("PUT", "/staff/1/state", R"({"state":"disabled"})"))["state"], "disabled");
  EXPECT_EQ(call("PUT", "/staff/1/password", R"({"password":"another password"})").status, 204);
  EXPECT_EQ(body_of(call("GET", "/staff"))["items"][0]["state"], "disabled");
}

TEST_F(StaffRoutes, AuditIsListedAndChecked) {
  ASSERT_EQ(call("DELETE", "/tokens/1", "").status, 204);
  admin_ = staff_->add_token({"cli", ""}, {.name = "admin", .role = Role::admin})->text;
  const json::Value page = body_of(call("GET", "/audit?limit=2"));
  ASSERT_EQ(page["items"].size(), 2U);
  EXPECT_EQ(page["items"][1]["operation"], "revokeToken");
  EXPECT_EQ(page["items"][1]["target"], "token:1");
  EXPECT_TRUE(page["next"].is_string());
  const json::Value check = body_of(call("GET", "/audit/check"));
  EXPECT_EQ(check["intact"], true);
  EXPECT_EQ(check["records"], 3);
  EXPECT_TRUE(check["broken_at"].is_null());
}

TEST_F(StaffRoutes, WhoMayStandInTheAuditIsListedByNameFormerOnesToo) {
  ASSERT_EQ(call("POST", "/staff",
                 R"({"login":"ida","display_name":"Ida","role":"agent","password":"correct-horse-battery"})")
                .status,
            201);
  const std::string old = staff_->add_token({"cli", ""}, {.name = "old", .role = Role::agent})->text;
  ASSERT_EQ(call("DELETE", "/tokens/2", "").status, 204);
  std::vector<std::string> found;
  std::string next;
  do {
    const json::Value page = body_of(call("GET", "/audit/principals?cursor=" + next));
    for (const json::Value& item : page["items"]) {
      found.push_back(item["principal"].get<std::string>() + " " + item["name"].get<std::string>() +
                      (item["active"].get<bool>() ? "" : " (former)"));
    }
    next = page["next"].is_string() ? page["next"].get<std::string>() : "";
  } while (!next.empty());
  EXPECT_THAT(found, ElementsAre("staff:1 Ida", "token:1 admin", "token:2 old (former)"));
  EXPECT_EQ(call("GET", "/audit/principals?cursor=tokens-nonsense").status, 400);
  EXPECT_EQ(call("GET", "/audit/principals?cursor=nonsense").status, 400);
}

}  // namespace
}  // namespace handschlag::staff
