// Binds handlers to the operations of the OpenAPI description, which is the only place where routes are named.
//
// The spec's extensions that the router obeys, on each operation:
//   security                one of the scheme names known to the authenticator; `[]` or [{}] is open to all
//   x-roles: [agent, ...]   which roles may call it (403 otherwise); absent: any authenticated principal
//   x-max-body: 4194304     bytes of the inflated body; absent: 1 MiB
//   x-problem: false        errors are not rewritten (routes whose clients expect another form)
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/http.h"

namespace handschlag::http {

// Runs on a worker thread; may block.
using Handler = std::function<Response(const Request&)>;
// Runs on a worker thread; answers when it is ready (ingest answers when its commit is durable).
using AsyncHandler = std::function<void(std::shared_ptr<const Request>, Responder)>;
// Finds out who asks, for a security scheme of the spec. Errors: unauthenticated, forbidden, too_many.
using Authenticator = std::function<Result<Principal>(const Request&, std::string_view scheme)>;

struct Operation {
  std::string id;
  std::string method;
  std::string path;  // template: /api/v1/customers/{id}/timeline
  std::string security;  // "" for none
  std::vector<std::string> roles;
  std::size_t max_body = 1 << 20;
  AsyncHandler handler;
};

// Not thread-safe while it is being bound; const and thread-safe afterwards.
class Router {
 public:
  // Reads the operations off the OpenAPI text. Errors: invalid (no operationId, two alike, malformed).
  static Result<Router> create(std::string_view openapi_json);

  // Errors are kept and told by check(): an operation that the spec does not name, or bound twice.
  void bind(std::string_view operation_id, Handler handler);
  void bind_async(std::string_view operation_id, AsyncHandler handler);
  void set_authenticator(Authenticator authenticator) { authenticator_ = std::move(authenticator); }

  // Errors: internal, naming every operation without handler and every handler without operation.
  Result<void> check() const;

  // The operation for a method and path, with the path parameters decoded. Errors: not_found; invalid with code
  // "method_not_allowed" and the allowed methods, comma-separated, in detail.
  struct Match {
    const Operation* operation;
    std::vector<std::pair<std::string, std::string>> path_params;
  };
  Result<Match> match(std::string_view method, std::string_view path) const;

  // Authenticates, checks the role and calls the handler. Catches exceptions (500).
  void dispatch(const Operation& operation, std::shared_ptr<Request> request, Responder responder) const;

  const std::vector<Operation>& operations() const { return operations_; }

 private:
  std::vector<Operation> operations_;
  std::vector<std::string> errors_;
  Authenticator authenticator_;
};

}  // namespace handschlag::http
