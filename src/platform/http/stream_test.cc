// Server-sent events, the graceful stop, and TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <thread>

#include "platform/http/testing/client.h"
#include "platform/http/testing/site.h"

namespace handschlag::http {
namespace {

using testing::Answer;
using testing::Client;
using testing::TestSite;

void await_closed(const EventSink& sink) {
  while (!sink.closed()) std::this_thread::yield();
}

TEST(Events, ReachTheClientAsTheyAreSent) {
  TestSite site;
  Client client(site.port());
  client.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  Answer head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("Cache-Control"), "no-store");
  EXPECT_EQ(head.header("Content-Length"), "");
  auto sink = site.sinks.take();
  EXPECT_TRUE(sink->send("score", "9", "1"));
  EXPECT_TRUE(client.read_until("event: score\nid: 1\ndata: 9\n\n"));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(sink->send("", std::to_string(i)));
  EXPECT_TRUE(client.read_until("data: 999\n\n"));
}

TEST(Events, AQuietStreamHasAHeartbeat) {
  ServerOptions options;
  options.heartbeat = std::chrono::seconds{1};
  TestSite site(options);
  Client client(site.port());
  client.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_TRUE(client.read_until(":\n\n"));
  EXPECT_TRUE(client.read_until(":\n\n"));
}

TEST(Events, TheSinkKnowsWhenTheClientIsGone) {
  TestSite site;
  Client client(site.port());
  client.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  auto sink = site.sinks.take();
  EXPECT_FALSE(sink->closed());
  client.close();
  await_closed(*sink);
  EXPECT_FALSE(sink->send("", "x"));
}

TEST(Events, AClientThatReadsTooSlowlyIsCutOff) {
  TestSite site;
  Client client(site.port());
  client.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  auto sink = site.sinks.take();
  std::string event(100'000, 'x');
  int sent = 0;
  while (sink->send("", event)) ++sent;
  EXPECT_GE(sent, 9);
  EXPECT_LT(sent, 1000);
  EXPECT_TRUE(sink->closed());
  while (client.read_until("\n\n")) {
  }
}

TEST(Events, HeadAsksOnlyWhetherThereIsAStream) {
  TestSite site;
  Client client(site.port());
  EXPECT_EQ(client.request("HEAD", "/events").header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(client.at_end());
}

TEST(Stop, FinishesTheRequestsThatWereAccepted) {
  TestSite site;
  Client slow(site.port());
  Client idle(site.port());
  Client watching(site.port());
  Client sending(site.port());
  EXPECT_EQ(idle.request("GET", "/ping").status, 200);
  slow.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Responder responder = site.waiting.take();
  watching.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  auto sink = site.sinks.take();
  sending.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(sending.read().status, 100);

  auto stopped = std::async(std::launch::async, [&] { site.server().stop(); });
  await_closed(*sink);
  EXPECT_TRUE(idle.at_end());
  EXPECT_EQ(stopped.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  EXPECT_THROW(Client(site.port()), std::runtime_error) << "no new connections";
  sending.write("hello");
  EXPECT_EQ(sending.read().body, "hello");
  EXPECT_TRUE(sending.at_end());
  responder.send(Response::text(200, "done"));
  EXPECT_EQ(slow.read().body, "done");
  EXPECT_TRUE(slow.at_end());
  slow.close();
  sending.close();
  stopped.get();
  site.server().stop();  // again: nothing to do
}

TEST(Stop, CutsWhatDoesNotFinishInTime) {
  ServerOptions options;
  options.stop_timeout = std::chrono::seconds{1};
  TestSite site(options);
  Client client(site.port());
  client.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Responder responder = site.waiting.take();
  site.server().stop();
  EXPECT_TRUE(client.at_end());
  responder.send(Response::empty(200));  // too late, and harmless
}

TEST(Stop, AnswersAndEventsMayOutliveTheServer) {
  ServerOptions options;
  options.stop_timeout = std::chrono::seconds{0};
  TestSite site(options);
  Client client(site.port());
  client.write("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  Client watching(site.port());
  watching.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  Responder responder = site.waiting.take();
  Responder dropped = Responder(nullptr);
  auto sink = site.sinks.take();
  site.destroy_server();
  responder.send(Response::text(200, "late"));
  EXPECT_FALSE(sink->send("", "late"));
  EXPECT_TRUE(sink->closed());
}

TEST(Stop, ManyClientsAtOnceSeeNoBrokenAnswer) {
  auto site = std::make_unique<TestSite>();
  std::atomic<int> answered{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&answered, port = site->port()] {
      Client client(port);
      while (client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")) {
        Answer answer = client.read();
        if (answer.status == 0) return;  // closed between two requests
        EXPECT_EQ(answer.body, "hello");
        ++answered;
        if (answer.header("Connection") == "close") return;
      }
    });
  }
  while (answered < 200) std::this_thread::yield();
  site->server().stop();
}

// --- TLS ---

// A key and a certificate for "localhost", signed by itself, in a folder of its own.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "handschlag-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    write(key_file(), [&](std::FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    write(certificate_file(), [&](std::FILE* file) { PEM_write_X509(file, certificate); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string key_file() const { return folder_ + "/key.pem"; }
  std::string certificate_file() const { return folder_ + "/certificate.pem"; }
  ServerOptions options() const {
    ServerOptions options;
    options.tls_certificate_file = certificate_file();
    options.tls_key_file = key_file();
    return options;
  }

 private:
  template <class Write>
  static void write(const std::string& path, Write write) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    write(file);
    std::fclose(file);
  }

  std::string folder_;
};

class TlsClient : public Client {
 public:
  explicit TlsClient(std::uint16_t port, int max_version = TLS1_3_VERSION)
      : Client(port), context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    SSL_set_max_proto_version(ssl_, max_version);
    SSL_set_min_proto_version(ssl_, TLS1_VERSION);
    SSL_set_security_level(ssl_, 0);  // would refuse old versions by itself
    SSL_set_fd(ssl_, socket());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() override {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool connected() const { return connected_; }
  // Whether the last read ended with the server's close_notify.
  bool closed_properly() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }

