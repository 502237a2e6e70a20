#include <algorithm>
#include <array>
#include <charconv>

#include "features/events/events.h"
#include "features/events/keeper.h"
#include "features/events/overview_live.h"
#include "features/events/reasons.h"
#include "features/events/stages.h"
#include "features/events/tail.h"
#include "features/events/tally.h"
#include "features/events/wire.h"
#include "features/sources/origins.h"
#include "features/staff/staff.h"
#include "platform/base/money.h"
#include "platform/crypto/crypto.h"

namespace handschlag::events {
namespace {

constexpr std::int64_t kSmallGroup = 5;  // executives see no smaller one

// A transparent GIF of one pixel.
constexpr std::array<unsigned char, 35> kPixel = {
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b};

enum class Form { single, batch, history };

http::Response taken(const Outcome& outcome, std::span<const std::size_t> places, std::vector<Rejected> rejected) {
  for (const Rejected& bad : outcome.rejected) rejected.push_back({places[bad.index], bad.reason, bad.code});
  std::sort(rejected.begin(), rejected.end(), [](const Rejected& a, const Rejected& b) { return a.index < b.index; });
  json::Value body = {{"success", true}};
  for (const Rejected& bad : rejected) body["rejected"].push_back({{"index", bad.index}, {"reason", bad.reason}});
  return http::Response::json(200, body);
}

std::unexpected<Error> bad_key() {
  return fail(ErrorKind::unauthenticated, "write_key_unknown",
              "The write key is missing or unknown; send it as the user name of basic authentication.");
}

class Ingest {
 public:
  Ingest(Events& events, sources::Sources& sources, const Clock& clock, metrics::Registry& metrics)
      : events_(events),
        sources_(sources),
        clock_(clock),
        rejected_(metrics.counter("handschlag_ingest_rejected_total", "Events and requests that could not be decoded")),
        parse_(stage(metrics, "parse")) {}

  // The source that sends, or why it may not.
  Result<sources::SourcePointer> source_of(const http::Request& request, json::View body) const {
    std::string key = wire::write_key(request, body);
    auto source = key.empty() ? nullptr : sources_.by_write_key(key);
    if (!source) return bad_key();
    if (!source->enabled) return fail(ErrorKind::not_found, "source_disabled", "This source is switched off.");
    if (!sources::allows_origin(*source, request.header("origin"))) {
      return fail(ErrorKind::forbidden, "origin_not_listed", "Pages of this origin may not send to this source.");
    }
    return source;
  }

  Result<wire::Decoded> decode(const json::Tree& body, Form form, std::optional<EventType> type,
                               const sources::Source& source, const http::Request& request) const {
    Time received = clock_.now();
    wire::Decoded decoded;
    if (form == Form::single) {
      decoded.events.push_back(TRY(wire::decode_event(body, type, source, received)));
      decoded.places.push_back(0);
    } else {
      decoded = TRY(wire::decode_batch(body, source, received));
    }
    bool gpc = wire::global_privacy_control(request);
    for (Intake& event : decoded.events) {
      event.global_privacy_control = gpc;
      // History comes with the times of the past; when it was sent says nothing about a clock.
      if (form == Form::history && event.original) event.occurred = std::clamp(*event.original, Time{}, received);
    }
    return decoded;
  }

  void take(const http::Request& request, http::Responder responder, Form form, std::optional<EventType> type) {
    sources::SourcePointer sender;
    auto answer = [&](const Error& error) {
      rejected_.add();
      events_.tally().reject(sender.get(), error.code, clock_.now());
      responder.send(http::Response::problem(error));
    };
    const StageTime since = std::chrono::steady_clock::now();
    auto body = json::Tree::parse(request.body);
    // The key first where it is in a header, so that who has none learns nothing about bodies.
    auto source = source_of(request, body ? body->view() : json::View());
    sender = source ? *source : sources_.by_write_key(wire::write_key(request, body ? body->view() : json::View()));
    bool key_may_be_in_body = !body && !request.header("authorization").size() && !request.query_param("writeKey");
    if (!source && !key_may_be_in_body) return answer(source.error());
    if (!body) return answer(body.error());
    if (auto admitted = sources_.admit(**source); !admitted) return answer(admitted.error());
    auto decoded = decode(*body, form, type, **source, request);
    if (!decoded) {
      tell(**source, {}, &decoded.error());
      return answer(decoded.error());
    }
    tell(**source, decoded->rejected, nullptr);
    end_stage(parse_, since);
    rejected_.add(static_cast<double>(decoded->rejected.size()));
    for (const Rejected& item : decoded->rejected) events_.tally().reject(sender.get(), item.code, clock_.now());
    sources_.charge(**source, decoded->events.size() + decoded->rejected.size());
    if (decoded->events.empty()) return responder.send(taken({}, {}, std::move(decoded->rejected)));
    submit(*source, *std::move(decoded), form, std::move(responder));
  }

