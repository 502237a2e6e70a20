// Sends messages to one endpoint and says what became of each. Knows nothing of databases.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/webhooks/store.h"
#include "platform/http_client/http_client.h"

namespace handschlag::webhooks {

struct Message {
  std::int64_t seq = 0;      // 0: a test
  std::int64_t attempt = 1;  // which this will be
  bool by_hand = false;
  std::string id;    // webhook-id
  std::string body;  // empty: the event may not be sent any more
};

struct Sending {
  std::string url;
  std::vector<std::string> secrets;  // the newest first
  std::int64_t concurrency = 1;
  std::int64_t rate = 100;
  bool stop_at_failure = false;
  std::chrono::milliseconds timeout{15'000};  // of one attempt
};

// Thread-safe.
class Courier {
 public:
  Courier(http_client::Client& client, const Clock& clock) : client_(client), clock_(clock) {}

  // Sends messages in their order, some at once where that is allowed, and begins none after kFresh. The answer has an
  // outcome for each message up to the first that was not tried, or whose answer was not waited for (`should_stop`).
  std::vector<store::Outcome> send(const Sending& sending, std::span<const Message> messages,
                                   const std::function<bool()>& should_stop) const;

  // How long after they were read messages may still be sent: what was erased since then must not leave.
  static constexpr std::chrono::seconds kFresh{5};

 private:
  store::Outcome outcome_of(const Message& message, Time at, const Result<http_client::Response>& answer) const;

  http_client::Client& client_;
  const Clock& clock_;
};

}  // namespace handschlag::webhooks
