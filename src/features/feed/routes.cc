#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "features/feed/feed.h"
#include "features/staff/staff.h"
#include "platform/base/cursor.h"

namespace handschlag::feed {
namespace {

constexpr std::size_t kDefaultPage = 100;
constexpr std::int64_t kLongestWaitSeconds = 20;

std::unexpected<Error> invalid(std::string field, std::string reason) {
  std::string detail = fmt::format("{} {}.", field, reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), {{std::move(field), std::move(reason)}});
}

Result<std::int64_t> number_of(const http::Request& request, std::string_view name, std::int64_t min, std::int64_t max,
                               std::int64_t otherwise) {
  const auto text = request.query_param(name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < min || number > max) {
    return invalid(std::string(name), fmt::format("must be a whole number from {} to {}", min, max));
  }
  return number;
}

std::vector<std::string> all_of(const http::Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [key, value] : request.query) {
    if (key == name) out.push_back(value);
  }
  return out;
}

// One request, from its parameters to its answer; kept while it waits.
struct Reading {
  std::shared_ptr<const http::Request> request;
  Recipient recipient;
  Filter filter;
  Payload payload = Payload::full;
  std::string list;  // what its cursors are bound to
  std::int64_t after = 0;
  std::size_t limit = kDefaultPage;
  std::chrono::steady_clock::time_point until;
};

Result<Recipient> recipient_of(const http::Request& request) {
  Recipient out;
  out.role = request.principal.role;
  out.operation = request.operation;
  if (request.header("accept-language").starts_with("de")) out.language = "de";
  const auto* caller = std::any_cast<staff::Caller>(&request.principal.who);
  if (caller != nullptr) out.granted = caller->purposes;
  const auto purpose = gate::find_purpose(request.query_param("purpose").value_or(""));
  if (!purpose) return invalid("purpose", "must be the name of a purpose that this token has");
  out.purpose = *purpose;
  return out;
}

Result<Filter> filter_of(const http::Request& request) {
  Filter out;
  const auto* caller = std::any_cast<staff::Caller>(&request.principal.who);
  const std::string bound = caller == nullptr ? "" : caller->region;
  out.region = request.query_param("region").value_or(bound);
  if (out.region.empty()) return invalid("region", "is required, as in eu");
  if (!bound.empty() && out.region != bound) {
    return fail(ErrorKind::forbidden, "region_bound", "This token is bound to another region.");
  }
  if (const auto name = request.query_param("mode")) {
    const auto mode = sources::find_mode(*name);
    if (!mode) return invalid("mode", "must be live or test");
    out.mode = *mode;
  }
  out.sources = all_of(request, "source");
  out.names = all_of(request, "name");
  for (const std::string& name : all_of(request, "type")) {
    const auto type = events::find_type(name);
    if (!type) return invalid("type", "must be identify, track, page, screen, group or alias");
    if (std::find(out.types.begin(), out.types.end(), *type) == out.types.end()) out.types.push_back(*type);
  }
  return out;
}

// A list of the filter is a parameter that is repeated.
std::unexpected<Error> as_parameter(const Error& error) {
  if (error.fields.empty()) return std::unexpected(error);
  const FieldError& field = error.fields.front();
  const bool list = field.pointer == "sources" || field.pointer == "names";
  return invalid(list ? field.pointer.substr(0, field.pointer.size() - 1) : field.pointer, field.reason);
}

Result<Reading> reading_of(const http::Request& request, Feed& feed) {
  Reading out;
  out.recipient = TRY(recipient_of(request));
  out.filter = TRY(filter_of(request));
  if (auto good = feed.check(out.filter); !good) return as_parameter(good.error());
  if (auto name = request.query_param("payload")) {
    const auto payload = find_payload(*name);
    if (!payload) return invalid("payload", "must be slim or full");
    out.payload = *payload;
  }
  std::vector<std::string_view> types;
  for (events::EventType type : out.filter.types) types.push_back(events::name_of(type));
  out.list = fmt::format("feed|{}|{}|{}|{}|{}|{}", out.filter.region, sources::name_of(out.filter.mode),
                         gate::info(out.recipient.purpose).name, fmt::join(types, ","),
                         fmt::join(out.filter.sources, ","), fmt::join(out.filter.names, "\n"));
  out.limit = static_cast<std::size_t>(TRY(number_of(request, "limit", 1, kMaxPage, kDefaultPage)));
  out.until = std::chrono::steady_clock::now() +
              std::chrono::seconds{TRY(number_of(request, "wait", 0, kLongestWaitSeconds, 0))};
  const std::string_view from = request.query_param("from").value_or("start");
  if (from != "start" && from != "now") return invalid("from", "must be start or now");
  if (auto cursor = request.query_param("cursor"); cursor && !cursor->empty()) {
    out.after = TRY(decode_cursor(*cursor, out.list, 1)).front();
  } else if (from == "now") {
    out.after = TRY(feed.last(out.filter.region));
  }
  return out;
}

// Whether who asked may still have events: a token may have been revoked while its request waited.
Result<void> look_again(staff::Staff& staff, Reading& reading) {
  const http::Principal principal = TRY(staff.authenticate(*reading.request));
  const auto* caller = std::any_cast<staff::Caller>(&principal.who);
  const bool same = caller != nullptr && principal.role == reading.recipient.role &&
                    (caller->region.empty() || caller->region == reading.filter.region);
  if (!same) return fail(ErrorKind::forbidden, "role_changed", "What this token may do has changed; ask again.");
  reading.recipient.granted = caller->purposes;
  return {};
}

// Answers, or waits for more where there is nothing yet and time is left.
void go_on(Feed& feed, sources::Sources& sources, staff::Staff& staff, const std::shared_ptr<Reading>& reading,
           const std::shared_ptr<http::Responder>& responder) {
  auto page = feed.read(reading->recipient, reading->filter, reading->after, reading->limit);
  if (!page) return responder->send(http::Response::problem(page.error()));
  reading->after = page->through;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(reading->until - std::chrono::steady_clock::now());
  if (page->items.empty() && left.count() > 0) {
    const bool waits =
        feed.wait(reading->filter.region, reading->after, left, [&feed, &sources, &staff, reading, responder] {
          auto may = look_again(staff, *reading);
          if (!may) return responder->send(http::Response::problem(may.error()));
          go_on(feed, sources, staff, reading, responder);
        });
    if (waits) return;
  }
  json::Value items = json::Value::array();
  for (const events::Event& event : page->items) {
    items.push_back(to_json(sources, reading->filter.region, event, reading->payload));
  }
  responder->send(http::Response::json(
      200,
      {{"items", std::move(items)}, {"next", encode_cursor(reading->list, {page->through})}, {"more", page->more}}));
}

}  // namespace

void bind_routes(http::Router& router, Feed& feed, sources::Sources& sources, staff::Staff& staff) {
  router.bind_async("readFeed", [&](const std::shared_ptr<const http::Request>& request, http::Responder responder) {
    auto reading = reading_of(*request, feed);
    if (!reading) return responder.send(http::Response::problem(reading.error()));
    reading->request = request;
    go_on(feed, sources, staff, std::make_shared<Reading>(*std::move(reading)),
          std::make_shared<http::Responder>(std::move(responder)));
  });
}

}  // namespace handschlag::feed
