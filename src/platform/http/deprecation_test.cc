#include "platform/http/deprecation.h"

#include <gmock/gmock.h>

#include "platform/http/router.h"

namespace handschlag::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::string_view kDescription = R"({
  "paths": {
    "/old": {"get": {"operationId": "old", "deprecated": true, "x-deprecated": "2026-01-01", "x-sunset": "2027-01-01"}},
    "/new": {"post": {"operationId": "new",
      "parameters": [{"$ref": "#/components/parameters/colour"}, {"name": "size", "in": "query"}],
      "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}}}}
  },
  "components": {
    "parameters": {"colour": {"name": "colour", "in": "query", "deprecated": true, "x-deprecated": "2026-05-01"}},
    "schemas": {"Body": {"type": "object", "properties": {"name": {},
      "title": {"deprecated": true, "x-deprecated": "2026-03-01", "x-sunset": "2026-12-01"}}}}
  }
})";

class DeprecationTest : public ::testing::Test {
 protected:
  DeprecationTest() : router_(Router::create(kDescription).value()) {
    router_.bind("old", [](const Request&) { return Response::empty(204); });
    router_.bind("new", [](const Request&) { return Response::empty(204); });
    router_.set_on_deprecated([this](const Operation& operation, const Request& request, std::string_view what) {
      told_.push_back(operation.id + "|" + request.principal.id + "|" + std::string(what));
    });
  }

  Headers call(std::string_view method, std::string_view path, Request request = {}) {
    auto match = router_.match(method, path);
    Headers headers;
    router_.dispatch(*match->operation, std::make_shared<Request>(std::move(request)),
                     Responder([&](Response response) { headers = std::move(response.headers); }));
    return headers;
  }

  Router router_;
  std::vector<std::string> told_;
};

TEST_F(DeprecationTest, AnOperationSaysSinceWhenAndUntilWhen) {
  EXPECT_THAT(call("GET", "/old"),
              ElementsAre(Pair("Deprecation", "@1767225600"), Pair("Sunset", "Fri, 01 Jan 2027 00:00:00 GMT")));
  EXPECT_THAT(told_, ElementsAre("old||"));
}

TEST_F(DeprecationTest, AFieldIsToldToThoseWhoUseIt) {
  Request plain;
  plain.body = R"({"name": "x"})";
  plain.query = {{"size", "1"}};
  EXPECT_THAT(call("POST", "/new", plain), IsEmpty());
  Request old_field;
  old_field.principal.id = "token:7";
  old_field.body = R"({"title": "x"})";
  EXPECT_THAT(call("POST", "/new", old_field),
              ElementsAre(Pair("Deprecation", "@1772323200"), Pair("Sunset", "Tue, 01 Dec 2026 00:00:00 GMT")));
  Request old_parameter;
  old_parameter.query = {{"colour", "red"}};
  old_parameter.body = "{";
  EXPECT_THAT(call("POST", "/new", old_parameter), ElementsAre(Pair("Deprecation", "@1777593600")));
  EXPECT_THAT(told_, ElementsAre("new|token:7|title", "new||colour"));
}

TEST_F(DeprecationTest, OfSeveralTheEarliestDatesCount) {
  Request request;
  request.query = {{"colour", "red"}};
  request.body = R"({"title": "x"})";
  EXPECT_THAT(call("POST", "/new", request),
              ElementsAre(Pair("Deprecation", "@1772323200"), Pair("Sunset", "Tue, 01 Dec 2026 00:00:00 GMT")));
}

TEST_F(DeprecationTest, ADateIsNeeded) {
  for (const char* dates : {"", R"(, "x-deprecated": "soon")", R"(, "x-deprecated": "2026-01-01", "x-sunset": 7)"}) {
    const std::string description =
        std::string(R"({"paths": {"/a": {"get": {"operationId": "a", "deprecated": true)") + dates + "}}}}";
    EXPECT_FALSE(Router::create(description).has_value()) << dates;
  }
}

}  // namespace
}  // namespace handschlag::http
