// One request and its answer, from the parsed head to the finished response: everything about HTTP that needs no
// socket. The server reads and writes; this decides.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/cors.h"
#include "platform/http/http.h"
#include "platform/http/proxies.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/metrics/metrics.h"

namespace handschlag::http {

// What all requests of a server share. Thread-safe.
class Site {
 public:
  // Errors: invalid, for trusted proxies that are no addresses. What is passed must outlive the site.
  static Result<std::unique_ptr<Site>> create(const ServerOptions& options, const Router& router,
                                              metrics::Registry& metrics);
  const ServerOptions& options() const { return options_; }
  const Router& router() const { return router_; }

  // What may change while the server runs: a request keeps what it began with.
  struct Live {
    TrustedProxies proxies;
    Cors cors;
  };
  static Result<std::shared_ptr<const Live>> live_of(const ServerOptions& options);  // errors: invalid
  std::shared_ptr<const Live> live() const {
    std::lock_guard lock(mutex_);
    return live_;
  }
  void set_live(std::shared_ptr<const Live> live) {
    std::lock_guard lock(mutex_);
    live_ = std::move(live);
  }
  // `operation` is nullptr where none was found.
  void count(const Operation* operation, int status, std::chrono::duration<double> duration) const;

 private:
  struct Meters {
    std::vector<metrics::Counter*> by_class;  // 1xx to 5xx
    metrics::Histogram* seconds;
  };
  Site(const ServerOptions& options, const Router& router, std::shared_ptr<const Live> live,
       metrics::Registry& metrics);
  static Meters meters(metrics::Registry& metrics, const std::string& operation);

  const ServerOptions& options_;
  const Router& router_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Live> live_;
  std::vector<Meters> meters_;  // as the operations of the router; the last for none
};

// The request line and the header fields, as they came.
struct Head {
  std::string method;
  std::string target;
  Headers headers;
  int minor_version = 1;  // of HTTP/1
  std::optional<std::size_t> content_length;
  std::string peer_address;
};

// run() and finish() are called once each, after the constructor, by one thread at a time.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(const Site& site, Head head);
  // Of a request whose head could not be read.
  explicit Exchange(const Site& site);

  // The answer where the head alone decides; the body is then not read.
  std::optional<Response> take_refusal() { return std::exchange(refusal_, std::nullopt); }
  // Whether it is uncertain where the request ends, so that the connection can't be used for another.
  bool is_ambiguous() const { return is_ambiguous_; }
  // How many bytes the body may have on the wire.
  std::size_t max_body_bytes() const { return max_body_bytes_; }
  // Whether the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  bool is_head() const { return is_head_; }

  // The answer where the operation can't be carried out at present. To be asked before a worker is: all of them may be
  // waiting for the very thing that is gone.
  std::optional<Response> refuse_now() const;
  // Whether the handler may run on the thread that read the request.
  bool runs_at_once(std::size_t body_bytes) const;
  // Undoes the body's coding and calls the handler. On a worker thread, unless it runs at once.
  void run(std::string body, Responder responder);
  // Puts on what every answer has, compresses, counts. On any thread.
  Response finish(Response response);

 private:
  void resolve(Head& head);
  std::optional<Response> check_head(const Head& head) const;
  void complete_problem(Response& response) const;
  void compress(Response& response) const;
  bool is_api() const { return path_template_.starts_with("/api/"); }

  const Site& site_;
  const std::shared_ptr<const Site::Live> live_ = site_.live();
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::shared_ptr<Request> request_ = std::make_shared<Request>();
  // Kept apart from the request, which the handler has while the answer is finished.
  Headers cors_headers_;  // Origin
  std::string path_template_;
  std::string trace_id_;
  const Operation* operation_ = nullptr;
  std::optional<Response> refusal_;
  std::size_t max_body_bytes_ = 0;
  bool is_resource_ = false;  // whether the path is known
  bool is_ambiguous_ = false;
  bool expects_continue_ = false;
  bool is_head_ = false;
  bool accepts_gzip_ = false;
};

enum class Connection { keep_alive, close };

// The status line and header fields of a finished response, with the blank line. HEAD gets the length of the body that
// GET would have had.
std::string serialise_head(const Response& response, int minor_version, Connection connection);

}  // namespace handschlag::http
