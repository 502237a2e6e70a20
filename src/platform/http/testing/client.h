// A client for tests that sends exactly the bytes it is given and reads answers one by one.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "platform/http/http.h"
#include "platform/json/json.h"

namespace handschlag::http::testing {

struct Answer {
  int status = 0;  // 0: the connection ended before an answer
  Headers headers;
  std::string body;

  std::string header(std::string_view name) const { return std::string(find_header(headers, name)); }
  json::Value json() const { return json::parse(body).value_or(json::Value("not JSON: " + body)); }
};

// One connection to a port of this machine. Reads give up after ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port) : Client() { connect(port); }
  Client() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (socket_ < 0) throw std::runtime_error("socket");
    timeval timeout{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  virtual ~Client() { close(); }
  Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void connect(std::uint16_t port) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("connect");
    }
  }

  // False when the server does not take it any more.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      long sent = send_some(bytes);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The next answer; its body is as long as Content-Length says, or reaches to the end of the connection.
  Answer read(std::string_view method = "GET") {
    Answer answer = read_head();
    if (answer.status == 0 || answer.status == 100 || answer.status == 204 || answer.status == 304) return answer;
    if (method == "HEAD") return answer;
    std::string length = answer.header("Content-Length");
    std::size_t wanted = length.empty() ? std::string::npos : std::strtoull(length.c_str(), nullptr, 10);
    while (received_.size() < wanted && receive()) {
    }
    answer.body = received_.substr(0, wanted);
    received_.erase(0, wanted);
    return answer;
  }

  Answer request(std::string_view bytes) {
    write(bytes);
    return read(bytes.substr(0, bytes.find(' ')));
  }

  // "GET /path HTTP/1.1" with a Host, further header lines (each with its line end), and a body with its length.
  Answer request(std::string_view method, std::string_view target, std::string_view lines = "",
                 std::string_view body = "") {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: shop.example\r\n").append(lines);
    if (!body.empty()) text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    text.append("\r\n").append(body);
    write(text);
    return read(method);
  }

  Answer read_head() {
    std::size_t end = std::string::npos;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    Answer answer;
    std::string head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    answer.status = std::atoi(head.substr(9, 3).c_str());
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      std::size_t stop = head.find("\r\n", at);
      std::size_t colon = head.find(": ", at);
      answer.headers.emplace_back(head.substr(at, colon - at), head.substr(colon + 2, stop - colon - 2));
      at = stop + 2;
    }
    return answer;
  }

  // Reads on until `text` came; false when the connection ends first.
  bool read_until(std::string_view text) {
    while (received_.find(text) == std::string::npos) {
      if (!receive()) return false;
    }
    received_.erase(0, received_.find(text) + text.size());
    return true;
  }

  // Whether the server closed, with nothing more before it.
  bool at_end() { return received_.empty() && !receive(); }

  void shut_writing() const { ::shutdown(socket_, SHUT_WR); }
  int socket() const { return socket_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 protected:
  virtual long send_some(std::string_view bytes) { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  virtual long receive_some(char* out, std::size_t size) { return ::recv(socket_, out, size, 0); }

 private:
  bool receive() {
    std::array<char, 64 * 1024> buffer;
    long received = receive_some(buffer.data(), buffer.size());
    if (received > 0) received_.append(buffer.data(), static_cast<std::size_t>(received));
    return received > 0;
  }

  int socket_;
  std::string received_;
};

}  // namespace handschlag::http::testing
