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
  return store::set_withdrawn(tx, identity.value, after, at);
}

}  // namespace handschlag::identity
