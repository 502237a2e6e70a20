// The leave to link: given with what a person agreed to, and theirs to take back.
#include "features/identity/identity.h"
#include "features/identity/leave_store.h"
#include "features/identity/store.h"

namespace handschlag::identity {

Result<void> Identities::withdraw(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, Time at) {
  return change_leave(tx, identity, at, [&](gate::PurposeSet before) { return before | purposes; });
}

Result<void> Identities::regrant(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, Time at) {
  return change_leave(tx, identity, at, [&](gate::PurposeSet before) {
    return gate::PurposeSet::from_bits(before.bits() & ~purposes.bits());
  });
}

Result<void> Identities::change_leave(db::Transaction& tx, IdentityId identity, Time at,
                                      const std::function<gate::PurposeSet(gate::PurposeSet)>& change) {
  if (TRY(store::identities(tx, {&identity.value, 1})).empty()) {
    return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
  }
  gate::PurposeSet before = TRY(store::withdrawn(tx, identity.value));
  gate::PurposeSet after = change(before);
  if (after == before) return {};
  TRY(store::set_withdrawn(tx, identity.value, after, at));
  return tell(tx, TRY(household(tx, identity)));
}

Result<std::vector<Link>> Identities::links(db::Transaction& tx, std::span<const IdentityId> identities) {
  std::vector<std::int64_t> ids;
  for (const IdentityId each : identities) ids.push_back(each.value);
  auto out = TRY(store::links_of(tx, ids));
  TRY(store::mark_withdrawn(tx, out));
  return out;
}

Result<void> Identities::end_leave(db::Transaction& tx, IdentityId identity, Time said_at, Time at) {
  std::vector<IdentityId> ends;
  for (Link& link : TRY(store::links_of(tx, {&identity.value, 1}))) {
    if (link.origin != kByCustomer || link.standing != Standing::confirmed || link.changed_at > said_at) continue;
    link.standing = Standing::ended;
    link.changed_at = at;
    TRY(store::upsert_link(tx, link));
    ends.insert(ends.end(), {link.a, link.b});
  }
  return ends.empty() ? Result<void>{} : tell(tx, ends);
}

Result<std::optional<Identities::Outline>> Identities::outline(db::Transaction& tx, IdentityId identity) {
  const auto rows = TRY(store::identities(tx, {&identity.value, 1}));
  if (rows.empty()) return std::optional<Outline>();
  Outline out{rows[0].kind, rows[0].country, {}};
  for (const store::KeyRow& key : TRY(store::keys_of(tx, identity.value)))
    out.stored_for = out.stored_for | key.purposes;
  return std::optional(std::move(out));
}

}  // namespace handschlag::identity
