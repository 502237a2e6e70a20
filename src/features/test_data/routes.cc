#include "features/test_data/test_data.h"

namespace handschlag::test_data {
namespace {

Result<json::Value> list(TestData& test_data) {
  json::Value items = json::Value::array();
  for (const Deletion& deletion : TRY(test_data.deletions())) items.push_back(to_json(deletion));
  return json::Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<json::Value> remove(TestData& test_data, const http::Request& request) {
  TRY(test_data.delete_all({request.principal.id, request.trace_id}));
  return list(test_data);
}

}  // namespace

json::Value to_json(const Deletion& deletion) {
  return {{"region", deletion.region},
          {"before", deletion.before ? json::Value(format_time(*deletion.before)) : json::Value()},
          {"started_at", format_time(deletion.started_at)},
          {"finished_at", deletion.finished_at ? json::Value(format_time(*deletion.finished_at)) : json::Value()},
          {"events", deletion.events},
          {"people", deletion.people}};
}

void bind_routes(http::Router& router, TestData& test_data) {
  router.bind("listTestDataDeletions", [&](const http::Request&) { return http::Response::of(list(test_data)); });
  router.bind("deleteTestData", [&](const http::Request& request) {
    auto begun = remove(test_data, request);
    return begun ? http::Response::json(202, *begun) : http::Response::problem(begun.error());
  });
}

}  // namespace handschlag::test_data
