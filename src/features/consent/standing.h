// What holds by all that was said. Pure. Private to the slice.
//
// Asked is about one purpose, one channel, perhaps one address. What counts:
//   - what was said for that purpose and channel, and every no to the purpose as a whole; an objection to direct
//     marketing also ends the advertising that needs a profile (GDPR Art. 21(2));
//   - statements are taken by address. What was said for the person and no address counts at each of them, a yes only
//     where the channel needs no address;
//   - at each address the newest decides, by the time at which it was said; at the same moment the no does;
//   - a yes that is only claimed takes back no no that was more than a claim, and adds nothing to a yes that was, as
//     long as that holds;
//   - if the newest is a no at any address of the person, it is no. Else it is yes where the newest at the address
//     asked about is a yes whose time is not over;
//   - somebody who is not known to be the same person can say no for an address; their yes counts only where they have
//     proven that the address is theirs;
//   - a yes from the future does not count, and a no from the future does: clocks jump, and no is the safe answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "features/consent/consent.h"

namespace handschlag::consent {

// A statement as far as it matters here.
struct Said {
  StatementId id;
  Act act = Act::requested;
  Purpose purpose = Purpose::DirectMarketing;
  Channel channel = Channel::none;
  gate::Strength strength = gate::Strength::none;
  bool explicit_consent = false;
  bool quiet_hours = false;
  bool recipient_named = false;
  bool guardian = false;
  Time occurred_at{};
  Time received_at{};
  std::optional<Time> expires_at;
  std::string address;      // its digest; empty: for the person
  bool same_person = true;  // false: found by the address alone
  bool held = false;        // of somebody who was erased
};

// `address`: the digest of where a message would go; empty: no message, or to any of theirs.
Standing evaluate(std::span<const Said> said, Purpose purpose, Channel channel, std::string_view address, Time at);

}  // namespace handschlag::consent
