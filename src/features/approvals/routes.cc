#include <any>
#include <charconv>

#include "features/approvals/approvals.h"
#include "platform/http/paging.h"
#include "platform/json/json.h"

namespace handschlag::approvals {
namespace {

using WebRequest = http::Request;
using http::Response;
using json::Value;

Value text_or_null(const std::string& text) {
  return text.empty() ? Value(nullptr) : Value(text);
}

Value to_json(const approvals::Request& request) {
  const OperationInfo& operation = info(request.operation);
  return {{"id", request.id},
          {"operation", operation.name},
          {"meaning", {{"de", operation.german}, {"en", operation.english}}},
          {"target", request.target},
          {"asked_by", request.person},
          {"reason", request.reason},
          {"state", name_of(request.state)},
          {"created_at", format_time(request.created_at)},
          {"expires_at", format_time(request.expires_at)},
          {"decided_by", text_or_null(request.decided_by)},
          {"decided_at", request.decided_at ? Value(format_time(*request.decided_at)) : Value(nullptr)},
          {"decision_reason", text_or_null(request.decision_reason)},
          {"outcome", text_or_null(request.outcome)}};
}

staff::Caller caller_of(const WebRequest& request) {
  const auto* caller = std::any_cast<staff::Caller>(&request.principal.who);
  return caller == nullptr ? staff::Caller{} : *caller;
}

// What is no number names nothing that exists.
std::int64_t path_id(const WebRequest& request) {
  const std::string_view text = request.path_param("id");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

Result<Value> list(Approvals& approvals, const staff::Staff& staff, const WebRequest& request) {
  const std::size_t limit = TRY(http::page_limit(request));
  std::optional<State> state;
  if (auto text = request.query_param("state")) {
    state = find_state(*text);
    if (!state) {
      return fail(ErrorKind::invalid, "fields_invalid", "There is no such state.",
                  {{"state", "must be pending, approved, declined, withdrawn, expired, done or failed"}});
    }
  }
  const Page page = TRY(approvals.list(state, request.query_param("cursor").value_or(""), limit));
  Value items = Value::array();
  for (const approvals::Request& entry : page.requests) items.push_back(to_json(entry));
  Value out = http::page(std::move(items), page.next);
  out["four_eyes"] = staff.four_eyes();
  return out;
}

Result<Value> ask(Approvals& approvals, const WebRequest& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string name = reader.text("operation", {.max_length = 64});
  const auto operation = find_operation(name);
  if (!name.empty() && !operation) reader.error("operation", "must be the name of an operation that needs approval");
  const std::string target = reader.text("target", {.max_length = 100});
  const std::string reason = reader.text("reason", {.max_length = kLongestReason});
  TRY(reader.finish());
  return to_json(TRY(approvals.ask(caller_of(request), request.trace_id, *operation, target, reason)));
}

Result<Value> decide(Approvals& approvals, const WebRequest& request, Approvals::Decision decision) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string reason = reader.text("reason", {.max_length = kLongestReason});
  TRY(reader.finish());
  return to_json(TRY(approvals.decide(caller_of(request), request.trace_id, path_id(request), decision, reason)));
}

Result<Value> find(Approvals& approvals, const WebRequest& request) {
  return to_json(TRY(approvals.find(path_id(request))));
}

Response created(const Result<Value>& value) {
  return value ? Response::json(201, *value) : Response::problem(value.error());
}

}  // namespace

void bind_routes(http::Router& router, Approvals& approvals, const staff::Staff& staff) {
  router.bind("listApprovals",
              [&](const WebRequest& request) { return Response::of(list(approvals, staff, request)); });
  router.bind("askApproval", [&](const WebRequest& request) { return created(ask(approvals, request)); });
  router.bind("getApproval", [&](const WebRequest& request) { return Response::of(find(approvals, request)); });
  router.bind("approveApproval", [&](const WebRequest& request) {
    return Response::of(decide(approvals, request, Approvals::Decision::approve));
  });
  router.bind("declineApproval", [&](const WebRequest& request) {
    return Response::of(decide(approvals, request, Approvals::Decision::decline));
  });
  router.bind("withdrawApproval", [&](const WebRequest& request) {
    return Response::of(decide(approvals, request, Approvals::Decision::withdraw));
  });
}

}  // namespace handschlag::approvals
