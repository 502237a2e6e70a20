// Requests to servers of others over HTTP and HTTPS, by libcurl, that can't be turned against the network this server
// stands in (SSRF).
//
//   auto client = TRY(http_client::Client::create(policy));
//   auto answer = client->fetch({.url = "https://shop.example/hook", .body = text});
//
// What holds for every request: the address is checked at the moment the socket to it is made, so what a name resolves
// to a second time does not matter; redirects are not followed; no proxy, no cookies, no credentials from the
// environment; TLS 1.2 or newer with the certificate verified; limits on time and on the size of the answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::http_client {

// Where requests may go.
struct Policy {
  // Addresses and networks ("10.1.0.0/16", "127.0.0.1", "fd00::/8") that may be reached beside the open internet, on
  // any port, and without TLS.
  std::vector<std::string> internal_networks = {};
  // Ports on the open internet.
  std::vector<std::uint16_t> ports = {443};
  // Certificates (PEM) of who may vouch for servers, in place of the system's.
  std::string ca_file = {};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "POST";
  std::string url;
  Headers headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{15'000};  // from the look-up of the name to the end of the answer
  std::size_t max_answer_bytes = 64 * 1024;
  // The answer counts once its status is there; where the rest is too large, or does not come, it has no body.
  bool status_suffices = false;
};

struct Response {
  int status = 0;  // also of redirects, which are not followed
  Headers headers;
  std::string body;
  std::chrono::milliseconds took{0};

  // The first header of that name, without regard to case, or "".
  std::string_view header(std::string_view name) const;
};

// What is wrong with a URL, as far as it shows without asking anybody: it must be https (http only where internal
// networks are allowed at all), have a host and neither user nor password, a port that is allowed, and not name a
// closed address. Errors: invalid, code "url_invalid" or "address_refused".
Result<void> check_url(std::string_view url, const Policy& policy);

// Thread-safe.
class Client {
 public:
  using Done = std::function<void(Result<Response>)>;

  // Errors: invalid (a network that is none).
  static Result<std::unique_ptr<Client>> create(const Policy& policy);
  // Requests under way end with "interrupted".
  virtual ~Client() = default;

  virtual const Policy& policy() const = 0;

  // Sends a request; `done` is called, on the client's own thread, when the answer is there, or with what went wrong:
  //   invalid "url_invalid";
  //   forbidden "address_refused": every address of the host is closed to us;
  //   unavailable "host_unknown", "connection_failed", "tls_failed", "timeout", "connection_closed",
  //   "answer_too_large", "interrupted".
  virtual void send(Request request, Done done) = 0;
  // The same, and waits. Not to be called from a `done`.
  virtual Result<Response> fetch(Request request) = 0;
};

}  // namespace handschlag::http_client