  // Answers the picture in any case, but like every answer after the commit.
  void pixel(const http::Request& request, http::Responder responder, EventType type) {
    auto shared = std::make_shared<http::Responder>(std::move(responder));
    auto answer = [shared] {
      std::string_view picture(reinterpret_cast<const char*>(kPixel.data()), kPixel.size());
      shared->send(http::Response::text(200, std::string(picture), "image/gif").with("Cache-Control", "no-store"));
    };
    auto taken = take_pixel(request, type, answer);
    if (taken) return;
    rejected_.add();
    auto sender = sources_.by_write_key(request.query_param("writeKey").value_or(""));
    events_.tally().reject(sender.get(), taken.error().code, clock_.now());
    answer();
  }

 private:
  // Tells those who watch what could not be decoded: items of a batch, or all of it.
  void tell(const sources::Source& source, std::span<const Rejected> items, const Error* all) const {
    if (items.empty() && all == nullptr) return;
    auto report = events_.tail().begin(source, clock_.now());
    if (!report) return;
    for (const Rejected& item : items) report->add_undecodable(item.code, item.reason);
    if (all != nullptr) report->add_undecodable(all->code, all->detail);
    const Outcome nothing;
    events_.tail().tell(*report, &nothing);
  }

  void submit(const sources::SourcePointer& source, wire::Decoded decoded, Form form, http::Responder responder) {
    auto shared = std::make_shared<http::Responder>(std::move(responder));
    auto places = std::make_shared<std::vector<std::size_t>>(std::move(decoded.places));
    auto rejected = std::make_shared<std::vector<Rejected>>(std::move(decoded.rejected));
    auto answer = [shared, places, rejected, form](Result<Outcome> outcome) {
      if (!outcome) return shared->send(http::Response::problem(outcome.error()));
      if (form == Form::single && !outcome->rejected.empty()) {
        const std::string& reason = outcome->rejected.front().reason;
        bool large = reason.find("larger than") != std::string::npos;
        return shared->send(http::Response::problem(Error{large ? ErrorKind::too_large : ErrorKind::invalid,
                                                          large ? "event_too_large" : "identity_unusable", reason}));
      }
      shared->send(taken(*outcome, *places, std::move(*rejected)));
    };
    events_.submit(source, std::move(decoded.events), answer,
                   [shared](std::function<void()> task) { return shared->defer(std::move(task)); });
  }

  // The event rides in the query: as `data` (base64 of JSON), or as single parameters, objects among them as JSON.
  Result<void> take_pixel(const http::Request& request, EventType type, const std::function<void()>& answer) {
    json::Value fields = json::Value::object();
    for (const auto& [name, value] : request.query) fields[name] = value;
    for (const char* name : {"properties", "traits", "context"}) {
      if (!fields.contains(name)) continue;
      auto object = json::parse(fields[name].get_ref<const std::string&>());
      fields[name] = object ? *std::move(object) : json::Value::object();
    }
    json::Tree item(fields);
    if (auto data = request.query_param("data")) item = TRY(json::Tree::parse(TRY(crypto::from_base64(*data))));
    auto source = TRY(source_of(request, item.view()));
    TRY(sources_.admit(*source));
    auto decoded = TRY(decode(item, Form::single, type, *source, request));
    sources_.charge(*source, 1);
    events_.submit(source, std::move(decoded.events), [answer](const Result<Outcome>&) { answer(); });
    return {};
  }

