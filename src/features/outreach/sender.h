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
    std::atomic<bool> stopping{false};
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
  Result<std::string> write(Place& place, const store::Row& row, const Opened& opened, const std::string& unsubscribe);
  Result<std::string> envelope_sender(Place& place, const Message& message);
  void take_answer(store::Row& row, const mail::Answer& answer, Time now);
  Result<void> settle(Place& place, store::Row& row, bool unreachable);

  House& house_;
  Time paused_until_{};
};

}  // namespace handschlag::outreach
