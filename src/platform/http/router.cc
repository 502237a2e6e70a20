#include "platform/http/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <typeinfo>

#include "platform/http/target.h"
#include "platform/log/log.h"

namespace handschlag::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMethods = {{{"get", "GET"},
                                                                                    {"put", "PUT"},
                                                                                    {"post", "POST"},
                                                                                    {"delete", "DELETE"},
                                                                                    {"patch", "PATCH"},
                                                                                    {"head", "HEAD"},
                                                                                    {"options", "OPTIONS"}}};

constexpr std::array<std::pair<std::string_view, Storage>, 4> kStorage = {
    {{"none", Storage::none}, {"read", Storage::read}, {"shrink", Storage::shrink}, {"grow", Storage::grow}}};

std::unexpected<Error> malformed(std::string_view where, std::string_view what) {
  return fail(ErrorKind::invalid, "openapi_malformed", fmt::format("In the OpenAPI description, {} {}.", where, what));
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

// The one scheme of `security: [{scheme: []}]`; "" where it is [] or [{}].
Result<std::string> scheme_of(const json::Value& security, std::string_view where) {
  if (!security.is_array() || security.size() > 1) return malformed(where, "must have one security requirement");
  if (security.empty()) return std::string();
  const json::Value& requirement = security.front();
  if (!requirement.is_object() || requirement.size() > 1) return malformed(where, "must have one security scheme");
  return requirement.empty() ? std::string() : requirement.begin().key();
}

Result<void> read_storage(const json::Value& spec, std::string_view where, Operation& out) {
  out.storage = out.method == "GET" || out.method == "HEAD" ? Storage::read
                : out.method == "DELETE"                    ? Storage::shrink
                                                            : Storage::grow;
  if (auto storage = spec.find("x-storage"); storage != spec.end()) {
    auto known = std::find_if(kStorage.begin(), kStorage.end(),
                              [&](const auto& entry) { return storage->is_string() && *storage == entry.first; });
    if (known == kStorage.end()) return malformed(where, "must have none, read, shrink or grow in x-storage");
    out.storage = known->second;
  }
  return {};
}

Result<void> read_extensions(const json::Value& spec, std::string_view where, Operation& out) {
  if (auto roles = spec.find("x-roles"); roles != spec.end()) {
    if (!roles->is_array() || roles->empty()) return malformed(where, "must list roles in x-roles");
    for (const json::Value& role : *roles) {
      if (!role.is_string()) return malformed(where, "must list texts in x-roles");
      out.roles.push_back(role.get<std::string>());
    }
    if (out.security.empty()) return malformed(where, "has x-roles and no security");
  }
  if (auto max_body = spec.find("x-max-body"); max_body != spec.end()) {
    if (!max_body->is_number_unsigned()) return malformed(where, "must have a number of bytes in x-max-body");
    out.max_body = max_body->get<std::size_t>();
  }
  if (auto idempotency = spec.find("x-idempotency"); idempotency != spec.end()) {
    if (!idempotency->is_boolean()) return malformed(where, "must have true or false in x-idempotency");
    out.is_idempotent = idempotency->get<bool>();
  }
  if (auto pages = spec.find("x-pages"); pages != spec.end()) {
    if (!pages->is_boolean()) return malformed(where, "must have true or false in x-pages");
    out.answers_pages = pages->get<bool>();
    if (out.answers_pages && (out.method != "GET" || out.path != "/")) return malformed(where, "can't have x-pages");
  }
  if (auto problem = spec.find("x-problem"); problem != spec.end()) {
    if (!problem->is_boolean()) return malformed(where, "must have true or false in x-problem");
    out.rewrites_problems = problem->get<bool>();
  }
  return {};
}

Result<Operation> read_operation(const json::Value& description, const json::Value& spec, std::string_view path,
                                 std::string_view method) {
  std::string where = fmt::format("{} {}", method, path);
  Operation out;
  out.method = method;
  out.path = path;
  if (!spec.is_object()) return malformed(where, "must be an object");
  auto id = spec.find("operationId");
  if (id == spec.end() || !id->is_string() || id->get_ref<const std::string&>().empty()) {
    return malformed(where, "has no operationId");
  }
  out.id = id->get<std::string>();
  auto security = spec.find("security");
  const json::Value default_security = description.value("security", json::Value::array());
  out.security = TRY(scheme_of(security == spec.end() ? default_security : *security, where));
  out.deprecations = TRY(Deprecations::read(description, spec));
  TRY(read_extensions(spec, where, out));
  TRY(read_storage(spec, where, out));
  return out;
}

std::vector<std::pair<std::string, std::string>> path_parameters(std::string_view path,
                                                                 std::vector<std::string> segments) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::string& segment : segments) {
    path.remove_prefix(1);
    std::size_t end = std::min(path.find('/'), path.size());
    std::string_view name = path.substr(0, end);
    if (is_parameter(name)) parameters.emplace_back(name.substr(1, name.size() - 2), std::move(segment));
    path.remove_prefix(end);
  }
  return parameters;
}