  Events& events_;
  sources::Sources& sources_;
  const Clock& clock_;
  metrics::Counter& rejected_;
  metrics::Histogram& parse_;
};

// The host as the client named it; only what a host name may have, since it goes into an answer.
std::string host_of(const http::Request& request) {
  std::string host(request.header("host"));
  bool good =
      !host.empty() && host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") ==
                           std::string::npos;
  return good ? host : "localhost";
}

http::Response segment_settings(const http::Request& request, const sources::Sources& sources) {
  std::string key(request.path_param("writeKey"));
  auto source = sources.by_write_key(key);
  if (!source) return http::Response::problem(bad_key().error());
  json::Value categories = json::Value::array();
  for (const auto& [category, purposes] : source->consent_categories) categories.push_back(category);
  return http::Response::json(
      200, {{"integrations", {{"Segment.io", {{"apiKey", key}, {"apiHost", host_of(request) + "/v1"}}}}},
            {"consentSettings", {{"allCategories", categories}, {"hasUnmappedDestinations", false}}}});
}

http::Response rudder_config(const http::Request& request, const sources::Sources& sources) {
  std::string key = wire::write_key(request, json::View());
  auto source = key.empty() ? nullptr : sources.by_write_key(key);
  if (!source) return http::Response::problem(bad_key().error());
  return http::Response::json(200, {{"source",
                                     {{"id", source->id},
                                      {"name", source->name},
                                      {"writeKey", key},
                                      {"enabled", source->enabled},
                                      {"workspaceId", source->controller},
                                      {"config", json::Value::object()},
                                      {"destinations", json::Value::array()}}}});
}

json::Value to_json(const Total& total) {
  json::Value item = {{"source", total.source},
                      {"mode", sources::name_of(total.mode)},
                      {"country", total.country.empty() ? json::Value() : json::Value(total.country)},
                      {"measure", total.measure},
                      {"linked", total.linked},
                      {"events", total.events}};
  if (total.measure != "events") {
    item["amount"] = format_micros(total.amount_micros);
    item["currency"] = total.currency.empty() ? json::Value() : json::Value(total.currency);
  }
  return item;
}

http::Response no_source() {
  return http::Response::problem(404, "source_unknown", "There is no such source.");
}

// Which sources' sums whoever asks may see: of who is limited to a unit, those of that unit.
class Shown {
 public:
  Shown(const http::Request& request, const sources::Sources& sources)
      : unit_(staff::unit_of(request.principal)), sources_(sources) {}
  bool shows(std::string_view source) const {
    return unit_.empty() || sources::find_within(sources_, unit_, source) != nullptr;
  }

 private:
  std::string unit_;
  const sources::Sources& sources_;
};

http::Response totals(const http::Request& request, Events& events, const sources::Sources& sources) {
  const std::string source(request.query_param("source").value_or(""));
  const Shown shown(request, sources);
  if (!source.empty() && !shown.shows(source)) return no_source();
  auto rows = events.totals(source);
  if (!rows) return http::Response::problem(rows.error());
  json::Value items = json::Value::array();
  for (const Total& total : *rows) {
    if (!shown.shows(total.source)) continue;
    if (request.principal.role == "executive" && total.events < kSmallGroup) continue;
    items.push_back(to_json(total));
  }
  return http::Response::json(200, {{"items", std::move(items)}, {"next", nullptr}});
}

http::Response days(const http::Request& request, Events& events, const sources::Sources& sources, const Clock& clock) {
  constexpr std::int64_t kUsual = 30;
  constexpr std::int64_t kMost = 400;
  std::int64_t wanted = kUsual;
  if (auto text = request.query_param("days")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), wanted);
    if (error != std::errc() || end != text->data() + text->size() || wanted < 1 || wanted > kMost) {
      return http::Response::problem({ErrorKind::invalid, "days_invalid", "days must be a number from 1 to 400."});
    }
  }
  auto rows = events.totals_by_day(clock.now() - std::chrono::days{wanted - 1});
  if (!rows) return http::Response::problem(rows.error());
  json::Value items = json::Value::array();
  const Shown shown(request, sources);
  for (const DayTotal& row : *rows) {
    if (!shown.shows(row.total.source)) continue;
    if (request.principal.role == "executive" && row.total.events < kSmallGroup) continue;
    json::Value item = {
        {"day", row.day}, {"source", row.total.source}, {"measure", row.total.measure}, {"events", row.total.events}};
    if (row.total.measure != "events") {
      item["amount"] = format_micros(row.total.amount_micros);
      item["currency"] = row.total.currency.empty() ? json::Value() : json::Value(row.total.currency);
    }
    items.push_back(std::move(item));
  }
  return http::Response::json(200, {{"items", std::move(items)}, {"next", nullptr}});
}

json::Value meaning_json(std::string_view reason) {
  const Meaning meaning = meaning_of(reason);
  return {{"de", meaning.german}, {"en", meaning.english}};
}

http::Response refusals(const http::Request& request, Events& events, const sources::Sources& sources) {
  auto rows = events.refusals();
  if (!rows) return http::Response::problem(rows.error());
  json::Value items = json::Value::array();
  const Shown shown(request, sources);
  for (const RefusalCount& row : *rows) {
    if (!shown.shows(row.source)) continue;
    items.push_back({{"day", row.day},
                     {"source", row.source},
                     {"subject", row.subject},
                     {"reason", row.reason},
                     {"meaning", meaning_json(row.reason)},
                     {"events", row.events}});
  }
  return http::Response::json(200, {{"items", std::move(items)}, {"next", nullptr}});
}

