#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "features/customers/customers.h"
#include "features/webhooks/webhooks.h"
#include "platform/http/conditional.h"

namespace handschlag::webhooks {
namespace {

using http::Request;
using http::Response;
using json::Value;

constexpr std::size_t kDefaultPage = 50;
constexpr std::size_t kLargestPage = 200;
constexpr std::size_t kMaxEvents = 1'000;  // named in one request
constexpr std::chrono::hours kUsualOverlap{24};
constexpr std::int64_t kLongestOverlapSeconds = 30LL * 24 * 60 * 60;

staff::Actor actor_of(const Request& request) {
  return {request.principal.id, request.trace_id};
}

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(format_time(*time)) : Value();
}

Value text_or_null(const std::string& text) {
  return text.empty() ? Value() : Value(text);
}

Value event_or_null(const std::string& region, std::int64_t seq) {
  return seq == 0 ? Value() : Value(customers::format_event_id(region, seq));
}

Value to_json(const Status& status) {
  const Endpoint& endpoint = status.endpoint;
  Value types = Value::array();
  for (events::EventType type : endpoint.filter.types) types.push_back(events::name_of(type));
  return {{"id", endpoint.id},
          {"url", endpoint.url},
          {"description", endpoint.description},
          {"region", endpoint.filter.region},
          {"mode", sources::name_of(endpoint.filter.mode)},
          {"purpose", gate::info(endpoint.purpose).name},
          {"sources", endpoint.filter.sources},
          {"types", std::move(types)},
          {"names", endpoint.filter.names},
          {"payload", feed::name_of(endpoint.payload)},
          {"order", name_of(endpoint.order)},
          {"concurrency", endpoint.concurrency},
          {"rate", endpoint.rate},
          {"enabled", endpoint.enabled},
          {"disabled_reason", text_or_null(status.disabled_reason)},
          {"version", status.version},
          {"created_at", format_time(status.created_at)},
          {"changed_at", format_time(status.changed_at)},
          {"delivered_through", event_or_null(endpoint.filter.region, status.position)},
          {"failing_since", time_or_null(status.failing_since)},
          {"last_success_at", time_or_null(status.last_success_at)},
          {"behind", status.behind},
          {"waiting", status.waiting},
          {"dead_letters", status.dead}};
}

Value to_json(const std::string& region, const Attempt& attempt) {
  return {{"event", event_or_null(region, attempt.seq)},
          {"at", format_time(attempt.at)},
          {"attempt", attempt.attempt},
          {"outcome", attempt.outcome},
          {"status", attempt.status == 0 ? Value() : Value(attempt.status)},
          {"duration_ms", attempt.duration.count()},
          {"error", text_or_null(attempt.error)}};
}

// Reads fields that may be absent; `texts` tells an empty list from none.
class Decoder {
 public:
  explicit Decoder(const Value& body) : reader_(body) {}
  json::Reader& reader() { return reader_; }

  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t max_items) {
    if (reader_.any(name) == nullptr) return std::nullopt;
    return reader_.texts(name, max_items);
  }
  std::optional<std::vector<events::EventType>> types() {
    auto names = texts("types", 6);
    if (!names) return std::nullopt;
    std::vector<events::EventType> out;
    for (const std::string& name : *names) {
      const auto type = events::find_type(name);
      if (!type) reader_.error("types", "must be identify, track, page, screen, group or alias");
      if (type && std::find(out.begin(), out.end(), *type) == out.end()) out.push_back(*type);
    }
    return out;
  }
  template <class T>
  std::optional<T> named(std::string_view name, std::optional<T> (*find)(std::string_view), std::string_view reason) {
    auto text = reader_.optional_text(name);
    if (!text) return std::nullopt;
    auto value = find(*text);
    if (!value) reader_.error(name, std::string(reason));
    return value;
  }

