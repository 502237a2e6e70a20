// Sends requests to a server over HTTP/1.1 and measures what it answers: events; the data of customer pages, each a
// customer and the first page of their timeline; or one path over and over. Costs few microseconds an event itself,
// since it shares the machine with what it measures.
//
//   handschlag_load events --port 8080 --key WRITE_KEY --events 1000000 --batch 100 --people 1000000 --connections 8
//   handschlag_load pages --port 8080 --token TOKEN --region eu --people 1000000 --pages 5000
//   handschlag_load get --port 8080 --path /healthz --requests 100000 --connections 64
//
// Closed loop: each connection sends its next request when the last was answered. Open loop (--rate): requests have
// their time by the clock whether or not earlier ones were answered, and latency counts from that time, so that a
// server that stalls does not hide it.
//
// Writes one JSON object to standard output: events, seconds, rate, latencies in ms, and the answers by status.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/clock.h"
#include "platform/crypto/crypto.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Plan {
  std::uint16_t port = 8080;
  std::string key;
  std::uint64_t events = 100'000;
  std::uint64_t batch = 100;
  std::uint64_t people = 1'000'000;
  std::uint64_t connections = 8;
  std::uint64_t seed = 1;
  double rate = 0;    // requests a second; 0: closed loop
  std::string token;  // pages
  std::string region = "eu";
  std::string path;           // get
  std::uint64_t warm_up = 0;  // the first so many answers are not counted in latencies
  std::uint64_t window = 0;   // also report the rate of each window of so many events
};

[[noreturn]] void die(const std::string& why) {
  fmt::print(stderr, "handschlag_load: {}\n", why);
  std::exit(1);
}

// What a shop's page sends: a few properties, the library, the language.
void append_event(std::string& out, std::uint64_t person, std::uint64_t number, std::uint64_t seed,
                  std::string_view time) {
  fmt::format_to(
      std::back_inserter(out),
      R"({{"type":"track","userId":"user-{}","event":"Product Viewed","messageId":"load-{}-{}","timestamp":"{}",)"
      R"("properties":{{"product_id":"p-{}","name":"Rain jacket, blue","price":89.9,"currency":"EUR",)"
      R"("category":"jackets","position":3}},"context":{{"library":{{"name":"load","version":"1"}},)"
      R"("locale":"de-DE"}}}})",
      person, seed, number, time, person % 1000);
}

struct Connection {
  int socket = -1;
  std::deque<SteadyClock::time_point> asked;  // of requests that are not answered yet
  std::string in;
  std::string out;             // what the socket did not take yet
  std::uint64_t customer = 0;  // of the page that is being fetched
  int parts = 0;               // of it that have come
};

