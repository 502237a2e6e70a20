#include "platform/mail/smtp.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <mutex>

#include "platform/http_client/address.h"

namespace handschlag::mail {
namespace {

using http_client::Address;
using http_client::Network;

constexpr long kConnectTimeoutMillis = 15'000;

std::unexpected<Error> bad(std::string detail) {
  return fail(ErrorKind::invalid, "mail_settings_invalid", std::move(detail));
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '.' || c == '-' || c == ':' || c == '[' ||
           c == ']';
  });
}

// One message under way.
struct Transfer {
  std::string_view rest;
  bool body_began = false;
  bool refused = false;
  int code = 0;
  std::string status;
};

bool is_status(std::string_view text) {
  return text.size() >= 5 && text.size() <= 9 && (text[0] == '2' || text[0] == '4' || text[0] == '5') &&
         text[1] == '.' &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// A line of the server's answers: "250-...", "550 5.1.1 ...". Of it only the numbers are kept.
std::size_t on_line(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string_view line(bytes, count);
  if (line.size() < 4 || !std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; })) {
    return count;
  }
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (code == 221) return count;  // its farewell says nothing of the message
  transfer.code = code;
  const std::string_view said = line.substr(4, std::min(line.find_first_of(" \r\n", 4), line.size()) - 4);
  transfer.status = is_status(said) ? std::string(said) : "";
  return count;
}

std::size_t on_read(char* buffer, std::size_t, std::size_t room, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.body_began = true;
  const std::size_t count = std::min(room, transfer.rest.size());
  std::copy_n(transfer.rest.begin(), count, buffer);
  transfer.rest.remove_prefix(count);
  return count;
}

std::size_t ignore(char*, std::size_t, std::size_t count, void*) {
  return count;
}

class CurlMailer final : public Mailer {
 public:
  CurlMailer(Server server, std::vector<Network> internal)
      : server_(std::move(server)), internal_(std::move(internal)), easy_(curl_easy_init()) {}
  ~CurlMailer() override { curl_easy_cleanup(easy_); }
  CurlMailer(const CurlMailer&) = delete;
  CurlMailer& operator=(const CurlMailer&) = delete;

  void interrupt() override { interrupted_ = true; }

  Answer send(std::string_view from, std::string_view to, std::string_view bytes) override {
    if (!is_address(from) || !is_address(to)) return {Outcome::permanent, 0, {}, "address_refused"};
    std::lock_guard lock(mutex_);
    if (interrupted_) return {Outcome::temporary, 0, {}, "interrupted"};
    Transfer transfer;
    transfer.rest = bytes;
    transfer_ = &transfer;
    curl_easy_reset(easy_);  // the connection stays
    set_up(from, bytes.size());
    curl_slist* recipients = curl_slist_append(nullptr, std::string(to).c_str());
    curl_easy_setopt(easy_, CURLOPT_MAIL_RCPT, recipients);
    const CURLcode code = curl_easy_perform(easy_);
    curl_slist_free_all(recipients);
    return answer_of(code, transfer);
  }

 private:
  void set_up(std::string_view from, std::size_t size) {
    // The name behind the slash is how we greet: the sender's domain, and not this machine's name.
    const std::string_view domain = from.substr(from.find('@') + 1);
    const std::string url = fmt::format("{}://{}:{}/{}", server_.security == Security::tls ? "smtps" : "smtp",
                                        server_.host, server_.port, domain);
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    const bool clear = server_.security == Security::none;
    curl_easy_setopt(easy_, CURLOPT_USE_SSL, static_cast<long>(clear ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!server_.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, server_.ca_file.c_str());
    if (!server_.user.empty()) {
      curl_easy_setopt(easy_, CURLOPT_USERNAME, server_.user.c_str());
      curl_easy_setopt(easy_, CURLOPT_PASSWORD, server_.password.c_str());
    }
    curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.timeout.count()));
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMillis);
    curl_easy_setopt(easy_, CURLOPT_MAIL_FROM, std::string(from).c_str());
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy_, CURLOPT_READDATA, transfer_);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, transfer_);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
  }

  static int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<CurlMailer*>(context)->interrupted_ ? 1 : 0;
  }

  static curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* wanted) {
    auto& self = *static_cast<CurlMailer*>(context);
    if (self.server_.security == Security::none) {
      const auto address = Address::of(&wanted->addr);
      const bool inside = address && std::any_of(self.internal_.begin(), self.internal_.end(),
                                                 [&](const Network& network) { return network.contains(*address); });
      if (!inside) {
        self.transfer_->refused = true;
        return CURL_SOCKET_BAD;
      }
    }
    return ::socket(wanted->family, wanted->socktype | SOCK_CLOEXEC, wanted->protocol);
  }

  Answer answer_of(CURLcode code, const Transfer& transfer) const {
    auto later = [&](std::string_view reason) {
      return Answer{Outcome::temporary, transfer.code, transfer.status, reason};
    };
    if (code == CURLE_OK) return {Outcome::accepted, transfer.code, transfer.status, "accepted"};
    if (interrupted_) return {Outcome::temporary, 0, {}, "interrupted"};
    if (transfer.refused) return {Outcome::temporary, 0, {}, "address_refused"};
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return later("host_unknown");
      case CURLE_COULDNT_CONNECT:
        return later("connection_failed");
      case CURLE_OPERATION_TIMEDOUT:
        return later("timeout");
      case CURLE_USE_SSL_FAILED:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
      case CURLE_SSL_CACERT_BADFILE:
        return later("tls_failed");
      case CURLE_LOGIN_DENIED:
        return later("login_refused");  // ours to mend, whatever the code
      case CURLE_SEND_ERROR:            // MAIL, RCPT or DATA was refused, or the connection broke
        break;
      default:
        if (!transfer.body_began) return later("connection_closed");  // greeting or EHLO was refused
    }
    // 530: it wants a login first, 421: it goes away.
    if (transfer.code >= 500 && transfer.code != 530) {
      return {Outcome::permanent, transfer.code, transfer.status, "refused"};
    }
    return later(transfer.code >= 400 ? "refused" : "connection_closed");
  }

  const Server server_;
  const std::vector<Network> internal_;
  CURL* easy_;
  std::mutex mutex_;
  Transfer* transfer_ = nullptr;  // under the mutex
  std::atomic<bool> interrupted_{false};
};

}  // namespace

Result<std::unique_ptr<Mailer>> Mailer::create(const Server& server) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) return fail(ErrorKind::internal, "curl_unusable", "libcurl can't be set up.");
  if (!is_host(server.host)) return bad("mail.host must be the name or address of a mail server.");
  if (server.port == 0) return bad("mail.port must be from 1 to 65535.");
  std::vector<Network> internal;
  for (const std::string& text : server.internal_networks) {
    auto network = Network::parse(text);
    if (!network) return bad(fmt::format("'{}' is neither an address nor a network, as in 10.1.0.0/16.", text));
    internal.push_back(*network);
  }
  if (server.security == Security::none && internal.empty()) {
    return bad("Without TLS mail goes to networks in outbound.internal_networks only, and there is none.");
  }
  return std::make_unique<CurlMailer>(server, std::move(internal));
}

}  // namespace handschlag::mail
