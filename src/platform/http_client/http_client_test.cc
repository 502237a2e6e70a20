#include "platform/http_client/http_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "platform/http/testing/site.h"

namespace handschlag::http_client {
namespace {

const Policy kLoopback{.internal_networks = {"127.0.0.0/8", "::1"}};

// Takes one connection on a free port of this machine, answers it with `bytes`, and closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(bytes)] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::array<char, 4096> buffer;
      while (asked_.find("\r\n\r\n") == std::string::npos) {
        const long count = ::recv(peer, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        asked_.append(buffer.data(), static_cast<std::size_t>(count));
        if (asked_.front() == '\x16') break;  // a TLS handshake, which has no end that we could wait for
      }
      std::string_view rest = answer;
      while (!rest.empty()) {
        const long sent = ::send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(sent));
      }
      ::close(peer);
    });
  }
  ~OneAnswer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  std::string url() const { return fmt::format("http://127.0.0.1:{}/hook", port_); }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

std::string code_of(const Result<void>& result) {
  return result ? "" : result.error().code;
}

TEST(CheckUrl, TakesWhatMayBeAsked) {
  for (const char* url : {"https://shop.example", "https://shop.example/hook?a=b", "https://shop.example:443/hook",
                          "https://1.1.1.1/hook", "https://[2606:4700::1111]/"}) {
    EXPECT_EQ(code_of(check_url(url, {})), "") << url;
  }
  EXPECT_EQ(code_of(check_url("https://shop.example:8443/", {.ports = {443, 8443}})), "");
  EXPECT_EQ(code_of(check_url("http://10.1.2.3:9000/", {.internal_networks = {"10.0.0.0/8"}})), "");
  EXPECT_EQ(code_of(check_url("http://intern:9000/", {.internal_networks = {"10.0.0.0/8"}})), "");
}