  Change change() {
    Change out;
    out.url = reader_.optional_text("url", {.max_length = 2'048});
    out.description = reader_.optional_text("description", {.min_length = 0, .max_length = 500});
    out.sources = texts("sources", events::kMaxFeedSources);
    out.types = types();
    out.names = texts("names", feed::kMaxNames);
    out.payload = named("payload", feed::find_payload, "must be slim or full");
    out.order = named("order", find_order, "must be strict or any");
    out.concurrency = reader_.optional_integer("concurrency", 1, 16);
    out.rate = reader_.optional_integer("rate", 1, 1'000);
    out.enabled = reader_.optional_boolean("enabled");
    return out;
  }

 private:
  json::Reader reader_;
};

Result<Value> create(Webhooks& webhooks, const Request& request) {
  const Value body = TRY(json::parse(request.body));
  Decoder decoder(body);
  Endpoint endpoint{.id = decoder.reader().text("id", {.max_length = 64}), .url = {}, .filter = {}};
  endpoint.filter.region = decoder.reader().text("region", {.max_length = 16});
  const auto mode = decoder.named("mode", sources::find_mode, "must be live or test");
  endpoint.filter.mode = mode.value_or(endpoint.filter.mode);
  const std::string purpose = decoder.reader().text("purpose", {.max_length = 64});
  const auto found = gate::find_purpose(purpose);
  if (!purpose.empty() && !found) decoder.reader().error("purpose", "must be the name of a purpose");
  endpoint.purpose = found.value_or(endpoint.purpose);
  Change given = decoder.change();
  if (!given.url) decoder.reader().error("url", "is required");
  TRY(decoder.reader().finish());
  endpoint.url = *given.url;
  endpoint.description = given.description.value_or("");
  endpoint.filter.sources = given.sources.value_or(std::vector<std::string>{});
  endpoint.filter.types = given.types.value_or(std::vector<events::EventType>{});
  endpoint.filter.names = given.names.value_or(std::vector<std::string>{});
  endpoint.payload = given.payload.value_or(endpoint.payload);
  endpoint.order = given.order.value_or(endpoint.order);
  endpoint.concurrency = given.concurrency.value_or(endpoint.concurrency);
  endpoint.rate = given.rate.value_or(endpoint.rate);
  endpoint.enabled = given.enabled.value_or(endpoint.enabled);
  const auto added = TRY(webhooks.add(actor_of(request), endpoint));
  return Value{{"webhook", to_json(added.status)}, {"secret", added.secret}};
}

// Of what staff chose: deliveries go on all the time, and change nothing that a change could miss.
std::string tag_of(const Status& status) {
  return http::entity_tag(Value{{"id", status.endpoint.id}, {"version", status.version}});
}

Response tagged(const Status& status) {
  return Response::json(200, to_json(status)).with("ETag", tag_of(status));
}

// Which version a request is meant for, by its If-Match; nothing where it has none.
Result<std::optional<std::int64_t>> meant_version(Webhooks& webhooks, const Request& request) {
  if (request.header("if-match").empty() && request.header("if-none-match").empty()) return std::nullopt;
  const Status status = TRY(webhooks.get(request.path_param("id")));
  TRY(http::check_match(request, tag_of(status)));
  return status.version;
}

// Changed between the look at the condition and the change.
Error precondition(Error error, bool conditional) {
  if (conditional && error.code == "version_changed") error.code = http::kPreconditionFailed;
  return error;
}

Response change(Webhooks& webhooks, const Request& request, const Change& wanted, bool conditional) {
  auto status = webhooks.change(actor_of(request), request.path_param("id"), wanted);
  return status ? tagged(*status) : Response::problem(precondition(status.error(), conditional));
}

Result<Response> change(Webhooks& webhooks, const Request& request) {
  const Value body = TRY(json::parse(request.body));
  Decoder decoder(body);
  Change wanted = decoder.change();
  wanted.if_version = decoder.reader().optional_integer("version", 1, std::numeric_limits<std::int64_t>::max());
  TRY(decoder.reader().finish());
  const auto meant = TRY(meant_version(webhooks, request));
  const bool conditional = meant && !wanted.if_version;
  if (conditional) wanted.if_version = meant;
  return change(webhooks, request, wanted, conditional);
}

Result<void> remove(Webhooks& webhooks, const Request& request) {
  const auto meant = TRY(meant_version(webhooks, request));
  auto removed = webhooks.remove(actor_of(request), request.path_param("id"), meant);
  if (!removed) return std::unexpected(precondition(removed.error(), meant.has_value()));
  return {};
}

Result<Value> list(Webhooks& webhooks) {
  Value items = Value::array();
  for (const Status& status : TRY(webhooks.list())) items.push_back(to_json(status));
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> rotate(Webhooks& webhooks, const Request& request) {
  const Value body = TRY(json::parse(request.body.empty() ? "{}" : request.body));
  json::Reader reader(body);
  const auto overlap = reader.optional_integer("overlap_seconds", 0, kLongestOverlapSeconds);
  TRY(reader.finish());
  const auto secret =
      TRY(webhooks.rotate_secret(actor_of(request), request.path_param("id"),
                                 overlap ? std::chrono::seconds(*overlap) : std::chrono::seconds(kUsualOverlap)));
  return Value{{"secret", secret}};
}

Result<Value> test(Webhooks& webhooks, const Request& request) {
  return to_json("", TRY(webhooks.test(actor_of(request), request.path_param("id"))));
}

Result<void> replay(Webhooks& webhooks, const Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const auto after = reader.optional_text("after", {.max_length = 64});
  const auto from = reader.optional_text("from");
  if (after.has_value() == from.has_value()) reader.error("after", "or from is required, one of the two");
  if (from && *from != "start") reader.error("from", "must be start");
  TRY(reader.finish());
  const Status status = TRY(webhooks.get(request.path_param("id")));
  const std::int64_t position = after ? TRY(parse_event_id(status.endpoint.filter.region, *after)) : 0;
  return webhooks.replay(actor_of(request), request.path_param("id"), position);
}

Result<std::size_t> limit_of(const Request& request) {
  const auto text = request.query_param("limit");
  if (!text) return kDefaultPage;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > kLargestPage) {
    return fail(ErrorKind::invalid, "fields_invalid", fmt::format("limit must be 1 to {}.", kLargestPage),
                {{"limit", fmt::format("must be 1 to {}", kLargestPage)}});
  }
  return limit;
}

Value next_of(const std::optional<std::string>& next) {
  return next ? Value(*next) : Value();
}

Result<Value> attempts(Webhooks& webhooks, const Request& request) {
  const std::string_view outcome = request.query_param("outcome").value_or("");
  const std::vector<std::string_view> known = {"", "delivered", "failed", "dead", "withdrawn"};
  if (std::find(known.begin(), known.end(), outcome) == known.end()) {
    return fail(ErrorKind::invalid, "fields_invalid", "outcome must be delivered, failed, dead or withdrawn.",
                {{"outcome", "must be delivered, failed, dead or withdrawn"}});
  }
  const std::string_view id = request.path_param("id");
  const Status status = TRY(webhooks.get(id));
  const auto page =
      TRY(webhooks.attempts(id, outcome, request.query_param("cursor").value_or(""), TRY(limit_of(request))));
  Value items = Value::array();
  for (const Attempt& attempt : page.items) items.push_back(to_json(status.endpoint.filter.region, attempt));
  return Value{{"items", std::move(items)}, {"next", next_of(page.next)}};
}

Result<Value> dead_letters(Webhooks& webhooks, const Request& request) {
  const std::string_view id = request.path_param("id");
  const Status status = TRY(webhooks.get(id));
  const auto page = TRY(webhooks.dead_letters(id, request.query_param("cursor").value_or(""), TRY(limit_of(request))));
  Value items = Value::array();
  for (const DeadLetter& letter : page.items) {
    items.push_back({{"event", event_or_null(status.endpoint.filter.region, letter.seq)},
                     {"attempts", letter.attempts},
                     {"died_at", format_time(letter.died_at)},
                     {"error", letter.last_error}});
  }
  return Value{{"items", std::move(items)}, {"next", next_of(page.next)}};
}

Result<Value> redeliver(Webhooks& webhooks, const Request& request) {
  const Value body = TRY(json::parse(request.body.empty() ? "{}" : request.body));
  json::Reader reader(body);
  const std::vector<std::string> ids = reader.texts("events", kMaxEvents, {.max_length = 64});
  const bool named = reader.any("events") != nullptr;
  if (named && ids.empty()) reader.error("events", "must name at least one; leave it out for all");
  TRY(reader.finish());
  const Status status = TRY(webhooks.get(request.path_param("id")));
  std::vector<std::int64_t> seqs;
  for (const std::string& id : ids) seqs.push_back(TRY(parse_event_id(status.endpoint.filter.region, id)));
  return Value{{"redelivered", TRY(webhooks.redeliver(actor_of(request), request.path_param("id"), seqs))}};
}

Response empty_or_problem(const Result<void>& result) {
  return result ? Response::empty(204) : Response::problem(result.error());
}

}  // namespace

void bind_routes(http::Router& router, Webhooks& webhooks) {
  router.bind("listWebhooks", [&](const Request&) { return Response::of(list(webhooks)); });
  router.bind("createWebhook", [&](const Request& request) {
    auto created = create(webhooks, request);
    return created ? Response::json(201, *created) : Response::problem(created.error());
  });
  router.bind("getWebhook", [&](const Request& request) {
    auto status = webhooks.get(request.path_param("id"));
    return status ? tagged(*status) : Response::problem(status.error());
  });
  router.bind("changeWebhook", [&](const Request& request) {
    auto changed = change(webhooks, request);
    return changed ? *std::move(changed) : Response::problem(changed.error());
  });
  router.bind("deleteWebhook", [&](const Request& request) { return empty_or_problem(remove(webhooks, request)); });
  router.bind("rotateWebhookSecret", [&](const Request& request) { return Response::of(rotate(webhooks, request)); });
  router.bind("testWebhook", [&](const Request& request) { return Response::of(test(webhooks, request)); });
  router.bind("replayWebhook", [&](const Request& request) { return empty_or_problem(replay(webhooks, request)); });
  router.bind("listWebhookAttempts", [&](const Request& request) { return Response::of(attempts(webhooks, request)); });
  router.bind("listDeadLetters", [&](const Request& request) { return Response::of(dead_letters(webhooks, request)); });
  router.bind("redeliverDeadLetters",
              [&](const Request& request) { return Response::of(redeliver(webhooks, request)); });
}

}  // namespace handschlag::webhooks
