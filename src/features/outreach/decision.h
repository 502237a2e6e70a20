// The decision on a message: what the gate says of it, at what time of whose day.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/outreach/outreach.h"

namespace handschlag::outreach {

// What is to be said, as far as it matters to the decision.
struct Asked {
  const Place* place = nullptr;
  IdentityId identity;
  identity::Key address;
  gate::Purpose purpose;
  gate::Channel channel;
  std::string country;
  std::optional<Time> law_at = {};  // whose law counts; now where it is missing
};

struct Ruled {
  gate::Ruling ruling;
  std::vector<std::string> reasons;  // names of the rules
  bool later = false;                // denied by quiet hours alone
  Time due{};                        // then: when they end
  Time agreed_at{};                  // when the person last agreed to it, for this address; 0: not known

  bool denied() const { return !ruling.allowed() && !later; }
};

// In each zone of the person's country it must be allowed, since nobody knows in which they are.
Result<Ruled> rule(db::Transaction& tx, const Asked& asked, Facts* facts, const law::RuleSet& law, bool tells_objection,
                   Time now);

std::vector<gate::Rule> rules_of(const std::vector<std::string>& reasons);

// What is not kept in plain text: digests under a secret of the region, and envelopes bound to row and identity.
Result<std::string> address_digest(vault::Vault& vault, const identity::Key& address);
Result<std::string> once_digest(vault::Vault& vault, IdentityId identity, std::string_view what);
Result<crypto::Key> sealing_key(vault::Vault& vault, IdentityId identity);
std::string context_of(std::int64_t message, IdentityId identity, std::string_view part);

}  // namespace handschlag::outreach
