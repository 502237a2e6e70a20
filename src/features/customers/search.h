// Finding customers: by a key, by words of a name, by the number of an order.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "features/customers/customers.h"
#include "features/customers/look.h"
#include "features/customers/names.h"
#include "features/customers/places.h"
#include "features/customers/profiles.h"
#include "features/customers/sight.h"

namespace handschlag::customers {

// Whoever is limited to a unit finds by what its sources brought: a key or a name that another source told leads nobody
// there. Thread-safe.
class Search {
 public:
  // Everything must outlive this.
  Search(events::Events& events, sources::Sources& sources, Look& look, Places& places, Profiles& profiles)
      : events_(events), sources_(sources), look_(look), places_(places), profiles_(profiles) {}

  // As customers.h says.
  Result<std::vector<Found>> by_key(const Viewer& viewer, std::string_view key);
  Result<std::vector<Found>> by_name(const Viewer& viewer, std::string_view name);
  Result<std::vector<Found>> by_order(const Viewer& viewer, std::string_view order);

 private:
  using Held = std::vector<identity::Identities::Found>;
  using Keep = std::function<Result<bool>(IdentityId)>;

  // `told_by`: the type of events that tell of these words.
  Result<std::vector<Found>> by_words(const Viewer& viewer, const MakeWords& make_words, events::EventType told_by);
  Result<Held> having_all(db::Transaction& tx, const std::vector<WordDigest>& words, gate::PurposeSet purposes,
                          const Keep& keep);
  Result<std::vector<identity::Key>> spellings(const Viewer& viewer, const identity::KindAndValue& key);
  // Those who hold one of the keys as the viewer sees them.
  Result<Held> find_seen(db::Transaction& tx, Sight& sight, std::size_t place, gate::PurposeSet purposes,
                         const std::vector<identity::Key>& keys);
  // Turns identities into the customers they belong to, each once, and writes that they were shown.
  Result<void> add_found(const Viewer& viewer, Sight& sight, std::size_t place, const Permit& permit, const Held& found,
                         std::size_t limit, std::vector<Found>& out);

  events::Cell& cell(std::size_t place) { return events_.cells()[place]; }
  identity::Identities& identities(std::size_t place) { return *cell(place).identities; }
  db::Database& data(std::size_t place) { return cell(place).region->data(); }
  Sight sight_of(const Viewer& viewer) { return {viewer, events_, sources_, profiles_, look_}; }

  events::Events& events_;
  sources::Sources& sources_;
  Look& look_;
  Places& places_;
  Profiles& profiles_;
};

}  // namespace handschlag::customers
