#include "platform/http_client/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "platform/http_client/address.h"

namespace handschlag::http_client {
namespace {

constexpr long kConnectTimeoutMillis = 5'000;
constexpr long kConnectionsPerHost = 16;
constexpr long kConnections = 128;
constexpr int kPollMillis = 60'000;  // send() wakes the thread before
constexpr std::size_t kMaxHeaderBytes = 32 * 1024;
constexpr std::size_t kMaxUrlBytes = 2'048;

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::unexpected<Error> bad_url(std::string_view reason) {
  return fail(ErrorKind::invalid, "url_invalid", fmt::format("The URL {}.", reason));
}

std::unexpected<Error> refused_address() {
  return fail(ErrorKind::forbidden, "address_refused",
              "The URL leads into a network that is not open to requests from here; an operator may name it in "
              "outbound.internal_networks.");
}

// A URL taken apart by the same code that will connect to it, so that both read it alike.
class Url {
 public:
  explicit Url(const std::string& text) : url_(curl_url(), &curl_url_cleanup) {
    good_ = text.size() <= kMaxUrlBytes &&
            curl_url_set(url_.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
  }
  bool good() const { return good_; }
  std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (curl_url_get(url_.get(), which, &text, flags) != CURLUE_OK) return "";
    std::string out = text;
    curl_free(text);
    return out;
  }

 private:
  std::unique_ptr<CURLU, void (*)(CURLU*)> url_;
  bool good_ = false;
};

// A policy whose networks are parsed.
struct Rules {
  std::vector<Network> internal;
  std::vector<std::uint16_t> ports;

  static Result<Rules> create(const Policy& policy) {
    Rules out{{}, policy.ports};
    for (const std::string& text : policy.internal_networks) {
      auto network = Network::parse(text);
      if (!network) {
        return fail(ErrorKind::invalid, "network_malformed",
                    fmt::format("'{}' is neither an address nor a network, as in 10.1.0.0/16.", text));
      }
      out.internal.push_back(*network);
    }
    return out;
  }

  bool is_internal(const Address& address) const {
    return std::any_of(internal.begin(), internal.end(),
                       [&](const Network& network) { return network.contains(address); });
  }
  bool has_port(std::uint16_t port) const { return std::find(ports.begin(), ports.end(), port) != ports.end(); }

  bool allows(const Address& address, std::uint16_t port, bool tls) const {
    return is_internal(address) || (tls && has_port(port) && is_public(address));
  }
};

Result<void> check(const std::string& text, const Rules& rules) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  const Url url(printable ? text : "");
  if (!url.good()) return bad_url("must be an absolute one of at most 2,048 bytes, as in https://shop.example/hook");
  const std::string scheme = url.part(CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return bad_url("must begin with https://");
  if (scheme == "http" && rules.internal.empty())
    return bad_url(
        "must begin with https://: http is not encrypted, and only for networks in outbound.internal_networks");
  if (!url.part(CURLUPART_USER).empty() || !url.part(CURLUPART_PASSWORD).empty()) {
    return bad_url("must not hold a user name or password");
  }
  const std::string host = url.part(CURLUPART_HOST);
  if (host.empty()) return bad_url("must name a host");
  const auto port = static_cast<std::uint16_t>(std::stoul(url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT)));
  const auto address = Address::parse(host);
  if (address && !rules.is_internal(*address) && !is_public(*address)) return refused_address();
  const bool may_be_internal = !rules.internal.empty() && (!address || rules.is_internal(*address));
  if (!rules.has_port(port) && !may_be_internal) {
    return bad_url(fmt::format("has port {}, which is not among outbound.ports", port));
  }
  return {};
}

// One request under way.
struct Transfer {
  Transfer(Request wanted, Client::Done callback, const Rules& policy)
      : request(std::move(wanted)), done(std::move(callback)), rules(policy), easy(curl_easy_init()) {}
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Request request;
  Client::Done done;
  const Rules& rules;
  CURL* easy;
  curl_slist* lines = nullptr;
  Response response;
  std::size_t header_bytes = 0;
  bool tls = true;
  bool refused = false;    // an address was not allowed
  bool too_large = false;  // the answer
};

std::uint16_t port_of(const sockaddr* address) {
  // The port stands at the same place for both families, in network order.
  const auto* bytes = reinterpret_cast<const unsigned char*>(address->sa_data);
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

// libcurl asks here for the socket to exactly this address, after the look-up and right before it connects.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* wanted) {
  auto& transfer = *static_cast<Transfer*>(context);
  const auto address = Address::of(&wanted->addr);
  if (!address || !transfer.rules.allows(*address, port_of(&wanted->addr), transfer.tls)) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(wanted->family, wanted->socktype | SOCK_CLOEXEC, wanted->protocol);
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (transfer.response.body.size() + count > transfer.request.max_answer_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(bytes, count);
  return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.header_bytes += count;
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_large = true;
    return 0;
  }
  std::string_view line(bytes, count);
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // what came before was of a 1xx answer
  while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  transfer.response.headers.emplace_back(line.substr(0, colon), value);
  return count;
}

Error failure_of(CURLcode code, const Transfer& transfer) {
  auto unavailable = [](std::string_view name, std::string_view detail) {
    return Error{ErrorKind::unavailable, std::string(name), std::string(detail)};
  };
  if (transfer.too_large) return unavailable("answer_too_large", "The answer is too large.");
  if (transfer.refused && code == CURLE_COULDNT_CONNECT) return refused_address().error();
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return bad_url("can't be read").error();
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("host_unknown", "The host's name leads to no address.");
    case CURLE_OPERATION_TIMEDOUT:
      return unavailable("timeout", "The answer did not come in time.");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("tls_failed", "No trusted TLS connection could be made; look at the host's certificate.");
    case CURLE_COULDNT_CONNECT:
      return unavailable("connection_failed", "The host takes no connection.");
    default:
      return unavailable("connection_closed", "The connection ended before the answer did.");
  }
}

