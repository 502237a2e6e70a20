#include "features/processing/processing.h"

namespace handschlag::processing {
namespace {

Result<std::vector<Activity>> made(const notices::Notices& notices, const sources::Sources& sources,
                                   webhooks::Webhooks& webhooks, events::Events& events, const Clock& clock) {
  Input input;
  input.entries = notices.entries();
  input.in_force = notices.in_force();
  input.assessments = notices.assessments();
  input.sources = sources.list();
  for (const webhooks::Status& each : TRY(webhooks.list())) input.webhooks.push_back(each.endpoint);
  input.totals = TRY(events.totals(""));
  input.refusals = TRY(events.refusals());
  input.now = clock.now();
  return compile(input);
}

http::Response answer(const http::Request& request, const Result<std::vector<Activity>>& activities, Time now) {
  if (!activities) return http::Response::problem(activities.error());
  const auto format = request.query_param("format").value_or("json");
  if (format == "json") return http::Response::json(200, to_json(*activities, now));
  if (format == "csv") {
    const auto language = request.query_param("language").value_or("en");
    return std::move(http::Response::text(200, to_csv(*activities, language), "text/csv; charset=utf-8")
                         .with("Content-Disposition", "attachment; filename=\"processing-register.csv\""));
  }
  return http::Response::problem(
      Error{ErrorKind::invalid, "fields_invalid", "format must be json or csv.", {{"format", "must be json or csv"}}});
}

}  // namespace

void bind_routes(http::Router& router, const notices::Notices& notices, const sources::Sources& sources,
                 webhooks::Webhooks& webhooks, events::Events& events, const Clock& clock) {
  router.bind("getProcessingRegister", [&](const http::Request& request) {
    return answer(request, made(notices, sources, webhooks, events, clock), clock.now());
  });
}

}  // namespace handschlag::processing
