// Showing people what is kept of them is a duty; the gate is asked all the same, and it stands in their ledger.
// Thread-safe.
#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "platform/base/clock.h"

namespace handschlag::portal {

struct Place;
struct Request;

class Looks {
 public:
  // All must outlive this.
  Looks(const std::vector<Place>& places, const law::InForce& law, const Clock& clock)
      : places_(places), law_(law), clock_(clock) {}

  gate::Ruling rule(std::string_view country) const;
  // Errors: forbidden "use_denied", written to the ledger.
  Result<void> permit(const Request& request, std::size_t place, IdentityId who, std::string_view country) const;
  // Writes to the ledger of each.
  Result<void> record(const Request& request, std::size_t place, const std::set<IdentityId>& who,
                      const gate::Ruling& ruling, gate::Use use = gate::Use::view) const;

 private:
  const std::vector<Place>& places_;
  const law::InForce& law_;
  const Clock& clock_;
};

}  // namespace handschlag::portal
