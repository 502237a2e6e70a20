// What a request is and what an answer is. See router.h for how operations are bound, server.h for the server.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/result.h"
#include "platform/json/json.h"

namespace handschlag::http {

// Names compare without regard to case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, or "".
std::string_view find_header(const Headers& headers, std::string_view name);
// Every value of that name, split at commas and trimmed: the members of a list header. Views into `headers`.
std::vector<std::string_view> list_header(const Headers& headers, std::string_view name);
// Compares ASCII without regard to case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// Who asks, as the authenticator found out. `who` is what the slice that knows the scheme put there.
struct Principal {
  std::string id;    // "token:7", "source:shop": for logs, audit, rate limits; never personal data
  std::string role;  // "agent"; empty for sources
  std::any who;
};

struct Request {
  std::string method;                                            // "GET"
  std::string path;                                              // percent-encoded as it came, without the query
  std::vector<std::pair<std::string, std::string>> query;        // decoded
  std::vector<std::pair<std::string, std::string>> path_params;  // decoded, named as in the spec
  Headers headers;
  std::string body;            // inflated
  std::string client_address;  // through trusted proxies only
  std::string trace_id;        // 32 hex digits, from traceparent or made here
  std::string operation;       // operationId
  Principal principal;

  // The first header of that name, or "".
  std::string_view header(std::string_view name) const;
  std::optional<std::string_view> query_param(std::string_view name) const;
  // Of a parameter that the spec names in the path: always there.
  std::string_view path_param(std::string_view name) const;
  // The first cookie of that name (RFC 6265, 4.2), or "".
  std::string_view cookie(std::string_view name) const;
  // The user name of basic authentication (RFC 7617), "" if it can't be read; nothing: another scheme, or none.
  std::optional<std::string> basic_user() const;
};

// The sending end of a text/event-stream answer. Thread-safe; may be kept and used from any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Queues one event; false once the client is gone or reads too slowly (more than 1 MB waiting).
  virtual bool send(std::string_view event, std::string_view data, std::string_view id = "") = 0;
  virtual bool closed() const = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // Set for server-sent events: called once with the sink, after the head was sent.
  std::function<void(std::shared_ptr<EventSink>)> stream;

  static Response json(int status, const json::Value& value);
  static Response text(int status, std::string body, std::string_view content_type = "text/plain; charset=utf-8");
  static Response empty(int status);
  // RFC 9457 problem+json; adds Retry-After where the error names one.
  // An internal error is logged; the client is told no more than that there was one.
  static Response problem(const Error& error);
  // The same for statuses that no error kind stands for (405, 408, 415, 431 ...).
  static Response problem(int status, std::string_view code, std::string_view detail);
  // For handlers: the problem where `result` failed, else 200 with its value.
  static Response of(const Result<json::Value>& result);

  // Adds a header.
  Response& with(std::string_view name, std::string_view value);
};

// "Not Found" for 404; "" for statuses without a name.
std::string_view reason_phrase(int status);

// The one table from error kind to status: invalid 400, unauthenticated 401, forbidden 403, not_found 404,
// conflict 409, too_large 413, too_many 429, unavailable 503, internal 500.
int status_of(ErrorKind kind);

// Answers one request, once, from any thread. Dropped unanswered, it answers 500.
class Responder {
 public:
  using Send = std::function<void(Response)>;
  using Defer = std::function<bool(std::function<void()>)>;
  // Without `defer` tasks run in place.
  explicit Responder(Send send, Defer defer = {});
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();
  void send(Response response);

  // Runs a task on a worker thread, where it may block; for handlers that run at once. False, without running it, when
  // too many tasks wait.
  bool defer(std::function<void()> task) const;

 private:
  Send send_;
  Defer defer_;
};

}  // namespace handschlag::http
