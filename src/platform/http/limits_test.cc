// What clients do that is slow, too much, or not HTTP.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>
#include <thread>
#include <vector>

#include "platform/http/compression.h"
#include "platform/http/testing/client.h"
#include "platform/http/testing/site.h"

namespace handschlag::http {
namespace {

using namespace std::string_literals;
using testing::Answer;
using testing::Client;
using testing::TestSite;

ServerOptions quick() {
  ServerOptions options;
  options.header_timeout = std::chrono::seconds{1};
  options.body_timeout = std::chrono::seconds{1};
  options.idle_timeout = std::chrono::seconds{1};
  return options;
}

void expect_still_serving(TestSite& site) {
  EXPECT_EQ(Client(site.port()).request("GET", "/ping").status, 200);
}

TEST(Limits, AHeadThatIsTooLargeIsRefused) {
  TestSite site;
  Client fits(site.port());
  EXPECT_EQ(fits.request("GET", "/ping", "X-Fill: " + std::string(15'000, 'x') + "\r\n").status, 200);
  Client one(site.port());
  EXPECT_EQ(one.request("GET", "/ping", "X-Fill: " + std::string(17'000, 'x') + "\r\n").status, 431);
  EXPECT_TRUE(one.at_end());
  Client both(site.port());  // neither the line nor the fields alone are too large
  EXPECT_EQ(both.request("GET", "/" + std::string(9'000, 'x'), "X-Fill: " + std::string(9'000, 'x') + "\r\n").status,
            431);
  Client line(site.port());
  EXPECT_EQ(line.request("GET", "/" + std::string(20'000, 'x')).status, 431);
  Client endless(site.port());
  for (int i = 0; i < 10'000 && endless.write("X-Fill: 0123456789\r\n"); ++i) {
    if (i == 0) endless.write("GET /ping HTTP/1.1\r\n");
  }
  expect_still_serving(site);
}

TEST(Limits, ABodyOnTheWireThatIsTooLargeIsRefused) {
  ServerOptions options;
  options.max_body_bytes = 10'000;
  TestSite site(options);
  Client fits(site.port());
  EXPECT_EQ(fits.request("POST", "/echo", "", std::string(10'000, 'x')).status, 200);
  Client stated(site.port());
  Answer answer = stated.request("POST", "/echo", "", std::string(10'001, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.json()["code"], "body_too_large");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(stated.at_end());
  Client claimed(site.port());
  claimed.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n");
  EXPECT_EQ(claimed.read().status, 413);
  Client chunked(site.port());
  chunked.write("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 11; ++i) chunked.write("3e8\r\n" + std::string(1000, 'x') + "\r\n");
  EXPECT_EQ(chunked.read().status, 413);
  EXPECT_TRUE(chunked.at_end());
}

TEST(Limits, AChunkExtensionWithoutEndIsRefused) {
  TestSite site;
  Client client(site.port());
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;x=");
  std::string fill(10'000, 'y');
  for (int i = 0; i < 100 && client.write(fill); ++i) {
  }
  EXPECT_THAT(client.read().status, ::testing::AnyOf(400, 431, 0));
  expect_still_serving(site);
}

TEST(Limits, AnOperationMayTakeLessThanTheServer) {
  TestSite site;
  Client client(site.port());
  EXPECT_EQ(client.request("POST", "/small", "", std::string(1000, 'x')).status, 200);
  EXPECT_EQ(client.request("POST", "/small", "Content-Encoding: gzip\r\n", gzip(std::string(1000, 'x'))).status, 200);
  EXPECT_EQ(client.request("POST", "/small", "Content-Encoding: gzip\r\n", gzip(std::string(1001, 'x'))).status, 413);
  EXPECT_EQ(client.request("POST", "/small", "", std::string(1001, 'x')).status, 413);
}

TEST(Limits, ABombIsRefused) {
  TestSite site;
  std::string bomb = gzip(std::string(std::size_t{110} << 20, '\0'));
  Client client(site.port());
  EXPECT_EQ(client.request("POST", "/echo", "Content-Encoding: gzip\r\n", bomb).status, 413);
  EXPECT_EQ(client.request("GET", "/ping").status, 200) << "the connection goes on";
}

TEST(Limits, ASlowHeadIsGivenUp) {
  TestSite site(quick());
  Client client(site.port());
  client.write("GET /ping HTTP/1.1\r\nHo");
  Answer answer = client.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.json()["code"], "request_timeout");
  EXPECT_TRUE(client.at_end());
}

TEST(Limits, ASlowBodyIsGivenUpEvenWhereItTrickles) {
  TestSite site(quick());
  Client client(site.port());
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  std::jthread trickle([&client](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.write("x")) std::this_thread::sleep_for(std::chrono::milliseconds{50});
  });
  EXPECT_EQ(client.read().status, 408);
  trickle.request_stop();
  trickle.join();
  expect_still_serving(site);
}

TEST(Limits, IdleConnectionsAreClosedWithoutAnAnswer) {
  TestSite site(quick());
  Client silent(site.port());
  Client kept(site.port());
  EXPECT_EQ(kept.request("GET", "/ping").status, 200);
  EXPECT_TRUE(silent.at_end());
  EXPECT_TRUE(kept.at_end());
}

TEST(Limits, AClientThatDoesNotReadItsAnswerIsCutOff) {
  ServerOptions options;
  options.write_timeout = std::chrono::seconds{1};
  TestSite site(options);
  Client client(site.port());
  client.write("GET /large?size=50000000&type=image/gif HTTP/1.1\r\nHost: x\r\n\r\n");
  // First it is there, then, after a second without progress, it is not.
  for (const char* state : {"http_open_connections 1", "http_open_connections 0"}) {
    while (site.metrics().render().find(state) == std::string::npos) std::this_thread::yield();
  }
  EXPECT_LT(client.read().body.size(), 50'000'000U);
}

TEST(Limits, HalfARequestAndAHangUpHurtNobody) {
  TestSite site;
  for (std::string_view half :
       {"G", "GET /ping HTTP/1.1\r\n", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    Client closed(site.port());
    closed.write(half);
    closed.close();
    Client half_closed(site.port());
    half_closed.write(half);
    half_closed.shut_writing();
    EXPECT_TRUE(half_closed.at_end()) << half;
  }
  expect_still_serving(site);
}

TEST(Limits, AClientThatLeavesWhileItsRequestIsHandledHurtsNobody) {
  TestSite site;
  {
    Client client(site.port());
    client.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    site.asked.take();
  }
  site.waiting.take().send(Response::text(200, std::string(5'000'000, 'x')));
  expect_still_serving(site);
}

TEST(Limits, AClientMayCloseItsSendingSideAndStillReadItsAnswer) {
  TestSite site;
  Client client(site.port());
  client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  client.shut_writing();
  EXPECT_EQ(client.read().body, "hi");
  EXPECT_TRUE(client.at_end());
}

TEST(Limits, OneConnectionTooManyIsToldSo) {
  ServerOptions options;
  options.max_connections = 3;
  options.patience = std::chrono::hours{1};
  TestSite site(options);
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(clients.emplace_back(site.port()).request("GET", "/ping").status, 200);
  Client refused(site.port());
  Answer answer = refused.request("GET", "/ping");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_TRUE(refused.at_end());
  clients.pop_back();
  refused.close();
  while (site.metrics().render().find("http_open_connections 2") == std::string::npos) std::this_thread::yield();
  expect_still_serving(site);
}

TEST(Limits, AClientThatIsQuickFindsRoomWhereOthersAreSlow) {
  ServerOptions options;
  options.max_connections = 8;
  options.patience = std::chrono::milliseconds{0};
  TestSite site(options);
  std::vector<Client> slow;
  for (int i = 0; i < 50; ++i) slow.emplace_back(site.port()).write("GET /ping HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Client(site.port()).request("GET", "/ping").status, 200);
}

TEST(Limits, LargeBodiesThatNeverEndLeaveRoomForSmallOnes) {
  ServerOptions options;
  options.max_body_memory = 512 * 1024;
  TestSite site(options);
  std::vector<Client> slow;
  const std::string part(100 * 1024, 'x');
  for (int i = 0; i < 8; ++i) {
    slow.emplace_back(site.port()).write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + part);
  }
  while (site.metrics().render().find(R"(http_requests_total{operation="echo",status="5xx"} 0)") != std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_EQ(Client(site.port()).request("POST", "/echo", "", "small").status, 200);
}

TEST(Limits, LargeAnswersThatNobodyTakesMakeWayForOthers) {
  ServerOptions options;
  options.max_body_memory = 16 * 1024 * 1024;
  options.patience = std::chrono::milliseconds{0};
  TestSite site(options);
  constexpr std::size_t kSize = std::size_t{8} * 1024 * 1024;  // more than the system's buffers take off the server
  std::vector<Client> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(site.port()).write(fmt::format("GET /large?size={} HTTP/1.1\r\nHost: x\r\n\r\n", kSize));
    char first = 0;
    ASSERT_EQ(::recv(slow.back().socket(), &first, 1, MSG_PEEK), 1);  // it is being answered
  }
  EXPECT_EQ(Client(site.port()).request("GET", fmt::format("/large?size={}", kSize)).body.size(), kSize);
  int cut = 0;
  for (Client& client : slow) cut += client.read().body.size() < kSize ? 1 : 0;
  EXPECT_GE(cut, 15);
}

TEST(Limits, FarMoreConnectionsThanAllowedWaitUntilThereIsRoom) {
  ServerOptions options = quick();
  options.max_connections = 2;
  TestSite site(options);
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(site.port());
  for (Client& client : clients) EXPECT_TRUE(client.at_end());  // timed out, one lot after the other
  while (site.metrics().render().find("http_open_connections 0") == std::string::npos) std::this_thread::yield();
  expect_still_serving(site);
}

TEST(Limits, TooManyWaitingRequestsAreToldToComeAgain) {
  ServerOptions options;
  options.io_threads = 1;  // what it has read it hands on, before it reads from anybody else
  options.worker_threads = 1;
  options.max_waiting_requests = 1;
  TestSite site(options);
  Client running(site.port());
  running.write("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
  site.began.take();
  // The first one waits, and the second is told at once.
  Client first(site.port());
  Client second(site.port());
  first.write("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  while (site.metrics().render().find("http_received_bytes_total 82") == std::string::npos) std::this_thread::yield();
  Answer answer = second.request("GET", "/ping");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.json()["code"], "busy");
  site.go_on.put(true);
  EXPECT_EQ(running.read().body, "a");
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second.request("GET", "/ping").status, 200) << "the connection goes on";
}

TEST(Limits, WhatIsNotAdmittedIsRefusedThoughAllWorkersWait) {
  ServerOptions options;
  options.worker_threads = 1;
  TestSite site(options);
  Client running(site.port());
  running.write("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na");
  site.began.take();
  site.is_full = true;
  Client client(site.port());
  Answer answer = client.request("POST", "/echo", "", "b");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json()["code"], "full");
  site.is_full = false;
  site.go_on.put(true);
  EXPECT_EQ(running.read().body, "a");
  EXPECT_EQ(client.request("POST", "/echo", "", "b").body, "b") << "the connection goes on";
}

TEST(Limits, TwoThousandIdleConnectionsDoNotBlockARequest) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_cur < 4200) GTEST_SKIP() << "needs 4,200 file descriptors";
  ServerOptions options;
  options.header_timeout = std::chrono::seconds{600};
  TestSite site(options);
  std::vector<Client> idle;
  for (int i = 0; i < 2000; ++i) idle.emplace_back(site.port());
  expect_still_serving(site);
  EXPECT_EQ(idle.back().request("GET", "/ping").status, 200);
}

TEST(Limits, RunningOutOfFileDescriptorsPausesAndGoesOn) {
  TestSite site;
  expect_still_serving(site);
  Client client;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(client.socket()) + 1;  // this one is there; accept() gets no more
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  client.connect(site.port());
  client.write("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(client.read().status, 200);
}

struct Malformed {
  std::string bytes;
  int status;
};

TEST(Malformed, BytesAreAnsweredAndTheConnectionClosed) {
  TestSite site;
  const std::vector<Malformed> cases = {
      {"\r\n\r\n\r\n", 400},
      {"hello\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /ping\r\n\r\n", 400},
      {"GET  /ping HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /ping HTTP/1.1 \r\nHost: x\r\n\r\n", 505},
      {"GET /ping HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET /ping HTTQ/1.1\r\nHost: x\r\n\r\n", 505},
      {"GET /pi\tng HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\n: x\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"s, 400},
      {"GET /ping HTTP/1.1\r\n\r\n", 400},
      {"GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
      {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
  };
  for (const Malformed& test : cases) {
    Client client(site.port());
    client.write(test.bytes);
    Answer answer = client.read();
    EXPECT_EQ(answer.status, test.status) << test.bytes;
    EXPECT_EQ(answer.header("Connection"), "close") << test.bytes;
    client.shut_writing();
    EXPECT_TRUE(client.at_end()) << test.bytes;
  }
  expect_still_serving(site);
}

TEST(Malformed, RandomBytesAndMutatedRequestsHurtNobody) {
  TestSite site;
  std::mt19937 random(20261121);
  const std::string good =
      "POST /echo?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    for (unsigned changes = random() % 4 + 1; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    }
    if (round % 10 == 0) std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random() % 256); });
    Client client(site.port());
    client.write(bytes);
    client.shut_writing();
    Answer answer = client.read();
    EXPECT_TRUE(answer.status == 0 || (answer.status >= 200 && answer.status <= 505)) << bytes;
  }
  expect_still_serving(site);
}

}  // namespace
}  // namespace handschlag::http
