// The HTTP/1.1 server: Boost.Beast, in server.cc alone. Limits on everything; a graceful stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/http/router.h"
#include "platform/metrics/metrics.h"

namespace handschlag::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free port, see Server::port()
  std::size_t io_threads = 2;
  std::size_t worker_threads = 4;
  // Beyond: a connection that has waited for its client for `patience` is closed for the new one; if none has, the new
  // one is told 503.
  std::size_t max_connections = 10'000;
  std::chrono::milliseconds patience{1'000};
  // Bodies in memory, of requests until the answer, of answers until they are taken. Beyond: 503 for large requests;
  // for each large answer one that was not taken for a tenth of `patience` is given up.
  std::size_t max_body_memory = 256 * 1024 * 1024;
  std::size_t max_waiting_requests = 4'096;  // for a worker; beyond: 503 with Retry-After
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 4 * 1024 * 1024;  // on the wire; an operation's x-max-body holds for the inflated body
  std::chrono::seconds header_timeout{10};       // to receive the head
  std::chrono::seconds body_timeout{30};         // to receive the body
  std::chrono::seconds idle_timeout{75};         // between requests of one connection
  std::chrono::seconds write_timeout{30};        // without progress while an answer is sent
  std::chrono::seconds stop_timeout{20};         // for what was accepted to finish
  std::chrono::seconds heartbeat{15};            // between comments on server-sent event streams
  std::vector<std::string> trusted_proxies;  // addresses or CIDR; only from them X-Forwarded-For and Forwarded count
  std::vector<std::string> cors_origins = {"*"};  // for operations whose path is not under /api/
  std::string tls_certificate_file;               // PEM chain; both empty: plain HTTP
  std::string tls_key_file;
  std::size_t gzip_min_bytes = 1024;  // answers from this size on are compressed where the client takes it
};

class Server {
 public:
  // Binds the port. `router` must have passed check() and outlive the server. Errors: unavailable (port taken), invalid
  // (certificate).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, const Router& router,
                                               metrics::Registry& metrics);
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Takes over what can change while it runs: trusted_proxies, cors_origins, and the certificate with its key, whose
  // files are read anew (TLS itself can't be switched on or off). Requests that have begun go on as they began. All or
  // nothing. Errors: invalid; then everything stays as it was.
  virtual Result<void> reload(const ServerOptions& options) = 0;
  // Reads the certificate and its key anew where their files have changed since; whether they have. Errors: invalid,
  // once for each change; the old certificate then stays in use.
  virtual Result<bool> refresh_certificate() = 0;
  // Stops accepting, finishes the requests that were accepted (up to stop_timeout), closes. Idempotent.
  virtual void stop() = 0;
};

}  // namespace handschlag::http
