#include "platform/http/server.h"

#include <utility>  // before Asio: Boost 1.74 uses std::exchange without it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>
#include <typeinfo>

#include <fmt/format.h>

#include "platform/http/connection.h"
#include "platform/log/log.h"

namespace handschlag::http {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Strand>;

constexpr std::size_t kMaxRefusals = 64;  // connections beyond the limit that are told so, at a time
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kTellEvery{10};  // that no connection can be accepted

std::unexpected<Error> bad_certificate(const ServerOptions& options, const error_code& error) {
  return fail(ErrorKind::invalid, "certificate_invalid",
              fmt::format("The certificate {} with the key {} can't be used: {}.", options.tls_certificate_file,
                          options.tls_key_file, error.message()));
}

Result<std::shared_ptr<net::ssl::context>> make_tls(const ServerOptions& options) {
  auto shared = std::make_shared<net::ssl::context>(net::ssl::context::tls_server);
  net::ssl::context& context = *shared;
  error_code error;
  context.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_sslv2 |
                          net::ssl::context::no_sslv3 | net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1 |
                          net::ssl::context::single_dh_use | SSL_OP_NO_RENEGOTIATION,
                      error);
  if (!error) context.use_certificate_chain_file(options.tls_certificate_file, error);
  if (!error) context.use_private_key_file(options.tls_key_file, net::ssl::context::pem, error);
  if (error) return bad_certificate(options, error);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);  // idle connections give their buffers back
  return shared;
}

bool has_tls(const ServerOptions& options) {
  return !options.tls_certificate_file.empty() || !options.tls_key_file.empty();
}

// When the certificate and its key were last written; nothing where that can't be told.
using WriteTimes = std::array<std::filesystem::file_time_type, 2>;
WriteTimes write_times(const ServerOptions& options) {
  WriteTimes times{};
  std::error_code ignored;
  times[0] = std::filesystem::last_write_time(options.tls_certificate_file, ignored);
  times[1] = std::filesystem::last_write_time(options.tls_key_file, ignored);
  return times;
}

