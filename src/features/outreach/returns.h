// What comes back of messages that left. Each leaves with an envelope sender of its own; what is sent back to it names
// the message by a token that nobody else can make.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/outreach/sender.h"

namespace handschlag::outreach {

// How long after a message left something may come back of it; mail servers give up after five days, as a rule.
inline constexpr std::chrono::days kReturnsWithin{14};
inline constexpr std::string_view kReturnsSecret = "outreach_returns";

// "bounces+TOKEN@mail.example.org" of "bounces@mail.example.org". The token is number and day with a keyed digest, in
// small letters and digits, since some mail servers change the case. It tells nothing of the person.
std::string return_address(const crypto::Key& key, std::string_view region, std::int64_t message, Time now,
                           std::string_view bounces);

struct Named {
  std::int64_t message = 0;
  bool expired = false;
};
// The message that an address, or a token alone, names; nothing where it was not made with this key for this region.
std::optional<Named> message_of(const crypto::Key& key, std::string_view region, std::string_view address, Time now);

// What a status means, as a label: "mailbox_unknown", "mailbox_full" ...
std::string_view meaning_of(std::string_view status);
// Whether it says that there is no such address: no use in writing to it again.
bool is_unknown_address(std::string_view status);

// Of one thread at a time for each region's writer; holds nothing.
class Returns {
 public:
  Returns(std::vector<Place>& places, Sender::House& house) : places_(places), house_(house) {}
  Result<Taken> take(const mail::Report& report);

 private:
  struct Found {
    Place* place;
    Named named;
  };
  Result<std::optional<Found>> find(const std::vector<std::string>& addresses, Time now);
  Result<Taken> write_down(Place& place, std::int64_t message, const mail::Report& report, Time now);
  Result<void> judge(db::Transaction& tx, const store::Row& row, const Step& step);
  Result<Taken> end(Place& place, std::int64_t message);

  std::vector<Place>& places_;
  Sender::House& house_;
};

}  // namespace handschlag::outreach
