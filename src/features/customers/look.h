// Around every look at people: what the gate allows, and the ledger that has it before anything is released.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "features/customers/customers.h"
#include "features/events/on_record.h"
#include "features/law/law.h"

namespace handschlag::customers {

// What the gate allowed a viewer, and why.
struct Permit {
  gate::PurposeSet purposes;
  std::vector<gate::Rule> rules;
  std::uint64_t rule_set = 0;
};

// Thread-safe.
class Look {
 public:
  // `ledgers` by the place of their region; all must outlive this.
  Look(const law::InForce& law, const gate::Interests& interests, const std::vector<ledger::Ledger*>& ledgers,
       const Clock& clock)
      : law_(law), interests_(interests), ledgers_(ledgers), clock_(clock) {}

  // Whom a look is about, as far as it is known.
  struct About {
    std::size_t place;
    IdentityId identity;
  };

  // What the gate lets this viewer look for. A refusal is written to the ledger of whom it was about. Errors:
  // forbidden.
  Result<Permit> allowed(const Viewer& viewer, std::optional<About> about = std::nullopt);

  // Whether anything of these people was stored for what the viewer may look for. Errors: forbidden, also written.
  Result<void> check_stored(const Viewer& viewer, std::size_t place, const std::vector<identity::Identity>& members);

  // The ruling on showing what a source of special kinds of data told of somebody, for one purpose.
  Result<gate::Ruling> rule_on_record(db::Transaction& tx, const Viewer& viewer, events::OnRecord& record,
                                      std::int64_t source, const identity::Reached& who,
                                      const gate::PurposeInfo& info) const;
  events::OnRecord on_record(const sources::Sources& sources, events::Cell& cell) const {
    return {sources, cell, clock_.now()};
  }

  // Writes that these people were shown, each for the purposes for which it was reached. Errors: unavailable; then
  // nothing may be shown.
  Result<void> record(const Viewer& viewer, std::size_t place, const std::vector<identity::Reached>& who,
                      const Permit& permit, gate::Decision decision = gate::Decision::allow);
  Result<void> record(const Viewer& viewer, std::size_t place, const identity::Customer& customer,
                      const Permit& permit);

 private:
  gate::Question question_of(const Viewer& viewer, const gate::PurposeInfo& info, gate::PurposeSet stored_for) const;
  gate::Ruling rule(const Viewer& viewer, const gate::PurposeInfo& info, gate::PurposeSet stored_for,
                    const law::RuleSet& law) const {
    return gate::rule(question_of(viewer, info, stored_for), law);
  }
  Result<void> record_denial(const Viewer& viewer, About about, gate::PurposeSet purposes, const gate::Ruling& ruling);

  const law::InForce& law_;
  const gate::Interests& interests_;
  const std::vector<ledger::Ledger*>& ledgers_;
  const Clock& clock_;
};

}  // namespace handschlag::customers
