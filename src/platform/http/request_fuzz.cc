// Whatever comes over a connection, through the real server and its parser: handlers see clean requests only, answers
// are well-formed, and the connection ends.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "platform/base/testing/fuzz.h"
#include "platform/http/server.h"
#include "platform/http/target.h"
#include "platform/log/log.h"

namespace {

using namespace handschlag;
using fuzz::require;

constexpr std::string_view kSpec = R"({
  "openapi": "3.1.0",
  "paths": {
    "/": {"get": {"operationId": "home", "security": []}},
    "/v1/batch": {"post": {"operationId": "batch", "security": [], "x-max-body": 2000}},
    "/api/v1/things/{id}": {"get": {"operationId": "thing", "security": []}}
  }
})";

bool is_printable(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return false;
  }
  return true;
}

http::Response check_request(const http::Request& request) {
  require(request.path.starts_with('/') && is_printable(request.path));
  require(request.trace_id.size() == 32 && request.body.size() <= 2000);
  require(request.client_address.starts_with("127."));
  for (const auto& [name, value] : request.headers) require(!name.empty() && is_printable(name) && is_printable(value));
  for (const auto& [name, value] : request.query) require(http::is_utf8(name) && http::is_utf8(value));
  for (const auto& [name, value] : request.path_params) require(!value.empty() && http::is_utf8(value));
  return http::Response::json(200, {{"query", request.query.size()}});
}

struct Site {
  Site() : router(http::Router::create(kSpec).value()) {
    for (const char* operation : {"home", "batch", "thing"}) router.bind(operation, check_request);
    http::ServerOptions options;
    log::set_level(log::Level::error);
    options.port = 0;
    options.worker_threads = 1;
    options.max_header_bytes = 2048;
    options.max_body_bytes = 4096;
    server = http::Server::start(options, router, metrics).value();
  }
  metrics::Registry metrics;
  http::Router router;
  std::unique_ptr<http::Server> server;
};

// From another address of this machine each time, or the ports run out.
int connect_to(std::uint16_t port) {
  static std::uint32_t source = 0;
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ++source % 50'000);
  int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  timeval patience{15, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  require(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  require(errno == EINTR);  // the fuzzer's own clock
  ::close(socket);
  return connect_to(port);
}

std::string exchange(std::uint16_t port, std::string_view bytes) {
  int socket = connect_to(port);
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::recv(socket, buffer, sizeof buffer, 0)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) answer.append(buffer, static_cast<std::size_t>(got));
  }
  require(got == 0 || errno == ECONNRESET);  // anything else: it hangs
  ::close(socket);
  return answer;
}

// The head of the first answer. What follows it may be a body, or none, depending on the method.
void check_answer(std::string_view answer) {
  if (answer.empty()) return;
  require(answer.starts_with("HTTP/1.1 ") && answer.size() > 12);
  require(answer[9] >= '1' && answer[9] <= '5');
  std::size_t end = answer.find("\r\n\r\n");
  require(end != std::string_view::npos);
  for (std::size_t at = answer.find("\r\n"); at < end;) {
    std::size_t begin = at + 2;
    at = answer.find("\r\n", begin);
    std::string_view line = answer.substr(begin, at - begin);
    require(is_printable(line) && line.find(": ") != std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Site site;
  check_answer(exchange(site.server->port(), fuzz::text_of(data, size)));
  return 0;
}
