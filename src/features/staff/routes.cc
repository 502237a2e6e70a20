#include <fmt/format.h>

#include <charconv>

#include "features/staff/request_credential.h"
#include "features/staff/staff.h"
#include "platform/http/conditional.h"
#include "platform/http/paging.h"
#include "platform/http/proxies.h"
#include "platform/json/json.h"

namespace handschlag::staff {
namespace {

using json::Value;

Actor actor_of(const http::Request& request) {
  return {request.principal.id, request.trace_id};
}

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(format_time(*time)) : Value(nullptr);
}

Value to_json(const Token& token) {
  return {{"id", token.id.value},
          {"name", token.name},
          {"role", name_of(token.role)},
          {"region", token.region.empty() ? Value(nullptr) : Value(token.region)},
          {"created_by", token.created_by},
          {"created_at", format_time(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"revoked_at", time_or_null(token.revoked_at)},
          {"last_used_at", time_or_null(token.last_used_at)},
          {"purposes", token.purposes.names()},
          {"unit", token.unit},
          {"waits", token.waits}};
}

Value to_json(const Member& member) {
  return {{"id", member.id.value},
          {"login", member.login},
          {"display_name", member.display_name},
          {"role", name_of(member.role)},
          {"unit", member.unit},
          {"state", member.disabled_at ? "disabled" : "enabled"},
          {"second_factor", member.has_factor},
          {"created_at", format_time(member.created_at)}};
}

Value to_json(const Session& session) {
  return {{"member", to_json(session.member)},
          {"factor_missing", needs_factor(session.member.role) && !session.member.has_factor},
          {"csrf_token", session.csrf_token},
          {"expires_at", format_time(session.expires_at)}};
}

Value to_json(const AuditRecord& record) {
  return {{"id", record.id},
          {"at", format_time(record.at)},
          {"principal", record.entry.principal},
          {"operation", record.entry.operation},
          {"target", record.entry.target},
          {"trace_id", record.entry.trace_id},
          {"outcome", name_of(record.entry.outcome)},
          {"digest", record.digest}};
}

template <class T>
Value page_of(const std::vector<T>& things, const std::optional<std::string>& next) {
  Value items = Value::array();
  for (const T& thing : things) items.push_back(to_json(thing));
  return http::page(std::move(items), next);
}

gate::PurposeSet read_purposes(json::Reader& reader) {
  gate::PurposeSet out;
  for (const std::string& name : reader.texts("purposes", 64)) {
    const auto purpose = gate::find_purpose(name);
    if (purpose) out.add(*purpose);
    if (!purpose) reader.error("purposes", "must be names of purposes, as in CustomerCare");
  }
  return out;
}

Role read_role(json::Reader& reader) {
  const std::string name = reader.text("role");
  const auto role = find_role(name);
  if (!name.empty() && !role) reader.error("role", "must be the name of a role; GET /api/v1/roles lists them");
  return role.value_or(Role::agent);
}

std::optional<std::string> read_unit(json::Reader& reader) {
  return reader.optional_text("unit", {.min_length = 0, .max_length = 256});
}

// The number in the path. What is no number names nothing that exists.
template <class Thing>
Result<Id<Thing>> path_id(const http::Request& request) {
  const std::string_view text = request.path_param("id");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) {
    return fail(ErrorKind::not_found, "id_unknown", "The id in the path is no positive whole number.");
  }
  return Id<Thing>{value};
}

Result<Value> list_roles() {
  Value items = Value::array();
  for (const RoleInfo& role : roles()) {
    items.push_back({{"name", role.name},
                     {"unit", name_of(unit_use(role.role))},
                     {"meaning", {{"de", role.german}, {"en", role.english}}}});
  }
  return http::page(std::move(items));
}

Result<Value> create_token(Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  NewToken token{.name = reader.text("name", {.max_length = 100}), .role = read_role(reader)};
  token.region = reader.optional_text("region", {.max_length = 32}).value_or("");
  if (auto text = reader.optional_text("expires_at")) {
    auto time = parse_time(*text);
    if (time) token.expires_at = *time;
    if (!time) reader.error("expires_at", "must be a time such as 2027-01-31T00:00:00Z");
  }
  token.purposes = read_purposes(reader);
  token.unit = read_unit(reader).value_or("");
  TRY(reader.finish());
  const IssuedToken issued = TRY(staff.add_token(actor_of(request), token));
  return Value{{"id", issued.id.value}, {"token", issued.text}, {"waits", issued.waits}};
}

// Of a change: that the request is meant for what stands there now.
template <class Thing>
std::function<Result<void>(const Thing&)> as_seen(const http::Request& request) {
  return [&request](const Thing& before) { return http::check_match(request, http::entity_tag(to_json(before))); };
}

Result<Value> list_tokens(Staff& staff, const http::Request& request) {
  const std::size_t limit = TRY(http::page_limit(request));
  const TokenPage page = TRY(staff.tokens(request.query_param("cursor").value_or(""), limit));
  return page_of(page.tokens, page.next);
}

Result<http::Response> get_token(Staff& staff, const http::Request& request) {
  return http::tagged(request, to_json(TRY(staff.token(TRY(path_id<Token>(request))))));
}

Result<void> revoke_token(Staff& staff, const http::Request& request) {
  return staff.revoke_token(actor_of(request), TRY(path_id<Token>(request)), as_seen<Token>(request));
}

Result<Value> list_members(Staff& staff, const http::Request& request) {
  const std::size_t limit = TRY(http::page_limit(request));
  const MemberPage page = TRY(staff.members(request.query_param("cursor").value_or(""), limit));
  return page_of(page.members, page.next);
}

Result<http::Response> get_member(Staff& staff, const http::Request& request) {
  return http::tagged(request, to_json(TRY(staff.member(TRY(path_id<Member>(request))))));
}

Result<Value> create_member(Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const NewMember member{.login = reader.text("login", {.max_length = 254}),
                         .display_name = reader.text("display_name", {.max_length = 100}),
                         .role = read_role(reader),
                         .password = reader.text("password", {.min_length = 12, .max_length = 256}),
                         .unit = read_unit(reader).value_or("")};
  TRY(reader.finish());
  return to_json(TRY(staff.add_member(actor_of(request), member)));
}

Result<Value> set_role(Staff& staff, const http::Request& request) {
  const auto id = TRY(path_id<Member>(request));
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const Role role = read_role(reader);
  const auto unit = read_unit(reader);
  TRY(reader.finish());
  return to_json(TRY(staff.set_role(actor_of(request), id, role, unit, as_seen<Member>(request))));
}

Result<Value> set_state(Staff& staff, const http::Request& request) {
  const auto id = TRY(path_id<Member>(request));
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string state = reader.text("state");
  if (!state.empty() && state != "enabled" && state != "disabled") reader.error("state", "must be enabled or disabled");
  TRY(reader.finish());
  const MemberState wanted = state == "disabled" ? MemberState::disabled : MemberState::enabled;
  return to_json(TRY(staff.set_state(actor_of(request), id, wanted, as_seen<Member>(request))));
}

Result<void> set_password(Staff& staff, const http::Request& request) {
  const auto id = TRY(path_id<Member>(request));
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string password = reader.text("password", {.min_length = 12, .max_length = 256});
  TRY(reader.finish());
  return staff.set_password(actor_of(request), id, password, as_seen<Member>(request));
}

// Path=/api, since nothing else looks at it; SameSite=Strict, since no other site has business here.
std::string session_cookie(const Settings& settings, std::string_view value, std::chrono::seconds lifetime) {
  return fmt::format("{}={}; Path=/api; Max-Age={}; HttpOnly; SameSite=Strict{}", kSessionCookie, value,
                     lifetime.count(), settings.secure_cookie ? "; Secure" : "");
}

http::Response opened(const Staff& staff, const Session& session, int status) {
  http::Response response = http::Response::json(status, to_json(session));
  response.with("Set-Cookie", session_cookie(staff.settings(), session.text, staff.settings().session_lifetime));
  return response;
}

// A form of another site can't send this type without asking (CORS), so it can't sign a visitor in as someone else.
Result<Value> read_json(const http::Request& request) {
  if (!request.header("Content-Type").starts_with("application/json")) {
    return fail(ErrorKind::invalid, "content_type_invalid", "Send the body as Content-Type: application/json.");
  }
  return json::parse(request.body);
}

Result<http::Response> create_session(Staff& staff, const http::Request& request) {
  const Value body = TRY(read_json(request));
  json::Reader reader(body);
  const std::string login = reader.text("login", {.max_length = 254});
  const std::string password = reader.text("password", {.max_length = 256});
  const std::string code = reader.optional_text("code", {.max_length = 16}).value_or("");
  TRY(reader.finish());
  return opened(
      staff, TRY(staff.sign_in(login, password, http::client_network(request.client_address), request.trace_id, code)),
      201);
}

Result<http::Response> create_first_admin(Staff& staff, const http::Request& request) {
  const Value body = TRY(read_json(request));
  json::Reader reader(body);
  const FirstAdmin wanted{.code = reader.text("code", {.max_length = 64}),
                          .login = reader.text("login", {.max_length = 254}),
                          .display_name = reader.text("display_name", {.max_length = 100}),
                          .password = reader.text("password", {.min_length = 12, .max_length = 256})};
  TRY(reader.finish());
  return opened(
      staff, TRY(staff.add_first_admin(wanted, http::client_network(request.client_address), request.trace_id)), 201);
}

Result<http::Response> set_own_password(Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string current = reader.text("current", {.max_length = 256});
  const std::string password = reader.text("password", {.min_length = 12, .max_length = 256});
  TRY(reader.finish());
  return opened(staff,
                TRY(staff.change_password(session_text(request), current, password,
                                          http::client_network(request.client_address), request.trace_id)),
                200);
}

Result<Value> offer_factor(Staff& staff, const http::Request& request) {
  const FactorOffer offer = TRY(staff.offer_factor(session_text(request)));
  return Value{{"secret", offer.secret}, {"uri", offer.uri}, {"ticket", offer.ticket}};
}

Result<http::Response> set_factor(Staff& staff, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string ticket = reader.text("ticket", {.max_length = 512});
  const std::string code = reader.text("code", {.max_length = 16});
  TRY(reader.finish());
  return opened(staff, TRY(staff.set_factor(session_text(request), ticket, code, request.trace_id)), 200);
}

Result<Value> reset_factor(Staff& staff, const http::Request& request) {
  const auto id = TRY(path_id<Member>(request));
  return to_json(TRY(staff.reset_factor(actor_of(request), id, as_seen<Member>(request))));
}

Result<Value> get_session(Staff& staff, const http::Request& request) {
  return to_json(TRY(staff.session(session_text(request))));
}

Result<http::Response> delete_session(Staff& staff, const http::Request& request) {
  TRY(staff.sign_out(session_text(request), request.trace_id));
  http::Response response = http::Response::empty(204);
  response.with("Set-Cookie", session_cookie(staff.settings(), "", std::chrono::seconds(0)));
  return response;
}

Result<http::Response> delete_sessions(Staff& staff, const http::Request& request) {
  TRY(staff.sign_out_everywhere(session_text(request), request.trace_id));
  http::Response response = http::Response::empty(204);
  response.with("Set-Cookie", session_cookie(staff.settings(), "", std::chrono::seconds(0)));
  return response;
}

Result<Value> list_audit(Staff& staff, const http::Request& request) {
  const std::size_t limit = TRY(http::page_limit(request));
  const AuditPage page = TRY(
      staff.audit(request.query_param("principal").value_or(""), request.query_param("cursor").value_or(""), limit));
  return page_of(page.records, page.next);
}

Value principal(std::string id, std::string_view kind, const std::string& name, bool active) {
  return {{"principal", std::move(id)}, {"kind", kind}, {"name", name}, {"active", active}};
}

// Who may stand in the audit: first the members, then the tokens.
Result<Value> list_audit_principals(Staff& staff, const http::Request& request) {
  constexpr std::string_view kTokens = "tokens-";  // marks the cursors of the second part
  const std::size_t limit = TRY(http::page_limit(request));
  std::string_view cursor = request.query_param("cursor").value_or("");
  Value items = Value::array();
  if (cursor.starts_with(kTokens)) {
    cursor.remove_prefix(kTokens.size());
    TokenPage page = TRY(staff.tokens(cursor, limit));
    for (const Token& token : page.tokens) {
      items.push_back(principal(fmt::format("token:{}", token.id.value), "token", token.name, !token.revoked_at));
    }
    if (page.next) page.next = fmt::format("{}{}", kTokens, *page.next);
    return http::page(std::move(items), page.next);
  }
  const MemberPage page = TRY(staff.members(cursor, limit));
  for (const Member& member : page.members) {
    items.push_back(
        principal(fmt::format("staff:{}", member.id.value), "member", member.display_name, !member.disabled_at));
  }
  return http::page(std::move(items), page.next ? *page.next : std::string(kTokens));
}

Result<Value> check_audit(Staff& staff) {
  const AuditCheck check = TRY(staff.verify_audit());
  return Value{{"intact", !check.broken_at},
               {"records", check.records},
               {"head_digest", check.head_digest},
               {"broken_at", check.broken_at ? Value(*check.broken_at) : Value(nullptr)}};
}

http::Response answer(Result<http::Response> response) {
  return response ? *std::move(response) : http::Response::problem(response.error());
}

http::Response created(const Result<Value>& value) {
  return value ? http::Response::json(201, *value) : http::Response::problem(value.error());
}

http::Response done(const Result<void>& result) {
  return result ? http::Response::empty(204) : http::Response::problem(result.error());
}

using SignIn = Result<http::Response> (*)(Staff&, const http::Request&);

void sign_in_later(Staff& staff, SignIn sign_in, std::shared_ptr<const http::Request> request,
                   std::shared_ptr<http::Responder> responder) {
  auto posted =
      staff.post_sign_in([&staff, sign_in, request, responder] { responder->send(answer(sign_in(staff, *request))); });
  if (!posted) responder->send(http::Response::problem(posted.error()));
}

}  // namespace

