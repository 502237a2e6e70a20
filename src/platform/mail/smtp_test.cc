#include "platform/mail/smtp.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <stdexcept>
#include <thread>

namespace handschlag::mail {
namespace {

// A mail server on a free port of this machine that answers each command as told, over one connection after another.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::map<std::string, std::string> answers)
      : answers_(std::move(answers)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 4) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port");
    }
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      for (int peer = 0; (peer = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(peer)) talk(peer);
    });
  }
  ~ScriptedServer() { stop(); }
  // What was said to it may be read after this.
  void stop() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  Server settings(Security security = Security::none) const {
    return {.host = "127.0.0.1",
            .port = port,
            .security = security,
            .internal_networks = {"127.0.0.0/8"},
            .timeout = std::chrono::minutes{1}};
  }

  std::uint16_t port = 0;
  std::string heard;
  int connections = 0;

 private:
  std::string answer(const std::string& verb) const {
    static const std::map<std::string, std::string> kUsual = {
        {"", "220 ready"},       {"EHLO", "250-here\r\n250 SIZE 2000000"},
        {"HELO", "250 here"},    {"MAIL", "250 2.1.0 fine"},
        {"RCPT", "250 2.1.5 x"}, {"DATA", "354 go on"},
        {".", "250 2.0.0 kept"}, {"QUIT", "221 bye"}};
    auto told = answers_.find(verb);
    if (told != answers_.end()) return told->second;
    auto usual = kUsual.find(verb);
    return usual == kUsual.end() ? "502 5.5.1 what" : usual->second;
  }

  void talk(int peer) {
    ++connections;
    bool in_data = false;
    auto say = [&](const std::string& verb) {
      const std::string text = answer(verb) + "\r\n";
      in_data = verb == "DATA" && text.starts_with("354");
      return text != "hang up\r\n" && ::send(peer, text.data(), text.size(), MSG_NOSIGNAL) > 0;
    };
    if (!say("")) return;
    std::string pending;
    std::array<char, 4096> buffer{};
    for (long count = 0; (count = ::recv(peer, buffer.data(), buffer.size(), 0)) > 0;) {
      pending.append(buffer.data(), static_cast<std::size_t>(count));
      for (std::size_t end = 0; (end = pending.find("\r\n")) != std::string::npos;) {
        const std::string line = pending.substr(0, end);
        pending.erase(0, end + 2);
        heard += line + "\n";
        if (in_data && line != ".") continue;
        if (!say(in_data ? "." : line.substr(0, 4))) return;
      }
    }
  }

  const std::map<std::string, std::string> answers_;
  int listener_;
  std::thread thread_;
};

constexpr std::string_view kBytes = "Subject: x\r\n\r\n.dot\r\nend\r\n";

Answer send_to(ScriptedServer& server) {
  auto mailer = *Mailer::create(server.settings());
  return mailer->send("shop@example.com", "anna@example.org", kBytes);
}

Answer answer_where(std::map<std::string, std::string> answers) {
  ScriptedServer server(std::move(answers));
  return send_to(server);
}

TEST(Smtp, AMessageIsHandedOver) {
  ScriptedServer server({});
  Answer answer = send_to(server);
  EXPECT_EQ(answer.outcome, Outcome::accepted);
  EXPECT_EQ(answer.code, 250);
  server.stop();
  EXPECT_NE(server.heard.find("EHLO example.com\n"), std::string::npos) << server.heard;
  EXPECT_NE(server.heard.find("MAIL FROM:<shop@example.com>"), std::string::npos);
  EXPECT_NE(server.heard.find("RCPT TO:<anna@example.org>\n"), std::string::npos);
  EXPECT_NE(server.heard.find("Subject: x\n\n..dot\nend\n.\n"), std::string::npos) << server.heard;
}

TEST(Smtp, TheConnectionIsUsedAgain) {
  ScriptedServer server({});
  {
    auto mailer = *Mailer::create(server.settings());
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(mailer->send("shop@example.com", "anna@example.org", kBytes).outcome, Outcome::accepted);
    }
  }
  server.stop();
  EXPECT_EQ(server.connections, 1);
}