std::unexpected<Error> no_such_path() {
  return fail(ErrorKind::not_found, "path_unknown", "There is nothing at this address.");
}

}  // namespace

Result<Router> Router::create(std::string_view openapi_json) {
  json::Value spec = TRY(json::parse(openapi_json));
  auto paths = spec.is_object() ? spec.find("paths") : spec.end();
  if (!spec.is_object() || paths == spec.end() || !paths->is_object()) return malformed("`paths`", "is missing");
  Router router;
  for (const auto& [path, item] : paths->items()) {
    if (!path.starts_with('/') || !item.is_object()) return malformed(path, "is not a path with its operations");
    for (const auto& [key, method] : kMethods) {
      auto operation = item.find(key);
      if (operation == item.end()) continue;
      TRY(router.add(TRY(read_operation(spec, *operation, path, method))));
    }
  }
  return router;
}

Result<void> Router::add(Operation operation) {
  std::string where = fmt::format("{} {}", operation.method, operation.path);
  Node* node = &root_;
  for (std::string_view rest = operation.path; !rest.empty();) {
    rest.remove_prefix(1);
    std::size_t end = std::min(rest.find('/'), rest.size());
    std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(end);
    bool has_brace = segment.find_first_of("{}") != std::string_view::npos;
    bool is_whole = is_parameter(segment) && segment.size() > 2 && segment.find_first_of("{}", 1) == segment.size() - 1;
    if (has_brace && !is_whole) return malformed(where, "has a parameter that is not a whole segment");
    std::unique_ptr<Node>& next = has_brace ? node->parameter : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  for (std::size_t other : node->operations) {
    if (operations_[other].method == operation.method) return malformed(where, "is there twice");
  }
  for (const Operation& other : operations_) {
    if (other.id == operation.id) return malformed(where, "has the operationId of " + other.method + " " + other.path);
  }
  node->operations.push_back(operations_.size());
  operations_.push_back(std::move(operation));
  return {};
}

Operation* Router::operation_to_bind(std::string_view operation_id) {
  auto found = std::find_if(operations_.begin(), operations_.end(),
                            [&](const Operation& operation) { return operation.id == operation_id; });
  if (found == operations_.end()) {
    errors_.push_back(fmt::format("'{}' has a handler and is not in the description", operation_id));
    return nullptr;
  }
  if (found->handler) {
    errors_.push_back(fmt::format("'{}' is bound twice", operation_id));
    return nullptr;
  }
  return &*found;
}

void Router::bind(std::string_view operation_id, Handler handler) {
  bind_async(operation_id, [handler = std::move(handler)](const std::shared_ptr<const Request>& request,
                                                          Responder responder) { responder.send(handler(*request)); });
}

void Router::bind_async(std::string_view operation_id, AsyncHandler handler) {
  if (Operation* operation = operation_to_bind(operation_id)) operation->handler = std::move(handler);
}

void Router::bind_at_once(std::string_view operation_id, AsyncHandler handler) {
  bind_async(operation_id, std::move(handler));
  auto it = std::find_if(operations_.begin(), operations_.end(),
                         [&](const Operation& operation) { return operation.id == operation_id; });
  if (it == operations_.end()) return;  // check() tells
  if (!it->security.empty()) errors_.push_back(fmt::format("{}: runs at once, but has to authenticate", operation_id));
  it->at_once = true;
}

Result<void> Router::check() const {
  std::vector<std::string> errors = errors_;
  for (const Operation& operation : operations_) {
    if (!operation.handler) errors.push_back(fmt::format("'{}' has no handler", operation.id));
    if (!operation.security.empty() && !authenticator_) {
      errors.push_back(fmt::format("'{}' needs an authenticator", operation.id));
    }
    if (operation.is_idempotent && !once_) {
      errors.push_back(fmt::format("'{}' needs something that keeps its answers", operation.id));
    }
  }
  if (errors.empty()) return {};
  return fail(ErrorKind::internal, "routes_differ",
              fmt::format("Handlers and OpenAPI description differ: {}.", fmt::join(errors, "; ")));
}

const Router::Node* Router::find(const Node& node, std::span<const std::string> segments) {
  if (segments.empty()) return node.operations.empty() ? nullptr : &node;
  const std::string& segment = segments.front();
  if (auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Node* found = find(*literal->second, segments.subspan(1))) return found;
  }
  bool fits_parameter = !segment.empty() && segment.find('/') == std::string::npos;
  return node.parameter && fits_parameter ? find(*node.parameter, segments.subspan(1)) : nullptr;
}