class Load {
 public:
  explicit Load(const Plan& plan) : plan_(plan), random_(plan.seed) {
    std::string secret = handschlag::crypto::to_base64(plan.key + ":");
    if (!plan.path.empty()) head_ = fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", plan.path);
    if (!plan.token.empty()) {
      head_ = fmt::format("HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", plan.token);
    }
    if (!plan.key.empty())
      head_ = fmt::format(
          "POST /v1/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\n"
          "Content-Type: application/json\r\nContent-Length: ",
          plan.batch > 1 ? "batch" : "track", secret);
    requests_ = (plan.events + plan.batch - 1) / plan.batch;
    for (std::uint64_t i = 0; i < plan.connections; ++i) {
      connections_.push_back(connect_to(plan.port));
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.u64 = i;
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back().socket, &event) != 0) die("epoll_ctl failed");
    }
  }

  void run() {
    start_ = SteadyClock::now();
    window_start_ = start_;
    if (plan_.rate <= 0) {
      for (Connection& connection : connections_) send_next(connection, SteadyClock::now());
    }
    std::array<epoll_event, 64> ready;
    while (answered_ < requests_) {
      if (plan_.rate > 0) send_due();
      int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), plan_.rate > 0 ? 1 : 30'000);
      for (int i = 0; i < count; ++i) {
        Connection& connection = connections_[ready[static_cast<std::size_t>(i)].data.u64];
        if (!connection.out.empty()) flush(connection);
        receive(connection);
      }
    }
    finish_ = SteadyClock::now();
  }

  void report() {
    double seconds = std::chrono::duration<double>(finish_ - start_).count();
    std::sort(latencies_.begin(), latencies_.end());
    auto percentile = [&](double share) {
      return latencies_.empty() ? 0.0 : latencies_[static_cast<std::size_t>(share * double(latencies_.size() - 1))];
    };
    std::string statuses;
    for (auto [status, count] : statuses_) {
      statuses += fmt::format("{}\"{}\": {}", statuses.empty() ? "" : ", ", status, count);
    }
    fmt::print(
        "{{\"events\": {}, \"requests\": {}, \"seconds\": {:.3f}, \"events_per_second\": {:.0f}, \"p50_ms\": {:.3f}, "
        "\"p99_ms\": {:.3f}, \"max_ms\": {:.3f}, \"statuses\": {{{}}}, \"windows\": [{}]}}\n",
        requests_ * plan_.batch, requests_, seconds, double(requests_ * plan_.batch) / seconds, percentile(0.5),
        percentile(0.99), percentile(1), statuses, fmt::join(windows_, ", "));
  }

 private:
  static Connection connect_to(std::uint16_t port) {
    Connection connection;
    connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int done = connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    if (done != 0 && errno != EINPROGRESS) die("cannot connect");
    pollfd wait{connection.socket, POLLOUT, 0};
    if (poll(&wait, 1, 5'000) != 1 || (wait.revents & POLLERR) != 0) die("nobody listens on this port");
    int on = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connection;
  }

  void send_due() {
    auto elapsed = std::chrono::duration<double>(SteadyClock::now() - start_).count();
    auto due = std::min<std::uint64_t>(requests_, static_cast<std::uint64_t>(elapsed * plan_.rate));
    while (sent_ < due) {
      auto when = start_ + std::chrono::duration_cast<SteadyClock::duration>(
                               std::chrono::duration<double>(double(sent_ + 1) / plan_.rate));
      // In turns, so that none is idle for longer than the server lets a new connection be.
      send_next(connections_[sent_ % connections_.size()], when);
    }
  }

  void send_next(Connection& connection, SteadyClock::time_point when) {
    if (sent_ == requests_) return;
    ++sent_;
    connection.asked.push_back(when);
    if (!plan_.path.empty()) {
      connection.out += head_;
      return flush(connection);
    }
    if (!plan_.token.empty()) return send_page(connection);
    time_ = handschlag::format_time(
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    body_.clear();
    if (plan_.batch > 1) body_ += R"({"batch":[)";
    for (std::uint64_t i = 0; i < plan_.batch; ++i) {
      if (i > 0) body_ += ',';
      append_event(body_, random_() % plan_.people, ++number_, plan_.seed, time_);
    }
    if (plan_.batch > 1) body_ += fmt::format(R"(],"sentAt":"{}"}})", time_);
    connection.out += head_;
    connection.out += std::to_string(body_.size());
    connection.out += "\r\n\r\n";
    connection.out += body_;
    flush(connection);
  }

  // A page is two requests, one after the other.
  void send_page(Connection& connection) {
    if (connection.parts == 0) connection.customer = random_() % plan_.people + 1;
    char handle[16];
    auto end = std::to_chars(handle, handle + sizeof handle, connection.customer, 36).ptr;
    fmt::format_to(std::back_inserter(connection.out), "GET /api/v1/customers/{}-{}{} {}", plan_.region,
                   std::string_view(handle, end), connection.parts == 0 ? "" : "/timeline?limit=50", head_);
    flush(connection);
  }

  static void flush(Connection& connection) {
    while (!connection.out.empty()) {
      ssize_t done = ::send(connection.socket, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (done < 0 && errno == EAGAIN) return;
      if (done <= 0) die("the server closed the connection");
      connection.out.erase(0, static_cast<std::size_t>(done));
    }
  }

  void receive(Connection& connection) {
    char buffer[16384];
    while (true) {
      ssize_t got = recv(connection.socket, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) die("the server closed the connection");
      connection.in.append(buffer, static_cast<std::size_t>(got));
      while (take_answer(connection)) {
      }
      if (static_cast<std::size_t>(got) < sizeof buffer) return;
    }
  }

  // Takes one whole answer off the front of what came in.
  bool take_answer(Connection& connection) {
    std::string_view in = connection.in;
    std::size_t end = in.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    std::size_t length = 0;
    std::size_t at = in.substr(0, end).find("Content-Length: ");
    if (at != std::string_view::npos) std::from_chars(in.data() + at + 16, in.data() + end, length);
    if (in.size() < end + 4 + length) return false;
    ++statuses_[std::string(in.substr(9, 3))];
    connection.in.erase(0, end + 4 + length);
    if (!plan_.token.empty() && ++connection.parts < 2) {
      send_page(connection);
      return true;
    }
    connection.parts = 0;
    auto now = SteadyClock::now();
    if (answered_ >= plan_.warm_up)
      latencies_.push_back(std::chrono::duration<double, std::milli>(now - connection.asked.front()).count());
    connection.asked.pop_front();
    ++answered_;
    if (plan_.window > 0 &&
        (answered_ * plan_.batch) / plan_.window != ((answered_ - 1) * plan_.batch) / plan_.window) {
      double seconds = std::chrono::duration<double>(now - window_start_).count();
      windows_.push_back(static_cast<std::uint64_t>(double(plan_.window) / seconds));
      fmt::print(stderr, "{} events, the last {} at {}/s\n", answered_ * plan_.batch, plan_.window, windows_.back());
      window_start_ = now;
    }
    if (plan_.rate <= 0) send_next(connection, now);
    return true;
  }

  const Plan plan_;
  const int epoll_ = epoll_create1(0);
  std::mt19937_64 random_;
  std::vector<Connection> connections_;
  std::string head_;
  std::string time_;
  std::string body_;
  std::uint64_t requests_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t number_ = 0;
  SteadyClock::time_point start_;
  SteadyClock::time_point finish_;
  SteadyClock::time_point window_start_;
  std::vector<double> latencies_;
  std::vector<std::uint64_t> windows_;
  std::map<std::string, std::uint64_t> statuses_;
};

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  CLI::App app("Sends requests to a server and measures what it answers");
  app.require_subcommand(1);
  auto* events = app.add_subcommand("events", "Events, singly or in batches");
  auto* pages = app.add_subcommand("pages", "The data of customer pages");
  auto* get = app.add_subcommand("get", "One path");
  for (CLI::App* command : {events, pages, get}) {
    command->add_option("--port", plan.port);
    command->add_option("--connections", plan.connections)->check(CLI::Range(1, 1000));
    command->add_option("--seed", plan.seed, "Another seed sends other events");
    command->add_option("--rate", plan.rate, "Requests a second; 0: as fast as they are answered");
    command->add_option("--warm-up", plan.warm_up, "So many answers do not count in the latencies");
  }
  events->add_option("--key", plan.key)->required();
  events->add_option("--events", plan.events);
  events->add_option("--batch", plan.batch)->check(CLI::Range(1, 2500));
  events->add_option("--people", plan.people)->check(CLI::PositiveNumber);
  events->add_option("--window", plan.window, "Also report the rate of each window of so many events");
  pages->add_option("--token", plan.token)->required();
  pages->add_option("--region", plan.region);
  pages->add_option("--people", plan.people)->check(CLI::PositiveNumber);
  pages->add_option("--pages", plan.events);
  get->add_option("--path", plan.path)->required();
  get->add_option("--requests", plan.events);
  CLI11_PARSE(app, argc, argv);
  if (!events->parsed()) plan.batch = 1;
  Load load(plan);
  load.run();
  load.report();
  return 0;
}
