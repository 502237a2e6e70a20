// One connection of the server. Private to this folder: Asio here and in server.cc, Beast in connection.cc alone.
#pragma once

#include <utility>  // before Asio: Boost 1.74 uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "platform/http/exchange.h"
#include "platform/http/server.h"
#include "platform/http/sessions.h"
#include "platform/http/workers.h"
#include "platform/metrics/metrics.h"

namespace handschlag::http {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Tcp = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;

// What the connections share with the server. Members that connections refer to come before those that hold them.
struct Core {
  explicit Core(const ServerOptions& given)
      : options(given), workers(given.worker_threads, given.max_waiting_requests) {}

  const ServerOptions options;
  // New connections get the certificate that is in use now; nullptr: plain HTTP.
  std::shared_ptr<boost::asio::ssl::context> certificate() const {
    std::lock_guard lock(tls_mutex);
    return tls;
  }

  std::unique_ptr<Site> site;
  metrics::Gauge* connections = nullptr;
  metrics::Counter* received_bytes = nullptr;
  metrics::Counter* sent_bytes = nullptr;
  mutable std::mutex tls_mutex;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::atomic<std::size_t> body_bytes{0};  // of requests and answers, in memory
  std::function<void()> on_closed;         // a connection was; from any thread
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  boost::asio::io_context io;
  Sessions sessions;
  Workers workers;
};

// Whether there is room for the connection; else it is told so and closed.
enum class Room { yes, no };

// With TLS where the core has it. The core must outlive the connection.
std::shared_ptr<Session> make_connection(Core& core, Tcp socket, Room room);

}  // namespace handschlag::http
