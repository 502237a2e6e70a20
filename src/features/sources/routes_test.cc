#include <gmock/gmock.h>

#include <future>

#include "features/sources/sources.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"
#include "platform/http/target.h"
#include "platform/json/json.h"

namespace handschlag::sources {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The operations of api.yaml, as far as the router looks at them.
constexpr std::string_view kOperations = R"({"paths": {
  "/sources": {"get": {"operationId": "listSources"}, "post": {"operationId": "createSource"}},
  "/sources/{id}": {"get": {"operationId": "getSource"}},
  "/sources/{id}/key": {"post": {"operationId": "rotateSourceKey"}},
  "/sources/{id}/state": {"put": {"operationId": "setSourceState"}},
  "/sources/{id}/unit": {"put": {"operationId": "setSourceUnit"}},
  "/sources/{id}/quota": {"put": {"operationId": "putSourceQuota"}},
  "/sources/{id}/plan": {"put": {"operationId": "putSourcePlan"}},
  "/sources/{id}/consent-categories": {"put": {"operationId": "putSourceConsentCategories"}}
}})";

constexpr const char* kShop = R"({"id":"shop","touchpoint":"checkout","trust":"server","country":"DE",
  "purposes":["CustomerOrderManagement","DirectMarketing:A6-1-a"],
  "consent_categories":{"marketing":["DirectMarketing"]},
  "plan":{"events":{"Order Completed":["total"]}},"cors_origins":["https://shop.example"]})";

class SourcesRoutes : public ::testing::Test {
 protected:
  SourcesRoutes() : router_(*http::Router::create(kOperations)) {
    crypto::initialize();
    std::vector<db::Migration> all(staff::migrations().begin(), staff::migrations().end());
    all.insert(all.end(), migrations().begin(), migrations().end());
    EXPECT_TRUE((*database_)->migrate(all).has_value());
    staff_ = staff::Staff::create(**database_, clock_);
    sources_ = *Sources::open(**database_, clock_);
    bind_routes(router_, *sources_, *staff_);
    EXPECT_TRUE(router_.check().has_value());
  }

  http::Response call(std::string method, std::string path, std::string body = "", http::Headers headers = {}) {
    auto request = std::make_shared<http::Request>();
    request->method = std::move(method);
    const std::size_t mark = path.find('?');
    request->path = path.substr(0, mark);
    if (mark != std::string::npos) request->query = http::parse_target(path)->query;
    request->headers = std::move(headers);
    request->body = std::move(body);
    auto match = router_.match(request->method, request->path);
    EXPECT_TRUE(match.has_value());
    request->path_params = match->path_params;
    request->operation = match->operation->id;
    request->principal = {"token:1", "admin", {}};
    std::promise<http::Response> answer;
    match->operation->handler(request,
                              http::Responder([&](http::Response sent) { answer.set_value(std::move(sent)); }));
    return answer.get_future().get();
  }

  static json::Value body_of(const http::Response& response) {
    auto value = json::parse(response.body);
    return value ? *value : json::Value();
  }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<db::testing::TestDatabase> database_ = db::testing::TestDatabase::open(db::testing::Backend::sqlite);
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Sources> sources_;
  http::Router router_;
};

TEST_F(SourcesRoutes, SourceIsCreatedAndShownWithoutItsKey) {
  const http::Response created = call("POST", "/sources", kShop);
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string key = body_of(created)["write_key"].get<std::string>();
  EXPECT_THAT(key, StartsWith("hsw_"));
  const http::Response shown = call("GET", "/sources/shop");
  EXPECT_EQ(body_of(shown), body_of(created)["source"]);
  EXPECT_THAT(shown.body, ::testing::Not(HasSubstr(key)));
  const json::Value source = body_of(shown);
  EXPECT_EQ(source["purposes"], json::Value({"CustomerOrderManagement:A6-1-b", "DirectMarketing:A6-1-a"}));
  EXPECT_EQ(source["consent_categories"]["marketing"][0], "DirectMarketing");
  EXPECT_EQ(source["plan"]["events"]["Order Completed"][0], "total");
  EXPECT_EQ(source["trust"], "server");
  EXPECT_EQ(source["mode"], "live");
  EXPECT_EQ(body_of(call("GET", "/sources"))["items"], json::Value::array({source}));
}

