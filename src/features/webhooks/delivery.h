// A round of deliveries for one endpoint: what is due again, then what is new; each read, ruled and written to the
// ledger right before it is sent.
#pragma once

#include "features/events/events.h"
#include "features/webhooks/courier.h"
#include "features/webhooks/webhooks.h"

namespace handschlag::webhooks {

// The secrets of endpoints, sealed under a key of their region.
class Secrets {
 public:
  explicit Secrets(events::Events& events) : events_(events) {}
  Result<store::Secret> seal(const Endpoint& endpoint, std::int64_t number, std::string_view secret) const;
  // The texts, in the same order.
  Result<std::vector<std::string>> open(const Endpoint& endpoint, std::span<const store::Secret> sealed) const;

 private:
  events::Events& events_;
};

// Thread-safe, but for two rounds of the same endpoint at once: the job's lease keeps these apart.
class Delivery {
 public:
  Delivery(db::Database& control, feed::Feed& feed, events::Events& events, sources::Sources& sources,
           staff::Staff& staff, http_client::Client& client, const Clock& clock, metrics::Registry& metrics);

  // See Webhooks::deliver().
  Result<Webhooks::Round> run(std::string_view id, const Webhooks::Guard& guard,
                              const std::function<bool()>& should_stop);

  // Sends a test message and writes it to the log.
  Result<Attempt> test(const Status& status);

 private:
  struct Work {
    Status status;
    std::vector<std::string> secrets;
    store::Progress progress;
    std::vector<store::Pending> due;
  };
  struct Batch {
    std::vector<Message> messages;
    std::int64_t through = 0;  // the position once all of them are settled
    bool is_new = false;       // from the feed, not tried before
  };

  Result<std::optional<Work>> load(std::string_view id, std::size_t limit);
  Result<Batch> next_batch(const Work& work, std::size_t limit);
  Result<Batch> again(const Work& work);
  Result<Batch> fresh(const Work& work, std::size_t limit);
  Result<void> save(const Work& work, std::int64_t position, std::span<const store::Outcome> outcomes,
                    const Webhooks::Guard& guard);
  Result<void> disable(db::Transaction& tx, const Work& work, std::string_view reason);
  Result<Webhooks::Round> rest(std::string_view id);
  Message message_of(const Endpoint& endpoint, const events::Event& event, std::int64_t attempt) const;
  void count(std::span<const store::Outcome> outcomes);

  db::Database& control_;
  feed::Feed& feed_;
  sources::Sources& sources_;
  staff::Staff& staff_;
  const Clock& clock_;
  metrics::Registry& metrics_;
  const Secrets secrets_;
  const Courier courier_;
};

}  // namespace handschlag::webhooks
