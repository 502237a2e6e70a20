#include <charconv>

#include "features/moves/moves.h"
#include "platform/http/paging.h"
#include "platform/json/json.h"

namespace handschlag::moves {
namespace {

json::Value time_or_null(const std::optional<Time>& time) {
  return time ? json::Value(format_time(*time)) : json::Value();
}

json::Value to_json(const Move& move) {
  bool arrived = move.target.value != 0;
  return {{"id", move.id.value},
          {"customer", customers::format_handle(move.from, move.identity)},
          {"now", arrived ? json::Value(customers::format_handle(move.to, move.target)) : json::Value()},
          {"from", move.from},
          {"to", move.to},
          {"country", move.country},
          {"purpose", gate::info(move.purpose).name},
          {"role", move.role},
          {"state", name_of(move.state)},
          {"identities", move.people},
          {"events", move.events},
          {"requested_at", format_time(move.requested_at)},
          {"moved_at", time_or_null(move.moved_at)},
          {"ended_at", time_or_null(move.ended_at)}};
}

customers::Viewer viewer_of(const http::Request& request) {
  customers::Viewer viewer;
  viewer.role = request.principal.role;
  viewer.principal = request.principal.id;
  viewer.operation = request.operation;
  viewer.trace_id = request.trace_id;
  viewer.language = request.header("accept-language").starts_with("de") ? "de" : "en";
  if (const auto* caller = std::any_cast<staff::Caller>(&request.principal.who)) viewer.region = caller->region;
  return viewer;
}

Result<json::Value> request_move(const http::Request& request, Moves& moves) {
  json::Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  Wish wish;
  wish.region = reader.text("region", {.max_length = 16});
  wish.country = reader.text("country", {.max_length = 2});
  auto purpose = gate::find_purpose(reader.text("purpose", {.max_length = 64}));
  if (!purpose) reader.error("purpose", "must be RightsFulfilment or LegalCompliance");
  TRY(reader.finish());
  wish.purpose = *purpose;
  return to_json(TRY(moves.request(viewer_of(request), request.path_param("id"), wish)));
}

Result<json::Value> find_move(const http::Request& request, Moves& moves) {
  std::string_view text = request.path_param("id");
  Id<Move> id;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc{} || end != text.data() + text.size()) id = {};
  return to_json(TRY(moves.find(id)));
}

Result<json::Value> list_moves(const http::Request& request, Moves& moves) {
  std::size_t limit = TRY(http::page_limit(request));
  Page page = TRY(moves.list(request.query_param("cursor").value_or(""), limit));
  json::Value items = json::Value::array();
  for (const Move& move : page.items) items.push_back(to_json(move));
  return http::page(std::move(items), page.next);
}

}  // namespace

void bind_routes(http::Router& router, Moves& moves) {
  using http::Request;
  using http::Response;
  router.bind("moveCustomer", [&](const Request& request) {
    auto move = request_move(request, moves);
    return move ? Response::json(202, *move) : Response::problem(move.error());
  });
  router.bind("getMove", [&](const Request& request) { return Response::of(find_move(request, moves)); });
  router.bind("listMoves", [&](const Request& request) { return Response::of(list_moves(request, moves)); });
}

}  // namespace handschlag::moves