void bind_routes(http::Router& router, Staff& staff) {
  using http::Request;
  using http::Response;
  router.bind("listRoles", [](const Request&) { return Response::of(list_roles()); });
  router.bind("listTokens", [&](const Request& request) { return Response::of(list_tokens(staff, request)); });
  router.bind("getToken", [&](const Request& request) { return answer(get_token(staff, request)); });
  router.bind("createToken", [&](const Request& request) { return created(create_token(staff, request)); });
  router.bind("revokeToken", [&](const Request& request) { return done(revoke_token(staff, request)); });
  router.bind("listStaff", [&](const Request& request) { return Response::of(list_members(staff, request)); });
  router.bind("getStaff", [&](const Request& request) { return answer(get_member(staff, request)); });
  router.bind("createStaff", [&](const Request& request) { return created(create_member(staff, request)); });
  router.bind("setStaffRole", [&](const Request& request) { return http::tagged_change(set_role(staff, request)); });
  router.bind("setStaffState", [&](const Request& request) { return http::tagged_change(set_state(staff, request)); });
  router.bind("setStaffPassword", [&](const Request& request) { return done(set_password(staff, request)); });
  router.bind_async("createSession", [&](std::shared_ptr<const Request> request, http::Responder responder) {
    sign_in_later(staff, create_session, std::move(request), std::make_shared<http::Responder>(std::move(responder)));
  });
  router.bind_async("setOwnPassword", [&](std::shared_ptr<const Request> request, http::Responder responder) {
    sign_in_later(staff, set_own_password, std::move(request), std::make_shared<http::Responder>(std::move(responder)));
  });
  router.bind_async("createFirstAdmin", [&](std::shared_ptr<const Request> request, http::Responder responder) {
    sign_in_later(staff, create_first_admin, std::move(request),
                  std::make_shared<http::Responder>(std::move(responder)));
  });
  router.bind("offerSecondFactor", [&](const Request& request) { return Response::of(offer_factor(staff, request)); });
  router.bind("setSecondFactor", [&](const Request& request) { return answer(set_factor(staff, request)); });
  router.bind("resetSecondFactor",
              [&](const Request& request) { return http::tagged_change(reset_factor(staff, request)); });
  router.bind("deleteSessions", [&](const Request& request) { return answer(delete_sessions(staff, request)); });
  router.bind("getSession", [&](const Request& request) { return Response::of(get_session(staff, request)); });
  router.bind("deleteSession", [&](const Request& request) { return answer(delete_session(staff, request)); });
  router.bind("listAudit", [&](const Request& request) { return Response::of(list_audit(staff, request)); });
  router.bind("listAuditPrincipals",
              [&](const Request& request) { return Response::of(list_audit_principals(staff, request)); });
  router.bind("checkAudit", [&](const Request&) { return Response::of(check_audit(staff)); });
}

}  // namespace handschlag::staff
