#include "features/linking/people.h"

#include <algorithm>

namespace handschlag::linking {

using identity::Standing;

bool anybody(const Members& members) {
  return std::any_of(members.begin(), members.end(), [](const auto& there) { return !there.empty(); });
}

std::vector<IdentityId> ids_of(const std::vector<Member>& members) {
  std::vector<IdentityId> out;
  for (const Member& member : members) out.push_back(member.id);
  return out;
}

Result<Members> People::holders_of(std::span<const identity::Key> keys, bool own_only) const {
  Members out(parts_.places.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    identity::Identities& identities = *parts_.places[i].identities;
    TRY(read(i, [&](db::Transaction& tx) -> Result<void> {
      for (const auto& found : TRY(identities.find(tx, keys, gate::PurposeSet::all()))) {
        if (found.standing != Standing::own && (own_only || found.standing != Standing::confirmed)) continue;
        TRY(add_member(tx, i, found.id, out[i]));
      }
      return {};
    }));
  }
  return out;
}

Result<void> People::add_member(db::Transaction& tx, std::size_t place, IdentityId id, std::vector<Member>& out) const {
  identity::Identities& identities = *parts_.places[place].identities;
  if (!TRY(identities.country_of(tx, id))) return {};  // gone, or on the way
  auto outline = TRY(identities.outline(tx, id));
  if (outline) out.push_back({id, *std::move(outline)});
  return {};
}

std::vector<identity::Key> People::keys_of(identity::KeyKind kind, std::string_view value, bool of_servers) const {
  std::vector<identity::Key> out;
  for (const auto& source : parts_.sources->list()) {
    if (source->mode != sources::Mode::live || (of_servers && source->trust != sources::Trust::server)) continue;
    auto key = identity::make_key(kind, value, {source->id_space(), source->address_space(), source->country});
    if (key && std::find(out.begin(), out.end(), *key) == out.end()) out.push_back(*std::move(key));
  }
  return out;
}

Result<std::optional<identity::Key>> People::address_of(std::size_t place, IdentityId id) const {
  std::optional<identity::Key> out;
  TRY(read(place, [&](db::Transaction& tx) -> Result<void> {
    const auto customer = TRY(parts_.places[place].identities->customer(tx, id, gate::PurposeSet::all()));
    for (const identity::Identity& one : customer.identities) {
      for (const identity::HeldKey& key : one.keys) {
        if (one.id != id || key.kind != identity::KeyKind::email || key.standing == Standing::claimed) continue;
        out = TRY(identity::make_key(key.kind, key.value, {"", sources::kOwnController, ""}));
      }
    }
    return {};
  }));
  return out;
}

Result<std::set<IdentityId>> People::reach(db::Transaction& tx, std::size_t place, IdentityId id) const {
  std::set<IdentityId> out;
  for (const auto& each : TRY(parts_.places[place].identities->reach(tx, id, gate::PurposeSet::all()))) {
    out.insert(each.id);
  }
  return out;
}

Result<void> People::permit(const portal::Request& request, const Members& members) const {
  for (std::size_t i = 0; i < members.size(); ++i) {
    for (const Member& member : members[i]) TRY(looks_.permit(request, i, member.id, member.outline.country));
  }
  return {};
}

}  // namespace handschlag::linking
