#include <fmt/format.h>

#include <any>

#include "features/portal/json.h"
#include "platform/http/proxies.h"

namespace handschlag::portal {
namespace {

using http::Response;

// Path: nothing else looks at it; SameSite=Strict, since no other site has business here.
std::string cookie(const Settings& settings, std::string_view value, std::chrono::seconds lifetime) {
  return fmt::format("{}={}; Path=/api/v1/me; Max-Age={}; HttpOnly; SameSite=Strict{}", kSessionCookie, value,
                     lifetime.count(), settings.secure_cookie ? "; Secure" : "");
}

Result<Response> ask(const http::Request& request, Portal& portal) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string address = reader.text("address", {.max_length = 254});
  const std::string language = read_language(reader);
  TRY(reader.finish());
  TRY(portal.ask(address, language, http::client_network(request.client_address)));
  const std::chrono::seconds life = portal.settings().code_life;
  return Response::json(202, {{"good_for_seconds", life.count()}});
}

Result<Response> sign_in(const http::Request& request, Portal& portal) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string address = reader.text("address", {.max_length = 254});
  const std::string code = reader.text("code", {.max_length = 32});
  TRY(reader.finish());
  const Session session = TRY(portal.sign_in(address, code, http::client_network(request.client_address)));
  Response response = Response::json(201, to_json(session));
  return response.with("Set-Cookie", cookie(portal.settings(), session.text, portal.settings().session_lifetime));
}

Result<Response> sign_out(const http::Request& request, Portal& portal) {
  TRY(portal.sign_out(request_of(request).customer));
  return Response::empty(204).with("Set-Cookie", cookie(portal.settings(), "", std::chrono::seconds{0}));
}

Result<json::Value> list(const http::Request& request, Portal& portal) {
  return to_json(TRY(portal.of(request_of(request))), request.query_param("language").value_or("en"));
}

consent::Act read_act(json::Reader& reader) {
  const std::string act = reader.text("act", {.max_length = 16});
  if (act == "given") return consent::Act::given;
  if (act == "objected") return consent::Act::objected;
  if (act != "withdrawn") reader.error("act", "must be given, withdrawn or objected");
  return consent::Act::withdrawn;
}

Result<json::Value> say(const http::Request& request, Portal& portal) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  Wish wish;
  wish.act = read_act(reader);
  if (const auto purpose = gate::find_purpose(reader.text("purpose", {.max_length = 64}))) {
    wish.purpose = *purpose;
  } else {
    reader.error("purpose", "must be one of GET /api/v1/me/consents");
  }
  if (const auto channel = law::find_channel(reader.text("channel", {.max_length = 32}))) {
    wish.channel = *channel;
  } else {
    reader.error("channel", "must be one of GET /api/v1/me/consents");
  }
  if (const json::Value* notice = reader.object("notice")) {
    json::Reader nested(*notice, "/notice");
    wish.notice = nested.text("id", {.max_length = 64});
    wish.version = nested.integer("version", 1, 1'000'000);
    TRY(nested.finish());
  }
  wish.language = read_language(reader);
  TRY(reader.finish());
  return to_json(TRY(portal.say(request_of(request), wish)), wish.language);
}

Result<json::Value> end_all(const http::Request& request, Portal& portal) {
  const json::Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string language = read_language(reader);
  TRY(reader.finish());
  return to_json(TRY(portal.end_all(request_of(request), language)), language);
}

Result<json::Value> session(const http::Request& request, Portal& portal) {
  return to_json(TRY(portal.session(request)));
}

Result<Response> receipt(const http::Request& request, Portal& portal) {
  return preferences::receipt_response(request, TRY(portal.receipt(request_of(request), request.path_param("id"))));
}

Response answer(Result<Response> result) {
  return result ? *std::move(result) : Response::problem(result.error());
}

}  // namespace

void bind_routes(http::Router& router, Portal& portal) {
  using In = const http::Request&;
  router.bind("askForCode", [&](In request) { return answer(ask(request, portal)); });
  router.bind("createOwnSession", [&](In request) { return answer(sign_in(request, portal)); });
  router.bind("getOwnSession", [&](In request) { return Response::of(session(request, portal)); });
  router.bind("deleteOwnSession", [&](In request) { return answer(sign_out(request, portal)); });
  router.bind("listOwnConsents", [&](In request) { return Response::of(list(request, portal)); });
  router.bind("recordOwnConsent", [&](In request) { return Response::of(say(request, portal)); });
  router.bind("endAdvertising", [&](In request) { return Response::of(end_all(request, portal)); });
  router.bind("getOwnReceipt", [&](In request) { return answer(receipt(request, portal)); });
}

}  // namespace handschlag::portal
