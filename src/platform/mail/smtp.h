// Handing a message to a mail server, by libcurl: over TLS with the certificate verified; in the clear only to
// networks that the settings call internal. No address, and nothing that a server said beside its codes, is logged or
// told in an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/result.h"
#include "platform/mail/mail.h"

namespace handschlag::mail {

// starttls: begins in the clear, goes on only when TLS stands. tls: from the first byte.
enum class Security { starttls, tls, none };

struct Server {
  std::string host = {};  // "" for none
  std::uint16_t port = 587;
  Security security = Security::starttls;
  std::string user = {};  // "" for none
  std::string password = {};
  std::vector<std::string> internal_networks = {};  // where `none` may lead
  std::string ca_file = {};                         // PEM of who may vouch for the server; "" for the system's
  std::chrono::milliseconds timeout{60'000};        // for one message
};

// temporary: try again later. permanent: the server will not take this message for this recipient.
enum class Outcome { accepted, temporary, permanent };

struct Answer {
  Outcome outcome = Outcome::temporary;
  int code = 0;             // of SMTP, 0 where the server said none
  std::string status = {};  // enhanced, "5.1.1" (RFC 3463); "" where it said none
  std::string_view reason;  // "accepted", "refused", "login_refused", "host_unknown", "connection_failed",
                            // "tls_failed", "timeout", "connection_closed", "address_refused", "interrupted"
};

// Thread-safe; one message at a time.
class Mailer {
 public:
  // Errors: invalid "mail_settings_invalid".
  static Result<std::unique_ptr<Mailer>> create(const Server& server);
  virtual ~Mailer() = default;
  // `bytes` of compose(). Accepted means that the server took it over. A connection that ends after the message was
  // sent and before the answer is temporary: then it may arrive twice, with the same Message-ID.
  virtual Answer send(std::string_view from, std::string_view to, std::string_view bytes) = 0;
  // What is under way, and comes after, ends with "interrupted".
  virtual void interrupt() = 0;
};

}  // namespace handschlag::mail