const Router::Node* Router::find_page(std::span<const std::string> segments) const {
  if (segments.empty() || root_.literals.contains(segments.front())) return nullptr;
  if (segments.front().empty() || segments.back().find('.') != std::string::npos) return nullptr;
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  for (const std::string& segment : segments) {
    if (std::any_of(segment.begin(), segment.end(), is_control)) return nullptr;
  }
  auto home = root_.literals.find("");
  if (home == root_.literals.end()) return nullptr;
  for (std::size_t index : home->second->operations) {
    if (operations_[index].answers_pages) return home->second.get();
  }
  return nullptr;
}

std::string Router::methods_of(const Node& node) const {
  std::vector<std::string_view> methods;
  for (std::size_t index : node.operations) methods.emplace_back(operations_[index].method);
  auto has = [&](std::string_view method) {
    return std::find(methods.begin(), methods.end(), method) != methods.end();
  };
  if (has("GET") && !has("HEAD")) methods.emplace_back("HEAD");
  if (!has("OPTIONS")) methods.emplace_back("OPTIONS");
  return fmt::format("{}", fmt::join(methods, ", "));
}

Result<Router::Match> Router::match(std::string_view method, std::string_view path) const {
  std::vector<std::string> segments = TRY(path_segments(path));
  const Node* node = find(root_, segments);
  if (node == nullptr) node = find_page(segments);
  if (node == nullptr) return no_such_path();
  // A spec may describe HEAD by itself; else GET's handler answers it, and the body is not sent.
  for (std::string_view wanted : {method, method == "HEAD" ? std::string_view("GET") : method}) {
    for (std::size_t index : node->operations) {
      const Operation& operation = operations_[index];
      if (operation.method == wanted) return Match{&operation, path_parameters(operation.path, std::move(segments))};
    }
  }
  return fail(ErrorKind::invalid, "method_not_allowed", methods_of(*node));
}

Result<Router::Resource> Router::resource(std::string_view path) const {
  std::vector<std::string> segments = TRY(path_segments(path));
  const Node* node = find(root_, segments);
  if (node == nullptr) node = find_page(segments);
  if (node == nullptr) return no_such_path();
  return Resource{operations_[node->operations.front()].path, methods_of(*node)};
}

Responder Router::tell_deprecated(const Operation& operation, const Request& request, Responder responder) const {
  const std::vector<std::string> used = operation.deprecations.used_by(request);
  if (used.empty()) return responder;
  if (on_deprecated_) {
    for (const std::string& what : used) on_deprecated_(operation, request, what);
  }
  auto outer = std::make_shared<Responder>(std::move(responder));
  return Responder([outer, headers = operation.deprecations.headers_for(used)](Response response) {
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    outer->send(std::move(response));
  });
}

void Router::dispatch(const Operation& operation, std::shared_ptr<Request> request, Responder responder) const {
  try {
    auto admitted = admit(operation);
    if (!admitted) return responder.send(Response::problem(admitted.error()));
    if (!operation.security.empty()) {
      auto principal = authenticator_(*request, operation.security);
      if (!principal) return responder.send(Response::problem(principal.error()));
      request->principal = std::move(*principal);
      const auto& roles = operation.roles;
      if (!roles.empty() && std::find(roles.begin(), roles.end(), request->principal.role) == roles.end()) {
        Error error{ErrorKind::forbidden, "role_missing",
                    fmt::format("This needs one of the roles: {}.", fmt::join(roles, ", "))};
        return responder.send(Response::problem(error));
      }
    }
    if (!operation.deprecations.empty()) responder = tell_deprecated(operation, *request, std::move(responder));
    operation.is_idempotent ? once_(operation, std::move(request), std::move(responder))
                            : operation.handler(std::move(request), std::move(responder));
  } catch (const std::exception& exception) {
    // Neither client nor log get what(): it may quote the request. The responder answers 500 as it goes.
    log::error("a handler threw", {{"operation", operation.id}, {"exception", typeid(exception).name()}});
  }
}

}  // namespace handschlag::http