TEST(CheckUrl, RefusesWhatMayNot) {
  for (const char* url :
       {"", "shop.example/hook", "http://shop.example/", "ftp://shop.example/", "file:///etc/passwd",
        "gopher://shop.example/", "https://", "https://anna:secret@shop.example/", "https://anna@shop.example/",
        "https://shop.example:8443/", "https://shop.example:22/", "https://shop.example/a b", "https://shop.exa\tmple/",
        "https://shop.example:99999/", "//shop.example/", "javascript:alert(1)"}) {
    EXPECT_EQ(code_of(check_url(url, {})), "url_invalid") << url;
  }
  for (const char* url : {"https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/",
                          "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest/meta-data",
                          "https://192.168.1.1/", "https://[fd00:ec2::254]/", "https://0/", "https://017700000001/"}) {
    EXPECT_EQ(code_of(check_url(url, {})), "address_refused") << url;
  }
  EXPECT_EQ(code_of(check_url("https://10.0.0.1/", kLoopback)), "address_refused");
  EXPECT_EQ(code_of(check_url("https://1.1.1.1:8443/", kLoopback)), "url_invalid");
  EXPECT_EQ(code_of(check_url("https://" + std::string(2'100, 'a') + ".example/", {})), "url_invalid");
}

TEST(HttpClient, SendsBodyAndHeadersAndReadsTheAnswer) {
  http::testing::TestSite site;
  auto client = *Client::create(kLoopback);
  auto answer = client->fetch({.url = fmt::format("http://127.0.0.1:{}/echo", site.port()), .body = "hello"});
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_TRUE(answer->header("CONTENT-TYPE").starts_with("text/plain"));
}

TEST(HttpClient, ManyRequestsAtOnceAllGetTheirAnswer) {
  http::testing::TestSite site;
  auto client = *Client::create(kLoopback);
  http::testing::Box<Result<Response>> answers;
  for (int i = 0; i < 200; ++i) {
    client->send(
        {.url = fmt::format("http://127.0.0.1:{}/echo", site.port()), .body = "x", .timeout = std::chrono::minutes{1}},
        [&](Result<Response> result) { answers.put(std::move(result)); });
  }
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(answers.take());
}

TEST(HttpClient, AClosedAddressIsRefusedWhenTheNameIsResolved) {
  http::testing::TestSite site;
  auto strict = *Client::create({.internal_networks = {"192.0.2.1"}});
  for (const char* host : {"localhost", "ip6-localhost"}) {
    auto answer = strict->fetch({.url = fmt::format("http://{}:{}/ping", host, site.port())});
    ASSERT_FALSE(answer);
    EXPECT_TRUE(answer.error().code == "address_refused" || answer.error().code == "host_unknown")
        << answer.error().code;
  }
  EXPECT_EQ(strict->fetch({.url = fmt::format("http://localhost:{}/ping", site.port())}).error().code,
            "address_refused");
  auto open = *Client::create(kLoopback);
  EXPECT_TRUE(open->fetch({.method = "GET", .url = fmt::format("http://localhost:{}/ping", site.port())}));
}

TEST(HttpClient, RedirectsAreNotFollowed) {
  http::testing::TestSite site;
  const OneAnswer server(fmt::format(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/ping\r\nContent-Length: 0\r\n\r\n", site.port()));
  auto answer = (*Client::create(kLoopback))->fetch({.url = server.url()});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST(HttpClient, AnAnswerThatIsTooLargeIsCutOff) {
  const OneAnswer body("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
  auto client = *Client::create(kLoopback);
  EXPECT_EQ(client->fetch({.url = body.url()}).error().code, "answer_too_large");
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1'000; ++i) head += fmt::format("X-Header-{}: {}\r\n", i, std::string(100, 'x'));
  const OneAnswer headers(head + "\r\n");
  EXPECT_EQ(client->fetch({.url = headers.url()}).error().code, "answer_too_large");
}

TEST(HttpClient, AStatusSufficesWhereThatIsAskedFor) {
  auto client = *Client::create(kLoopback);
  auto status = [&](const std::string& answer) {
    const OneAnswer server(answer);
    auto got = client->fetch({.url = server.url(), .status_suffices = true});
    EXPECT_TRUE(!got || got->body.empty());
    return got ? std::to_string(got->status) : got.error().code;
  };
  EXPECT_EQ(status("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x')), "200");
  EXPECT_EQ(status("HTTP/1.1 202 OK\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"), "202");
  EXPECT_EQ(status("HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf"), "500");
  EXPECT_EQ(status("HTTP/1.1 100 Continue\r\n\r\n"), "connection_closed");
}

TEST(HttpClient, WhatGoesWrongIsNamed) {
  auto client = *Client::create(kLoopback);
  const OneAnswer closed("");
  EXPECT_EQ(client->fetch({.url = closed.url()}).error().code, "connection_closed");
  const OneAnswer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(client->fetch({.url = cut.url()}).error().code, "connection_closed");
  const OneAnswer plain("this is not TLS");
  EXPECT_EQ(client->fetch({.url = "https" + plain.url().substr(4)}).error().code, "tls_failed");
  EXPECT_EQ(client->fetch({.url = "https://no-such-host.invalid/"}).error().code, "host_unknown");
  EXPECT_EQ(client->fetch({.url = "ftp://127.0.0.1/"}).error().code, "url_invalid");
  EXPECT_EQ(client->fetch({.url = closed.url(), .headers = {{"X", "a\r\nY: b"}}}).error().code, "header_invalid");
}

TEST(HttpClient, AnAnswerThatDoesNotComeTimesOut) {
  http::testing::TestSite site;
  auto client = *Client::create(kLoopback);
  auto answer = client->fetch({.method = "GET",
                               .url = fmt::format("http://127.0.0.1:{}/later", site.port()),
                               .timeout = std::chrono::milliseconds{50}});
  EXPECT_EQ(answer.error().code, "timeout");
  site.waiting.take().send(http::Response::empty(200));
}

TEST(HttpClient, NoProxyOfTheEnvironmentIsUsed) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("all_proxy", "http://127.0.0.1:1", 1);
  http::testing::TestSite site;
  auto answer = (*Client::create(kLoopback))
                    ->fetch({.method = "GET", .url = fmt::format("http://127.0.0.1:{}/ping", site.port())});
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_TRUE(answer);
}

TEST(HttpClient, WhatIsUnderWayAtTheEndIsTold) {
  http::testing::TestSite site;
  http::testing::Box<std::string> codes;
  {
    auto client = *Client::create(kLoopback);
    client->send({.method = "GET", .url = fmt::format("http://127.0.0.1:{}/later", site.port())},
                 [&](Result<Response> result) { codes.put(result ? "answered" : result.error().code); });
    site.asked.take();
  }
  EXPECT_EQ(codes.take(), "interrupted");
  site.waiting.take().send(http::Response::empty(200));
}

TEST(HttpClient, ANetworkThatIsNoneIsNamed) {
  auto client = Client::create({.internal_networks = {"127.0.0.1", "intern"}});
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, "network_malformed");
  EXPECT_NE(client.error().detail.find("intern"), std::string::npos);
}

}  // namespace
}  // namespace handschlag::http_client
