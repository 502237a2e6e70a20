// Sends what is due in one region, and tells the ledger.
#pragma once

#include <atomic>
#include <optional>

#include "features/outreach/decision.h"
#include "features/outreach/store.h"

namespace handschlag::outreach {

struct Meters {
  explicit Meters(metrics::Registry& registry) : registry_(registry) {}
  void count(std::string_view outcome);
  void report(std::string_view outcome);
  void show(const std::string& region, State state, std::int64_t count);

 private:
  metrics::Registry& registry_;
};

// Of one thread.
class Sender {
 public:
  // What all regions share; outlives this.
  struct House {
    const law::InForce& law;
    templates::Shelf& shelf;
    mail::Mailer* mailer;
    const Settings& settings;
    const Clock& clock;
    Meters& meters;
    Facts* facts = nullptr;
    UnsubscribeLinks* links = nullptr;
    Gateway* gateway = nullptr;
    std::atomic<bool> stopping{false};

    bool by_gateway(gate::Channel channel) const { return gateway != nullptr && gateway->carries(channel); }
    bool carries(gate::Channel channel) const {
      return by_gateway(channel) || (channel == gate::Channel::email && mailer != nullptr);
    }
  };

  explicit Sender(House& house) : house_(house) {}

  Result<std::int64_t> send_due(Place& place);

 private:
  struct Opened {
    identity::Key address;
    templates::Parameters parameters;
  };
  Result<void> tell_denials(Place& place);
  Result<void> tell(Place& place, const Message& message, const gate::Ruling* ruling,
                    const std::vector<std::string>& reasons, Time at);
  Result<void> deliver(Place& place, store::Row& row);
  Result<std::optional<Opened>> open(Place& place, const store::Row& row);
  // Channels by which something can leave now.
  std::vector<gate::Channel> open_channels(Time now) const;
  Result<templates::Rendered> render(const Message& message, const Opened& opened, const std::string& unsubscribe);
  // Errors: what can't be made into a message.
  Result<Handed> hand_over(Place& place, const store::Row& row, const Opened& opened, const std::string& unsubscribe);
  Result<std::string> write(Place& place, const store::Row& row, const Opened& opened, templates::Rendered rendered,
                            const std::string& unsubscribe);
  Result<std::string> envelope_sender(Place& place, const Message& message);
  void take_answer(store::Row& row, const Handed& handed, Time now);
  Result<void> settle(Place& place, store::Row& row, bool unreachable);

  House& house_;
  Time mail_paused_until_{};
  Time gateway_paused_until_{};
};

}  // namespace handschlag::outreach