http::Response watch_source(const http::Request& request, Events& events, const sources::Sources& sources,
                            const std::shared_ptr<Keeper>& keeper) {
  auto source = sources::find_within(sources, staff::unit_of(request.principal), request.path_param("id"));
  if (!source) return no_source();
  if (auto admitted = events.tail().admit(request.principal.id); !admitted)
    return http::Response::problem(admitted.error());
  http::Response response;
  auto asked = std::make_shared<http::Request>(request);
  response.stream = [&events, &sources, keeper, asked, source](std::shared_ptr<http::EventSink> sink) {
    auto kept = keeper->keep(*asked, std::move(sink), [&sources, id = source->id](const http::Request& one) {
      return sources::find_within(sources, staff::unit_of(one.principal), id) != nullptr;
    });
    events.tail().watch(source->number.value, asked->principal.id, std::move(kept));
  };
  return response.with("Cache-Control", "no-store");
}

http::Response watch_overview(const http::Request& request, const std::shared_ptr<overview::Live>& live,
                              const std::shared_ptr<Keeper>& keeper) {
  auto query = overview::query_of(request);
  auto admitted = query ? live->admit(request, *query) : std::unexpected(query.error());
  if (!admitted) return http::Response::problem(admitted.error());
  http::Response response;
  auto asked = std::make_shared<http::Request>(request);
  response.stream = [live, keeper, asked, query = *query](std::shared_ptr<http::EventSink> sink) {
    live->watch(asked->principal.id, query, keeper->keep(*asked, std::move(sink)));
  };
  return response.with("Cache-Control", "no-store");
}

}  // namespace

void bind_routes(http::Router& router, Events& events, sources::Sources& sources, const Clock& clock,
                 metrics::Registry& metrics, StillIn still_in) {
  auto ingest = std::make_shared<Ingest>(events, sources, clock, metrics);
  // Where other nodes may change what is kept in memory, a look is a question to the database: for a worker.
  const bool asks = events.cells().front().region->data().shared();
  auto bind = [&](std::string_view operation, Form form, std::optional<EventType> type) {
    auto handler = [ingest, form, type](std::shared_ptr<const http::Request> request, http::Responder responder) {
      ingest->take(*request, std::move(responder), form, type);
    };
    asks ? router.bind_async(operation, handler) : router.bind_at_once(operation, handler);
  };
  for (auto [operation, type] : {std::pair{"ingestIdentify", EventType::identify},
                                 {"ingestTrack", EventType::track},
                                 {"ingestPage", EventType::page},
                                 {"ingestScreen", EventType::screen},
                                 {"ingestGroup", EventType::group},
                                 {"ingestAlias", EventType::alias}}) {
    bind(operation, Form::single, type);
    bind(std::string(operation) + "Short", Form::single, type);
  }
  for (const char* operation : {"ingestBatch", "ingestBatchShort", "ingestBeacon"})
    bind(operation, Form::batch, std::nullopt);
  bind("ingestImport", Form::history, std::nullopt);
  for (const char* operation : {"ingestClientMetrics", "ingestClientMetricsRudder"}) {
    router.bind(operation, [](const http::Request&) { return http::Response::json(200, {{"success", true}}); });
  }
  for (auto [operation, type] : {std::pair{"pixelTrack", EventType::track}, {"pixelPage", EventType::page}}) {
    router.bind_async(operation,
                      [ingest, type](std::shared_ptr<const http::Request> request, http::Responder responder) {
                        ingest->pixel(*request, std::move(responder), type);
                      });
  }
  router.bind("clientSettings",
              [&sources](const http::Request& request) { return segment_settings(request, sources); });
  for (const char* operation : {"clientSourceConfig", "clientSourceConfigSlash"}) {
    router.bind(operation, [&sources](const http::Request& request) { return rudder_config(request, sources); });
  }
  router.bind("globalPrivacyControl", [](const http::Request&) {
    return http::Response::json(200, {{"gpc", true}, {"lastUpdate", "2026-11-21"}});
  });
  auto keeper = std::make_shared<Keeper>(std::move(still_in));
  auto live = std::make_shared<overview::Live>(events, sources, clock);
  router.bind("getOverview", [live](const http::Request& request) { return http::Response::of(live->once(request)); });
  router.bind("watchOverview",
              [live, keeper](const http::Request& request) { return watch_overview(request, live, keeper); });
  router.bind("watchSource",
              [&, keeper](const http::Request& request) { return watch_source(request, events, sources, keeper); });
  router.bind("eventTotals", [&](const http::Request& request) { return totals(request, events, sources); });
  router.bind("eventDays", [&](const http::Request& request) { return days(request, events, sources, clock); });
  router.bind("eventRefusals", [&](const http::Request& request) { return refusals(request, events, sources); });
}

}  // namespace handschlag::events
