// Binds handlers to the operations of the OpenAPI description, which is the only place where routes are named.
//
// The spec's extensions that the router obeys, on each operation:
//   security                one of the scheme names known to the authenticator; `[]` or [{}] is open to all
//   x-roles: [agent, ...]   which roles may call it (403 otherwise); absent: any authenticated principal
//   x-max-body: 4194304     bytes of the inflated body; absent: 1 MiB
//   x-storage: grow         what it does to what is stored: `none`, it needs no database at all; `read`; `shrink`, it
//                           makes it smaller, or is needed for that; `grow`. Absent: GET and HEAD read, DELETE shrinks,
//                           all others grow. See set_admission()
//   x-problem: false        error answers of the handler are sent as they are (its clients expect another form); one
//                           without a body otherwise becomes a problem, and a problem gets the trace id. What is
//                           refused before the handler is reached (limits, authentication) is a problem either way
//   x-idempotency: true     a request with an Idempotency-Key goes through set_once()
//   x-pages: true           on GET / alone: answers GET of every address that can be a page, so that one may be opened
//                           or reloaded by its address. That is one whose first segment begins no other path here and
//                           whose last holds no dot; what is in use by the API is never hidden by it
//   deprecated: true        with x-deprecated and x-sunset, also on parameters and fields: see deprecation.h
//
// Paths are templates of whole segments: /api/v1/customers/{id}/timeline. A literal segment wins over a parameter; a
// parameter matches neither an empty segment nor one that holds '/' once decoded.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/deprecation.h"
#include "platform/http/http.h"

namespace handschlag::http {

// Runs on a worker thread; may block.
using Handler = std::function<Response(const Request&)>;
// Runs on a worker thread; answers when it is ready (ingest answers when its commit is durable).
using AsyncHandler = std::function<void(std::shared_ptr<const Request>, Responder)>;
struct Operation;
// Whether an operation can be carried out at present: a database may be gone, a disk full. Must not wait. Errors:
// unavailable.
using Admission = std::function<Result<void>(const Operation&)>;
// Finds out who asks, for a security scheme of the spec. Errors: unauthenticated, forbidden, too_many.
using Authenticator = std::function<Result<Principal>(const Request&, std::string_view scheme)>;

enum class Storage { none, read, shrink, grow };

struct Operation {
  std::string id;
  std::string method;
  std::string path;      // template: /api/v1/customers/{id}/timeline
  std::string security;  // "" for none
  std::vector<std::string> roles;
  std::size_t max_body = 1 << 20;
  bool rewrites_problems = true;  // x-problem
  bool at_once = false;           // see bind_at_once
  bool answers_pages = false;     // x-pages
  bool is_idempotent = false;     // x-idempotency
  Deprecations deprecations;      // deprecated, x-deprecated, x-sunset
  Storage storage = Storage::read;
  AsyncHandler handler;
};

// Calls the operation's handler, or answers a retry as the first attempt was (see platform/idempotency).
using Once =
    std::function<void(const Operation& operation, std::shared_ptr<const Request> request, Responder responder)>;

// Is told of each use of something deprecated: its name, or "" for the operation itself.
using OnDeprecated = std::function<void(const Operation& operation, const Request& request, std::string_view what)>;

// Not thread-safe while it is being bound; const and thread-safe afterwards.
class Router {
 public:
  // Reads the operations off the OpenAPI text. Errors: invalid (no operationId, two alike, malformed).
  static Result<Router> create(std::string_view openapi_json);

  // Errors are kept and told by check(): an operation that the spec does not name, or bound twice.
  void bind(std::string_view operation_id, Handler handler);
  void bind_async(std::string_view operation_id, AsyncHandler handler);
  // The handler runs on the thread that read the request, without a change of thread, so it must not block: what may
  // block goes through Responder::defer. Requests that are large or compressed go to a worker all the same. For
  // operations without a security scheme.
  void bind_at_once(std::string_view operation_id, AsyncHandler handler);
  void set_authenticator(Authenticator authenticator) { authenticator_ = std::move(authenticator); }
  void set_once(Once once) { once_ = std::move(once); }
  void set_on_deprecated(OnDeprecated on_deprecated) { on_deprecated_ = std::move(on_deprecated); }
  // Asked before everything else, once a request has been read and again when a worker takes it up; without it all is
  // admitted.
  void set_admission(Admission admission) { admission_ = std::move(admission); }

  // Errors: internal, naming every operation without handler and every handler without operation, and that there is no
  // authenticator, or nothing for x-idempotency, where an operation needs one.
  Result<void> check() const;

  // The operation for a method and path, with the path parameters decoded. Errors: not_found; invalid with code
  // "method_not_allowed" and the allowed methods, comma-separated, in detail.
  struct Match {
    const Operation* operation;
    std::vector<std::pair<std::string, std::string>> path_params;
  };
  Result<Match> match(std::string_view method, std::string_view path) const;

  // What a path knows. Errors: as of match(), without method_not_allowed.
  struct Resource {
    std::string path;     // template
    std::string methods;  // "GET, HEAD, OPTIONS"
  };
  Result<Resource> resource(std::string_view path) const;

  // Whether the operation can be carried out at present: as set_admission() says. Does not wait.
  Result<void> admit(const Operation& operation) const { return admission_ ? admission_(operation) : Result<void>(); }

  // Asks for admission, authenticates, checks the role and calls the handler. Catches exceptions (500).
  void dispatch(const Operation& operation, std::shared_ptr<Request> request, Responder responder) const;

  const std::vector<Operation>& operations() const { return operations_; }

 private:
  // One segment of the paths known, as a tree.
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<std::size_t> operations;  // that end here: indexes of operations_
  };

  Router() = default;
  Result<void> add(Operation operation);
  static const Node* find(const Node& node, std::span<const std::string> segments);
  const Node* find_page(std::span<const std::string> segments) const;
  Operation* operation_to_bind(std::string_view operation_id);
  std::string methods_of(const Node& node) const;
  Responder tell_deprecated(const Operation& operation, const Request& request, Responder responder) const;

  std::vector<Operation> operations_;
  Node root_;
  std::vector<std::string> errors_;
  Authenticator authenticator_;
  Once once_;
  OnDeprecated on_deprecated_;
  Admission admission_;
};

}  // namespace handschlag::http