TEST(Smtp, RefusalsAreToldApart) {
  struct Case {
    std::string verb;
    std::string says;
    Outcome outcome;
    int code;
    std::string status;
  };
  for (const Case& one : {
           Case{"RCPT", "550 5.1.1 <anna@example.org> unknown", Outcome::permanent, 550, "5.1.1"},
           Case{"RCPT", "450 4.2.1 greylisted", Outcome::temporary, 450, "4.2.1"},
           Case{"RCPT", "452 too many", Outcome::temporary, 452, ""},
           Case{"MAIL", "553 5.7.1 not yours", Outcome::permanent, 553, "5.7.1"},
           Case{"MAIL", "530 5.7.0 log in first", Outcome::temporary, 530, "5.7.0"},
           Case{".", "554 5.6.0 no", Outcome::permanent, 554, "5.6.0"},
           Case{".", "451 4.3.0 later", Outcome::temporary, 451, "4.3.0"},
           Case{"", "554 5.3.2 closed today", Outcome::temporary, 554, "5.3.2"},
           Case{"", "421 4.3.2 busy", Outcome::temporary, 421, "4.3.2"},
       }) {
    Answer answer = answer_where({{one.verb, one.says}});
    EXPECT_EQ(answer.outcome, one.outcome) << one.verb << " " << one.says << " " << answer.reason;
    EXPECT_EQ(answer.code, one.code) << one.says;
    EXPECT_EQ(answer.status, one.status) << one.says;
  }
}

TEST(Smtp, AConnectionThatEndsIsTemporary) {
  for (const char* verb : {"", "EHLO", "MAIL", "RCPT", "DATA", "."}) {
    EXPECT_EQ(answer_where({{verb, "hang up"}}).outcome, Outcome::temporary) << verb;
  }
  std::uint16_t port = 0;
  {
    port = ScriptedServer({}).port;
  }
  auto mailer = *Mailer::create(
      {.host = "127.0.0.1", .port = port, .security = Security::none, .internal_networks = {"127.0.0.1"}});
  EXPECT_EQ(mailer->send("shop@example.com", "anna@example.org", kBytes).reason, "connection_failed");
}

TEST(Smtp, WithoutTlsNothingIsSaidToStrangers) {
  ScriptedServer server({});
  Server settings = server.settings();
  settings.internal_networks = {"192.0.2.0/24"};
  EXPECT_EQ((*Mailer::create(settings))->send("a@example.com", "b@example.com", kBytes).reason, "address_refused");
  settings.internal_networks = {};
  EXPECT_EQ(Mailer::create(settings).error().code, "mail_settings_invalid");
  server.stop();
  EXPECT_EQ(server.connections, 0);
}

TEST(Smtp, AServerWithoutTlsGetsNoMessage) {
  ScriptedServer server({});
  Server settings = server.settings(Security::starttls);
  settings.user = "shop";
  settings.password = "secret";
  Answer answer = (*Mailer::create(settings))->send("a@example.com", "b@example.org", kBytes);
  EXPECT_EQ(answer.outcome, Outcome::temporary);
  EXPECT_EQ(answer.reason, "tls_failed");
  server.stop();
  EXPECT_EQ(server.heard.find("MAIL"), std::string::npos);
  EXPECT_EQ(server.heard.find("AUTH"), std::string::npos);
}

TEST(Smtp, ARefusedLoginIsNotTheRecipientsFault) {
  ScriptedServer server({{"EHLO", "250-here\r\n250 AUTH PLAIN"}, {"AUTH", "535 5.7.8 no"}});
  Server settings = server.settings();
  settings.user = "shop";
  settings.password = "wrong";
  Answer answer = (*Mailer::create(settings))->send("a@example.com", "b@example.org", kBytes);
  EXPECT_EQ(answer.outcome, Outcome::temporary);
  EXPECT_EQ(answer.reason, "login_refused");
}

TEST(Smtp, AfterAnInterruptNothingIsSent) {
  ScriptedServer server({});
  auto mailer = *Mailer::create(server.settings());
  mailer->interrupt();
  EXPECT_EQ(mailer->send("a@example.com", "b@example.org", kBytes).reason, "interrupted");
  EXPECT_EQ((*Mailer::create(server.settings()))->send("a@example.com", "b\r\n@c.example", kBytes).reason,
            "address_refused");
}

TEST(Smtp, SettingsThatCannotWorkAreRefused) {
  EXPECT_EQ(Mailer::create({.host = ""}).error().code, "mail_settings_invalid");
  EXPECT_EQ(Mailer::create({.host = "mail.example/x"}).error().code, "mail_settings_invalid");
  EXPECT_EQ(Mailer::create({.host = "mail.example", .port = 0}).error().code, "mail_settings_invalid");
  EXPECT_EQ(Mailer::create({.host = "mail.example", .internal_networks = {"intern"}}).error().code,
            "mail_settings_invalid");
}

}  // namespace
}  // namespace handschlag::mail
