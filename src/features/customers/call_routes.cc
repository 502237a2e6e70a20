#include "features/customers/calls.h"

namespace handschlag::customers {
namespace {

Result<CallNote> note_of(const http::Request& request) {
  json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  CallNote note;
  note.customer = reader.optional_text("customer", {.max_length = 64}).value_or("");
  note.phone = reader.optional_text("phone", {.max_length = 64}).value_or("");
  note.source = reader.optional_text("source", {.max_length = 64}).value_or("");
  note.summary = reader.text("summary", {.max_length = kMaxSummaryBytes});
  note.retry_key = request.header("Idempotency-Key");
  if (auto direction = find_direction(reader.text("direction", {.max_length = 32}))) {
    note.direction = *direction;
  } else {
    reader.error("direction", "must be inbound or outbound");
  }
  if (auto verification = find_verification(reader.text("verification", {.max_length = 32}))) {
    note.verification = *verification;
  } else {
    reader.error("verification", "must be not_verified, callback, knowledge, authenticated or known_in_person");
  }
  if (auto at = reader.optional_text("at", {.max_length = 64})) {
    auto time = parse_time(*at);
    if (time) {
      note.at = *time;
    } else {
      reader.error("at", "must be a time such as 2026-11-22T09:30:00Z");
    }
  }
  TRY(reader.finish());
  return note;
}

Result<Viewer> caring(const http::Request& request) {
  Viewer viewer = TRY(viewer_of(request));
  if (!viewer.purpose) viewer.purpose = gate::Purpose::CustomerCare;
  return viewer;
}

http::Response note_call(const http::Request& request, Calls& calls) {
  auto viewer = caring(request);
  auto note = viewer ? note_of(request) : std::unexpected(viewer.error());
  auto noted = note ? calls.note(*viewer, *note) : std::unexpected(note.error());
  if (!noted) return http::Response::problem(noted.error());
  return http::Response::json(201, {{"id", noted->id}, {"source", noted->source}, {"at", format_time(noted->at)}});
}

Result<json::Value> list_sources(const http::Request& request, const Calls& calls) {
  const Viewer viewer = TRY(caring(request));
  json::Value items = json::Value::array();
  for (const auto& source : calls.sources_for(viewer)) {
    items.push_back({{"id", source->id}, {"name", source->name}, {"touchpoint", source->touchpoint}});
  }
  return json::Value{{"items", std::move(items)}, {"next", nullptr}};
}

}  // namespace

void bind_call_routes(http::Router& router, events::Events& events, sources::Sources& sources, const law::InForce& law,
                      staff::Staff& staff, std::vector<ledger::Ledger*> ledgers, const Clock& clock,
                      const gate::Interests& interests) {
  auto calls = std::make_shared<Calls>(events, sources, law, staff, std::move(ledgers), clock, interests);
  router.bind("noteCall", [calls](const http::Request& request) { return note_call(request, *calls); });
  router.bind("listCallSources",
              [calls](const http::Request& request) { return http::Response::of(list_sources(request, *calls)); });
}

}  // namespace handschlag::customers