 protected:
  long send_some(std::string_view bytes) override {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  }
  long receive_some(char* out, std::size_t size) override { return SSL_read(ssl_, out, static_cast<int>(size)); }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
};

TEST(Tls, ServesRequestsOverTls12And13) {
  Certificate certificate;
  TestSite site(certificate.options());
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(site.port(), version);
    ASSERT_TRUE(client.connected());
    for (std::size_t size : {15'000U, 16'000U, 17'000U, 70'000U, 1'000'000U}) {
      std::string body(size, 'x');
      EXPECT_TRUE(client.request("POST", "/echo", "", body).body == body) << size;
    }
    EXPECT_EQ(client.request("GET", "/ping", "Connection: close\r\n").status, 200);
    EXPECT_TRUE(client.at_end());
    EXPECT_TRUE(client.closed_properly());
  }
}

TEST(Tls, OlderVersionsAndPlainHttpAreRefused) {
  Certificate certificate;
  TestSite site(certificate.options());
  EXPECT_FALSE(TlsClient(site.port(), TLS1_1_VERSION).connected());
  Client plain(site.port());
  EXPECT_EQ(plain.request("GET", "/ping").status, 0);
  EXPECT_EQ(TlsClient(site.port()).request("GET", "/ping").status, 200);
}

TEST(Tls, LimitsTimeoutsAndEventsWorkAsWithoutIt) {
  Certificate certificate;
  ServerOptions options = certificate.options();
  options.header_timeout = std::chrono::seconds{1};
  options.body_timeout = std::chrono::seconds{1};
  TestSite site(options);
  Client silent(site.port());
  TlsClient slow(site.port());
  slow.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(slow.read().status, 408);
  EXPECT_TRUE(silent.at_end()) << "the handshake has a time limit too";
  TlsClient large(site.port());
  large.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_EQ(large.read().status, 413);
  TlsClient watching(site.port());
  watching.write("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  auto sink = site.sinks.take();
  sink->send("", "hello");
  EXPECT_TRUE(watching.read_until("data: hello\n\n"));
  watching.close();
  await_closed(*sink);
}

}  // namespace
}  // namespace handschlag::http