// Each connection is a file to the operating system, whose first limit is often 1,024; a process may raise it to the
// second one.
void raise_file_limit(std::size_t connections) {
  constexpr rlim_t kOthers = 256;  // databases, sockets to them, the log
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  const rlim_t wanted = connections + kMaxRefusals + kOthers;
  if (files.rlim_cur < wanted) {
    files.rlim_cur = std::min(wanted, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_max >= wanted) return;
  log::warning(
      "fewer files may be open than connections are allowed: raise the limit (LimitNOFILE=) or lower "
      "server.max_connections",
      {{"files", static_cast<std::int64_t>(files.rlim_max)}, {"connections", static_cast<std::int64_t>(connections)}});
}

class AsioServer final : public Server {
 public:
  explicit AsioServer(const ServerOptions& options)
      : core_(options),
        accept_strand_(net::make_strand(core_.io)),
        acceptor_(accept_strand_),
        pause_(accept_strand_),
        work_(core_.io.get_executor()) {}
  ~AsioServer() override { stop(); }  // NOLINT(bugprone-exception-escape): without a stop the process must end

  Result<void> open(const Router& router, metrics::Registry& metrics) {
    const ServerOptions& options = core_.options;
    core_.site = TRY(Site::create(options, router, metrics));
    raise_file_limit(options.max_connections);
    core_.connections = &metrics.gauge("http_open_connections", "Connections open now.");
    core_.received_bytes = &metrics.counter("http_received_bytes_total", "Bytes of requests.");
    core_.sent_bytes = &metrics.counter("http_sent_bytes_total", "Bytes of answers.");
    core_.on_closed = [this] {
      if (is_full_.load()) net::post(accept_strand_, [this] { accept_again(); });
    };
    certificate_options_ = options;
    certificate_times_ = write_times(options);
    if (has_tls(options)) core_.tls = TRY(make_tls(options));
    TRY(listen());
    net::post(accept_strand_, [this] { accept(); });
    for (std::size_t i = 0; i < std::max<std::size_t>(options.io_threads, 1); ++i) {
      threads_.emplace_back([this] { run_io(); });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }

  Result<void> reload(const ServerOptions& options) override {
    std::lock_guard lock(reload_mutex_);
    auto live = TRY(Site::live_of(options));
    const WriteTimes times = write_times(options);
    if (has_tls(options)) {
      auto certificate = TRY(make_tls(options));  // a bad one is refused now, also where it counts from a restart on
      if (core_.certificate()) {
        use_certificate(std::move(certificate));
        certificate_options_ = options;
        certificate_times_ = times;
      }
    }
    core_.site->set_live(std::move(live));
    return {};
  }

  Result<bool> refresh_certificate() override {
    std::lock_guard lock(reload_mutex_);
    if (!core_.certificate()) return false;
    const WriteTimes times = write_times(certificate_options_);
    if (times == certificate_times_) return false;
    certificate_times_ = times;
    use_certificate(TRY(make_tls(certificate_options_)));
    return true;
  }

  void stop() override {
    std::call_once(stopped_, [this] {
      std::promise<void> closed;
      net::post(accept_strand_, [this, &closed] {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
        closed.set_value();
      });
      // Or a connection that comes now would not be among those that finish. Without threads there is none.
      if (!threads_.empty()) closed.get_future().wait();
      core_.sessions.finish_all();
      if (!core_.sessions.await_none(core_.options.stop_timeout)) {
        log::warning("connections were cut at the stop",
                     {{"connections", static_cast<std::int64_t>(core_.sessions.size())}});
        core_.sessions.abort_all();
        core_.sessions.await_none(kAcceptPause);
      }
      work_.reset();
      core_.io.stop();
      for (std::thread& thread : threads_) thread.join();
      core_.workers.stop();
      core_.gate->shut();
    });
  }

 private:
  void use_certificate(std::shared_ptr<net::ssl::context> tls) {
    std::lock_guard lock(core_.tls_mutex);
    core_.tls = std::move(tls);
  }

  Result<void> listen() {
    const ServerOptions& options = core_.options;
    error_code error;
    net::ip::tcp::endpoint endpoint(net::ip::make_address(options.address, error), options.port);
    if (error) {
      return fail(ErrorKind::invalid, "address_malformed",
                  fmt::format("'{}' is not an address; write like 127.0.0.1 or ::1.", options.address));
    }
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error) {
      return fail(ErrorKind::unavailable, "port_unavailable",
                  fmt::format("Can't listen on {} port {}: {}.", options.address, options.port, error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  void run_io() {
    for (;;) {
      try {
        core_.io.run();
        return;
      } catch (const std::exception& exception) {
        // Out of memory, as a rule; the connection at fault has closed itself.
        log::error("a connection failed", {{"exception", typeid(exception).name()}});
      }
    }
  }

  void accept() {
    acceptor_.async_accept(net::make_strand(core_.io), [this](error_code error, Tcp socket) {
      if (!acceptor_.is_open()) return;
      if (error && error != net::error::connection_aborted) return pause_accepting(error);
      if (!error) take(std::move(socket));
      is_full_ = true;  // before the look at the number, so that a connection that closes meanwhile is not missed
      accept_again();
    });
  }

  void accept_again() {
    if (!is_full_ || core_.sessions.size() >= core_.options.max_connections + kMaxRefusals) return;
    is_full_ = false;
    if (acceptor_.is_open()) accept();
  }

  // Out of file descriptors or memory: connections close and give some back.
  void pause_accepting(error_code error) {
    const auto now = std::chrono::steady_clock::now();
    if (now - told_at_ >= kTellEvery) {
      told_at_ = now;
      log::warning("can't accept connections for now", {{"reason", error.message()}});
    }
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor_.is_open()) accept();
    });
  }

  void take(Tcp socket) {
    error_code ignored;
    socket.set_option(net::ip::tcp::no_delay(true), ignored);
    const bool fits = core_.sessions.size() < core_.options.max_connections;
    Room room = fits || core_.sessions.close_slow(core_.options.patience) ? Room::yes : Room::no;
    auto session = make_connection(core_, std::move(socket), room);
    if (core_.sessions.add(session)) session->start();
  }

  Core core_;
  Strand accept_strand_;
  Acceptor acceptor_;
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Strand> pause_;
  net::executor_work_guard<net::io_context::executor_type> work_;
  std::uint16_t port_ = 0;
  std::chrono::steady_clock::time_point told_at_{};  // of the accept strand
  std::mutex reload_mutex_;
  ServerOptions certificate_options_;  // whose files the certificate in use was read from
  WriteTimes certificate_times_{};
  std::atomic<bool> is_full_{false};
  std::vector<std::thread> threads_;
  std::once_flag stopped_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, const Router& router,
                                              metrics::Registry& metrics) {
  auto server = std::make_unique<AsioServer>(options);
  TRY(server->open(router, metrics));
  log::info("listening", {{"address", options.address}, {"port", std::int64_t{server->port()}}});
  return server;
}

}  // namespace handschlag::http