TEST_F(SourcesRoutes, QuotaIsSetAndTakenAway) {
  ASSERT_EQ(call("POST", "/sources", kShop).status, 201);
  EXPECT_TRUE(body_of(call("GET", "/sources/shop"))["quota"].is_null());
  const http::Response set = call("PUT", "/sources/shop/quota", R"({"events_per_second":50})");
  EXPECT_EQ(body_of(set)["quota"], json::Value({{"events_per_second", 50}, {"burst", 500}})) << set.body;
  EXPECT_THAT(call("PUT", "/sources/shop/quota", R"({"events_per_second":0})").body, HasSubstr("/events_per_second"));
  EXPECT_THAT(call("PUT", "/sources/shop/quota", R"({"events_per_second":1,"burst":0})").body, HasSubstr("/burst"));
  EXPECT_EQ(call("PUT", "/sources/shop/quota", "[]").status, 400);
  EXPECT_EQ(call("PUT", "/sources/none/quota", "null").status, 404);
  EXPECT_TRUE(body_of(call("PUT", "/sources/shop/quota", "null"))["quota"].is_null());
}

TEST_F(SourcesRoutes, ListComesInPages) {
  for (const char* id : {"a", "b", "c"}) {
    const std::string body = std::string(R"({"id":")") + id + R"(","touchpoint":"t","purposes":["CustomerCare"]})";
    ASSERT_EQ(call("POST", "/sources", body).status, 201);
  }
  const json::Value first = body_of(call("GET", "/sources?limit=2"));
  ASSERT_EQ(first["items"].size(), 2U);
  const json::Value second = body_of(call("GET", "/sources?limit=2&cursor=" + first["next"].get<std::string>()));
  ASSERT_EQ(second["items"].size(), 1U);
  EXPECT_EQ(second["items"][0]["id"], "c");
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_TRUE(body_of(call("GET", "/sources?limit=3"))["next"].is_null());
  EXPECT_EQ(call("GET", "/sources?cursor=x").status, 400);
  EXPECT_EQ(call("GET", "/sources?limit=0").status, 400);
}

TEST_F(SourcesRoutes, AChangeMeantForAnotherStateChangesNothing) {
  ASSERT_EQ(call("POST", "/sources", kShop).status, 201);
  const std::string seen(http::find_header(call("GET", "/sources/shop").headers, "ETag"));
  EXPECT_EQ(call("GET", "/sources/shop", "", {{"If-None-Match", seen}}).status, 304);
  const http::Response changed = call("PUT", "/sources/shop/state", R"({"enabled":false})", {{"If-Match", seen}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  EXPECT_NE(http::find_header(changed.headers, "ETag"), seen);

  const json::Value before = body_of(call("GET", "/sources/shop"));
  EXPECT_EQ(call("PUT", "/sources/shop/state", R"({"enabled":true})", {{"If-Match", seen}}).status, 412);
  EXPECT_EQ(call("PUT", "/sources/shop/plan", R"({"declared":false})", {{"If-Match", seen}}).status, 412);
  EXPECT_EQ(call("PUT", "/sources/shop/consent-categories", "{}", {{"If-Match", seen}}).status, 412);
  EXPECT_EQ(call("POST", "/sources/shop/key", "", {{"If-Match", seen}}).status, 412);
  EXPECT_EQ(body_of(call("GET", "/sources/shop")), before);
  EXPECT_EQ(staff_->audit("token:1", "", 10)->records.size(), 2U);  // the making and the one change
  const std::string now(http::find_header(changed.headers, "ETag"));
  EXPECT_EQ(call("PUT", "/sources/shop/state", R"({"enabled":true})", {{"If-Match", now}}).status, 200);
}

TEST_F(SourcesRoutes, OfTwoWhoRotateOneKeyOneIsTooLate) {
  ASSERT_EQ(call("POST", "/sources", kShop).status, 201);
  const http::Response source = call("GET", "/sources/shop");
  EXPECT_EQ(body_of(source)["key_created_at"], body_of(source)["created_at"]);
  const http::Headers if_match = {{"If-Match", std::string(http::find_header(source.headers, "ETag"))}};
  clock_.advance(std::chrono::seconds{1});
  EXPECT_EQ(call("POST", "/sources/shop/key", "", if_match).status, 200);
  EXPECT_NE(body_of(call("GET", "/sources/shop"))["key_created_at"], body_of(source)["key_created_at"]);
  EXPECT_EQ(call("POST", "/sources/shop/key", "", if_match).status, 412);
}

TEST_F(SourcesRoutes, ChangesAreDoneAndAudited) {
  ASSERT_EQ(call("POST", "/sources", kShop).status, 201);
  const http::Response rotated = call("POST", "/sources/shop/key", R"({"overlap_seconds":3600})");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_NE(sources_->by_write_key(body_of(rotated)["write_key"].get<std::string>()), nullptr);
  EXPECT_EQ(call("POST", "/sources/shop/key").status, 200);
  EXPECT_EQ(body_of(call("PUT", "/sources/shop/state", R"({"enabled":false})"))["enabled"], false);
  EXPECT_EQ(body_of(call("PUT", "/sources/shop/plan", R"({"declared":false})"))["plan"]["declared"], false);
  const json::Value source =
      body_of(call("PUT", "/sources/shop/consent-categories", R"({"stats":["ServiceUsageAnalytics"]})"));
  EXPECT_EQ(source["consent_categories"], json::Value({{"stats", {"ServiceUsageAnalytics"}}}));

  std::vector<std::string> operations;
  const auto page = staff_->audit("token:1", "", 10);
  ASSERT_TRUE(page.has_value());
  for (const staff::AuditRecord& record : page->records) {
    EXPECT_EQ(record.entry.target, "source:shop");
    operations.push_back(record.entry.operation);
  }
  EXPECT_THAT(operations, ::testing::ElementsAre("putSourceConsentCategories", "putSourcePlan", "setSourceState",
                                                 "rotateSourceKey", "rotateSourceKey", "createSource"));
}

TEST_F(SourcesRoutes, BadInputIsNamed) {
  ASSERT_EQ(call("POST", "/sources", kShop).status, 201);
  struct Case {
    const char* method;
    const char* path;
    const char* body;
    int status;
    const char* text;
  };
  const Case cases[] = {
      {"POST", "/sources", "", 400, "json_malformed"},
      {"POST", "/sources", "3", 400, "fields_invalid"},
      {"POST", "/sources", kShop, 409, "source_exists"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t"})", 400, "/purposes"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["Spying"]})", 400, "/purposes/0"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare:Z"]})", 400, "/purposes/0"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":[7]})", 400, "/purposes/0"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"trust":"all"})", 400, "/trust"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"mode":1})", 400, "/mode"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"country":"de"})", 400,
       "/country"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"cors_origins":["a"]})", 400,
       "/cors_origins"},
      {"POST", "/sources",
       R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"consent_categories":{"c":["X"]}})", 400,
       "/consent_categories/c"},
      {"POST", "/sources", R"({"id":"a","touchpoint":"t","purposes":["CustomerCare"],"plan":{"events":1}})", 400,
       "/plan/events"},
      {"GET", "/sources/web", "", 404, "source_unknown"},
      {"POST", "/sources/web/key", "{}", 404, "source_unknown"},
      {"POST", "/sources/shop/key", R"({"overlap_seconds":-1})", 400, "/overlap_seconds"},
      {"PUT", "/sources/shop/state", "{}", 400, "/enabled"},
      {"PUT", "/sources/shop/plan", R"({"events":{"x":1}})", 400, "/events/x"},
      {"PUT", "/sources/shop/consent-categories", "[]", 400, "fields_invalid"},
  };
  for (const Case& test : cases) {
    const http::Response response = call(test.method, test.path, test.body);
    EXPECT_EQ(response.status, test.status) << test.path << test.body;
    EXPECT_THAT(response.body, HasSubstr(test.text)) << test.body;
  }
}

}  // namespace
}  // namespace handschlag::sources
