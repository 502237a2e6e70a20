// Who is known by what, and what is written about looking at them. Private to the slice; thread-safe.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/linking/linking.h"

namespace handschlag::linking {

struct Member {
  IdentityId id;
  identity::Identities::Outline outline;
};
using Members = std::vector<std::vector<Member>>;  // as the places

bool anybody(const Members& members);
std::vector<IdentityId> ids_of(const std::vector<Member>& members);

class People {
 public:
  // `parts` must outlive this.
  explicit People(const Parts& parts) : parts_(parts), looks_(parts.places, *parts.law, *parts.clock) {}

  template <class Body>
  Result<void> read(std::size_t place, Body body) const {
    return parts_.places[place].region->data().read(std::move(body));
  }
  const std::string& region_of(std::size_t place) const { return parts_.places[place].region->id(); }

  // Those who hold one of these keys, and did not merely claim it, in every region; `own_only`: who are made from it.
  Result<Members> holders_of(std::span<const identity::Key> keys, bool own_only) const;
  Result<Members> members_of(const identity::Key& address) const { return holders_of({&address, 1}, false); }
  // Unless they are gone, or on the way to another region.
  Result<void> add_member(db::Transaction& tx, std::size_t place, IdentityId id, std::vector<Member>& out) const;
  // An id as any live source may have said it.
  std::vector<identity::Key> keys_of(identity::KeyKind kind, std::string_view value, bool of_servers) const;
  // That a source vouches for, the newest.
  Result<std::optional<identity::Key>> address_of(std::size_t place, IdentityId id) const;
  // Everybody with whom links join them, for whatever purpose.
  Result<std::set<IdentityId>> reach(db::Transaction& tx, std::size_t place, IdentityId id) const;

  // Errors: forbidden "use_denied", written to the ledger.
  Result<void> permit(const portal::Request& request, const Members& members) const;
  const portal::Looks& looks() const { return looks_; }

 private:
  const Parts& parts_;
  const portal::Looks looks_;
};

}  // namespace handschlag::linking
