#include <algorithm>
#include <charconv>
#include <iterator>

#include "features/preferences/json.h"
#include "features/preferences/preferences.h"
#include "platform/http/paging.h"

namespace handschlag::preferences {
namespace {

using http::Request;
using http::Response;

// By which ways something can be said to staff. The others are doors of their own.
constexpr consent::Way kTakenDown[] = {consent::Way::form, consent::Way::phone, consent::Way::in_person,
                                       consent::Way::paper, consent::Way::message};

void read_act(json::Reader& reader, Note& note) {
  const auto act = consent::find_act(reader.text("act", {.max_length = 32}));
  if (act && *act != consent::Act::requested) {
    note.act = *act;
  } else {
    reader.error("act", "must be given, renewed, refused, withdrawn or objected");
  }
  if (const auto purpose = gate::find_purpose(reader.text("purpose", {.max_length = 64}))) {
    note.purpose = *purpose;
  } else {
    reader.error("purpose", "must be a purpose of GET /api/v1/purposes");
  }
  if (const auto channel = law::find_channel(reader.text("channel", {.max_length = 32}))) {
    note.channel = *channel;
  } else {
    reader.error("channel", "must be none, email, sms, phone, post, push, web or social");
  }
  const auto way = consent::find_way(reader.text("way", {.max_length = 32}));
  if (way && std::find(std::begin(kTakenDown), std::end(kTakenDown), *way) != std::end(kTakenDown)) {
    note.way = *way;
  } else {
    reader.error("way", "must be form, phone, in_person, paper or message");
  }
}

Result<Note> note_of(const Request& request) {
  const json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  Note note;
  read_act(reader, note);
  note.address = reader.optional_text("address", {.max_length = 320}).value_or("");
  note.language = reader.optional_text("language", {.max_length = 35}).value_or("de");
  note.declaration =
      reader.optional_text("declaration", {.max_length = consent::Consents::kMaxDeclaration / 2}).value_or("");
  note.evidence = reader.optional_text("evidence", {.max_length = consent::Consents::kMaxEvidence}).value_or("");
  note.guardian = reader.optional_boolean("guardian").value_or(false);
  if (const auto at = reader.optional_text("said_at", {.max_length = 64})) {
    const auto time = parse_time(*at);
    if (time) {
      note.said_at = *time;
    } else {
      reader.error("said_at", "must be a time such as 2026-11-22T09:30:00Z");
    }
  }
  if (const json::Value* notice = reader.object("notice")) {
    json::Reader nested(*notice, "/notice");
    note.notice = nested.text("id", {.max_length = 64});
    note.version = nested.optional_integer("version", 1, 1'000'000).value_or(0);
    reader.merge(nested);
  }
  TRY(reader.finish());
  return note;
}

Result<json::Value> list(const Request& request, Preferences& preferences) {
  const customers::Viewer viewer = TRY(customers::viewer_of(request));
  return to_json(TRY(preferences.of(viewer, request.path_param("id"))));
}

Result<json::Value> record(const Request& request, Preferences& preferences) {
  const customers::Viewer viewer = TRY(customers::viewer_of(request));
  const Note note = TRY(note_of(request));
  return to_json(TRY(preferences.note(viewer, request.path_param("id"), note)));
}

// One of the query's words, where it is there; what is not understood is noted as an error.
template <class Find>
auto read_word(const Request& request, std::string_view name, std::string_view reason, Find find,
               std::vector<FieldError>& wrong) {
  std::optional<typename decltype(find(std::string_view()))::value_type> out;
  if (const auto text = request.query_param(name)) {
    if (auto found = find(*text)) out = *found;
    if (!out) wrong.push_back({std::string(name), std::string(reason)});
  }
  return out;
}

Result<consent::Wanted> wanted_of(const Request& request) {
  constexpr std::string_view kTime = "must be a time such as 2026-11-22T09:30:00Z";
  std::vector<FieldError> wrong;
  consent::Wanted out;
  out.act = read_word(request, "act", "must be requested, given, renewed, refused, withdrawn or objected",
                      consent::find_act, wrong);
  out.purpose = read_word(request, "about", "must be a purpose of GET /api/v1/purposes", gate::find_purpose, wrong);
  out.channel = read_word(request, "channel", "must be none, email, sms, phone, post, push, web or social",
                          law::find_channel, wrong);
  out.way = read_word(request, "way",
                      "must be form, banner, preference_centre, mail_link, phone, in_person, paper, imported, "
                      "browser_signal or message",
                      consent::find_way, wrong);
  out.from = read_word(request, "from", kTime, parse_time, wrong);
  out.to = read_word(request, "until", kTime, parse_time, wrong);
  out.notice = request.query_param("notice").value_or("");
  if (const auto text = request.query_param("version")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out.version);
    if (error != std::errc{} || end != text->data() + text->size() || out.version < 1) {
      wrong.push_back({"version", "must be the number of a version of the notice"});
    } else if (out.notice.empty()) {
      wrong.push_back({"notice", "is needed with a version"});
    }
  }
  if (out.from && out.to && *out.from >= *out.to) wrong.push_back({"until", "must be later than from"});
  if (!wrong.empty()) return fail(ErrorKind::invalid, "fields_invalid", "Some fields are wrong.", std::move(wrong));
  return out;
}

Result<json::Value> find(const Request& request, Preferences& preferences) {
  const customers::Viewer viewer = TRY(customers::viewer_of(request));
  const consent::Wanted wanted = TRY(wanted_of(request));
  const std::size_t limit = TRY(http::page_limit(request));
  return to_json(TRY(preferences.search(viewer, request.query_param("region").value_or(""), wanted,
                                        request.query_param("cursor").value_or(""), limit)));
}

Result<Response> receipt(const Request& request, Preferences& preferences) {
  const customers::Viewer viewer = TRY(customers::viewer_of(request));
  return receipt_response(request, TRY(preferences.receipt(viewer, request.path_param("id"))));
}

}  // namespace

void bind_routes(http::Router& router, Preferences& preferences) {
  router.bind("listConsents", [&](const Request& request) { return Response::of(list(request, preferences)); });
  router.bind("findConsents", [&](const Request& request) { return Response::of(find(request, preferences)); });
  router.bind("recordConsent", [&](const Request& request) {
    auto recorded = record(request, preferences);
    return recorded ? Response::json(201, *recorded) : Response::problem(recorded.error());
  });
  router.bind("getConsentReceipt", [&](const Request& request) {
    auto shown = receipt(request, preferences);
    return shown ? *std::move(shown) : Response::problem(shown.error());
  });
}

}  // namespace handschlag::preferences