bool has_line_break(const Headers& headers) {
  auto broken = [](std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; };
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return broken(header.first) || broken(header.second); });
}

void set_up(Transfer& transfer, const Policy& policy) {
  CURL* easy = transfer.easy;
  const Request& request = transfer.request;
  transfer.tls = Url(request.url).part(CURLUPART_SCHEME) == "https";
  for (const auto& [name, value] : request.headers) {
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.lines = curl_slist_append(transfer.lines, line.c_str());
  }
  transfer.lines = curl_slist_append(transfer.lines, "Expect:");  // no round trip before the body
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.lines);
  if (request.method == "GET") {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // also where the environment names one
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMillis);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!policy.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, policy.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
}

class CurlClient final : public Client {
 public:
  CurlClient(Policy policy, Rules rules)
      : policy_(std::move(policy)), rules_(std::move(rules)), multi_(curl_multi_init()), thread_([this] { run(); }) {}

  ~CurlClient() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    curl_multi_cleanup(multi_);
  }

  const Policy& policy() const override { return policy_; }

  void send(Request request, Done done) override {
    if (auto good = check(request.url, rules_); !good) return done(std::unexpected(good.error()));
    if (has_line_break(request.headers)) {
      return done(fail(ErrorKind::invalid, "header_invalid", "A header holds a line break."));
    }
    {
      std::lock_guard lock(mutex_);
      if (!stopping_) {
        arrived_.push_back(std::make_unique<Transfer>(std::move(request), std::move(done), rules_));
        curl_multi_wakeup(multi_);
        return;
      }
    }
    done(interrupted());
  }

  Result<Response> fetch(Request request) override {
    std::promise<Result<Response>> promise;
    auto answer = promise.get_future();
    send(std::move(request), [&](Result<Response> result) { promise.set_value(std::move(result)); });
    return answer.get();
  }

 private:
  static std::unexpected<Error> interrupted() {
    return fail(ErrorKind::unavailable, "interrupted", "The server stops.");
  }

  void run() {
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kConnectionsPerHost);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, kConnections);
    while (take_arrived()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_ready();
      curl_multi_poll(multi_, nullptr, 0, kPollMillis, nullptr);
    }
    for (auto& [easy, transfer] : running_) {
      curl_multi_remove_handle(multi_, easy);
      transfer->done(interrupted());
    }
    running_.clear();
  }

  // False when it is time to stop; then what arrived is among the running, so that all are told.
  bool take_arrived() {
    std::vector<std::unique_ptr<Transfer>> taken;
    bool stop = false;
    {
      std::lock_guard lock(mutex_);
      taken.swap(arrived_);
      stop = stopping_;
    }
    for (auto& transfer : taken) {
      set_up(*transfer, policy_);
      CURL* easy = transfer->easy;
      curl_multi_add_handle(multi_, easy);
      running_.emplace(easy, std::move(transfer));
    }
    return !stop;
  }

  void finish_ready() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      auto node = running_.extract(easy);
      curl_multi_remove_handle(multi_, easy);
      Transfer& transfer = *node.mapped();
      long status = 0;
      curl_off_t micros = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (code != CURLE_OK && !(transfer.request.status_suffices && status >= 200)) {
        transfer.done(std::unexpected(failure_of(code, transfer)));
        continue;
      }
      if (code != CURLE_OK) transfer.response.body.clear();
      curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &micros);
      transfer.response.status = static_cast<int>(status);
      transfer.response.took = std::chrono::milliseconds{micros / 1'000};
      transfer.done(std::move(transfer.response));
    }
  }

  const Policy policy_;
  const Rules rules_;
  CURLM* multi_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> arrived_;
  bool stopping_ = false;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;  // of the thread
  std::thread thread_;
};

}  // namespace

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return "";
}

Result<void> check_url(std::string_view url, const Policy& policy) {
  return check(std::string(url), TRY(Rules::create(policy)));
}

Result<std::unique_ptr<Client>> Client::create(const Policy& policy) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) return fail(ErrorKind::internal, "curl_unusable", "libcurl can't be set up.");
  return std::make_unique<CurlClient>(policy, TRY(Rules::create(policy)));
}

}  // namespace handschlag::http_client
