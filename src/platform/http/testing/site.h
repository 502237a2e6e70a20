// A server on a free port for tests, with a handful of operations.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/http/testing/client.h"
#include "platform/metrics/metrics.h"

namespace handschlag::http::testing {

inline constexpr std::string_view kSpec = R"({
  "openapi": "3.1.0",
  "security": [{"token": []}],
  "paths": {
    "/ping": {"get": {"operationId": "ping", "security": []}},
    "/echo": {"post": {"operationId": "echo", "security": [{}]}, "put": {"operationId": "slow_echo", "security": []}},
    "/small": {"post": {"operationId": "small", "security": [], "x-max-body": 1000}},
    "/large": {"get": {"operationId": "large", "security": []}},
    "/later": {"get": {"operationId": "later", "security": []}},
    "/events": {"get": {"operationId": "events", "security": []}},
    "/other/{kind}/form": {"get": {"operationId": "other", "security": [], "x-problem": false}},
    "/api/v1/things/{id}": {"get": {"operationId": "thing"}, "delete": {"operationId": "drop", "x-roles": ["admin"]}},
    "/api/v1/things/search": {"post": {"operationId": "search", "x-roles": ["agent", "admin"]}},
    "/api/v1/faults/{kind}": {"get": {"operationId": "fault", "security": []}}
  }
})";

// What asynchronous handlers keep until the test says.
template <class T>
class Box {
 public:
  void put(T item) {
    std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    came_.notify_all();
  }
  T take() {
    std::unique_lock lock(mutex_);
    if (!came_.wait_for(lock, std::chrono::seconds{10}, [this] { return !items_.empty(); })) {
      throw std::runtime_error("nothing came");
    }
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<T> items_;
};

class TestSite {
 public:
  explicit TestSite(ServerOptions options = {}) : router_(Router::create(kSpec).value()) {
    bind();
    auto checked = router_.check();
    if (!checked) throw std::runtime_error(checked.error().detail);
    options.port = 0;
    auto server = Server::start(options, router_, metrics_);
    if (!server) throw std::runtime_error(server.error().detail);
    server_ = std::move(*server);
  }

  std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }
  metrics::Registry& metrics() { return metrics_; }
  void destroy_server() { server_.reset(); }

  Box<Responder> waiting;                     // of "later"
  Box<std::shared_ptr<EventSink>> sinks;      // of "events"
  Box<std::shared_ptr<const Request>> asked;  // of "thing" and "later"
  Box<bool> began;                            // "slow_echo" runs
  Box<bool> go_on;                            // "slow_echo" may end
  std::atomic<bool> is_full = false;          // nothing that makes what is stored grow is admitted

 private:
  static Response fault(const Request& request) {
    std::string_view kind = request.path_param("kind");
    if (kind == "exception") throw std::runtime_error("the inner text");
    if (kind == "internal") return Response::problem(Error{ErrorKind::internal, "disk_broken", "the inner text"});
    if (kind == "fields") {
      return Response::problem(
          Error{ErrorKind::invalid, "fields_invalid", "/country is required.", {{"/country", "is required"}}});
    }
    if (kind == "busy") {
      Error error{ErrorKind::too_many, "too_many", "Slow down."};
      error.retry_after = std::chrono::seconds{7};
      return Response::problem(error);
    }
    if (kind == "forged") return Response::empty(200).with("X-A", "b\r\nX-Forged: c").with("Content-Length", "99");
    return Response::empty(410);
  }

  void bind() {
    router_.set_authenticator([](const Request& request, std::string_view scheme) -> Result<Principal> {
      std::string_view role = request.header("Authorization");
      if (scheme != "token" || role.empty()) {
        return fail(ErrorKind::unauthenticated, "token_missing", "Send a token.");
      }
      return Principal{"token:1", std::string(role), {}};
    });
    router_.set_admission([this](const Operation& operation) -> Result<void> {
      if (is_full && operation.storage == Storage::grow) return fail(ErrorKind::unavailable, "full", "It is full.");
      return {};
    });
    router_.bind("ping", [](const Request&) { return Response::json(200, {{"pong", true}}); });
    router_.bind("echo", [](const Request& request) { return Response::text(200, request.body); });
    router_.bind("slow_echo", [this](const Request& request) {
      began.put(true);
      go_on.take();
      return Response::text(200, request.body);
    });
    router_.bind("small", [](const Request& request) { return Response::text(200, request.body); });
    router_.bind("large", [](const Request& request) {
      auto type = request.query_param("type").value_or("application/json");
      std::size_t size = std::stoul(std::string(request.query_param("size").value_or("100000")));
      return Response::text(200, std::string(size, 'x'), type);
    });
    router_.bind_async("later", [this](std::shared_ptr<const Request> request, Responder responder) {
      asked.put(std::move(request));
      waiting.put(std::move(responder));
    });
    router_.bind("events", [this](const Request&) {
      Response response;
      response.stream = [this](std::shared_ptr<EventSink> sink) { sinks.put(std::move(sink)); };
      return response;
    });
    router_.bind("other", [](const Request& request) {
      if (request.path_param("kind") == "empty") return Response::empty(404);
      return Response::text(400, "GIF89a", "image/gif");
    });
    router_.bind("thing", [this](const Request& request) {
      asked.put(std::make_shared<Request>(request));
      return Response::json(200, {{"id", request.path_param("id")}});
    });
    router_.bind("drop", [](const Request&) { return Response::empty(204); });
    router_.bind("search", [](const Request&) { return Response::json(200, {{"items", json::Value::array()}}); });
    router_.bind("fault", fault);
  }

  metrics::Registry metrics_;
  Router router_;
  std::unique_ptr<Server> server_;
};

}  // namespace handschlag::http::testing
