#include "features/linking/linking.h"
#include "platform/http/proxies.h"
#include "platform/json/json.h"
#include "platform/log/log.h"

namespace handschlag::linking {
namespace {

using http::Request;
using http::Response;

using portal::read_json;
using portal::read_language;
using portal::request_of;

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

json::Value to_json(const Overview& overview, std::string_view language) {
  json::Value links = json::Value::array();
  for (const Line& line : overview.links) {
    links.push_back({{"id", line.id},
                     {"kind", identity::name_of(line.kind)},
                     {"basis", gate::code_of(line.basis)},
                     {"by_leave", line.by_leave},
                     {"since", format_time(line.since)},
                     {"statement", text_or_null(line.statement)}});
  }
  json::Value history = json::Value::array();
  for (const Said& said : overview.history) {
    history.push_back({{"id", said.id}, {"act", consent::name_of(said.act)}, {"said_at", format_time(said.at)}});
  }
  return {{"notice", portal::to_json(overview.notice, language)},
          {"about", portal::to_json(gate::Purpose::IdentityLinking, overview.about, language)},
          {"known", overview.known},
          {"links", std::move(links)},
          {"history", std::move(history)}};
}

Result<json::Value> list(const Request& request, Linking& linking) {
  return to_json(TRY(linking.of(request_of(request))), request.query_param("language").value_or("en"));
}

Result<Asking> asking_of(const Request& request, Linking& linking) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string way = reader.text("way", {.max_length = 32});
  if (way != "email" && way != "customer_number") reader.error("way", "must be email or customer_number");
  const std::string value = reader.text("value", {.max_length = 254});
  const std::string language = read_language(reader);
  TRY(reader.finish());
  return linking.ask(request_of(request), way == "email" ? Way::email : Way::customer_number, value, language,
                     http::client_network(request.client_address));
}

void ask(const Request& request, http::Responder responder, Linking& linking) {
  const auto asking = asking_of(request, linking);
  if (!asking) return responder.send(Response::problem(asking.error()));
  // First the answer: who is known, and who is not, can't be told by the time.
  const std::chrono::seconds life = linking.settings().code_life;
  responder.send(Response::json(202, {{"good_for_seconds", life.count()}}));
  if (auto sent = linking.send(*asking); !sent) {
    log::warning("a code for linking was not sent", {{"code", std::string_view(sent.error().code)}});
  }
}

Result<json::Value> agree(const Request& request, Linking& linking) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  Agreement agreement;
  agreement.code = reader.optional_text("code", {.max_length = 32}).value_or("");
  agreement.browser = reader.optional_text("browser", {.max_length = 200}).value_or("");
  if (agreement.code.empty() == agreement.browser.empty())
    reader.error("code", "or /browser is required, and one alone");
  if (const json::Value* notice = reader.object("notice")) {
    json::Reader nested(*notice, "/notice");
    agreement.notice = nested.text("id", {.max_length = 64});
    agreement.version = nested.integer("version", 1, 1'000'000);
    reader.merge(nested);
  } else {
    reader.error("notice", "is required: what exactly was agreed to");
  }
  agreement.language = read_language(reader);
  TRY(reader.finish());
  return to_json(TRY(linking.agree(request_of(request), agreement, http::client_network(request.client_address))),
                 agreement.language);
}

Result<json::Value> end(const Request& request, Linking& linking) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string id = reader.text("id", {.max_length = 160});
  const std::string language = read_language(reader);
  TRY(reader.finish());
  return to_json(TRY(linking.end(request_of(request), id, language)), language);
}

}  // namespace

void bind_routes(http::Router& router, Linking& linking) {
  router.bind("listOwnLinks", [&](const Request& request) { return Response::of(list(request, linking)); });
  router.bind_async("askForLinkCode", [&](const std::shared_ptr<const Request>& request, http::Responder responder) {
    ask(*request, std::move(responder), linking);
  });
  router.bind("createOwnLink", [&](const Request& request) { return Response::of(agree(request, linking)); });
  router.bind("endOwnLink", [&](const Request& request) { return Response::of(end(request, linking)); });
}

}  // namespace handschlag::linking
