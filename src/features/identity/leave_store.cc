#include "features/identity/leave_store.h"

#include <map>

namespace handschlag::identity::store {

Result<gate::PurposeSet> withdrawn(db::Transaction& tx, std::int64_t identity) {
  gate::PurposeSet out;
  TRY(tx.query("SELECT purposes FROM identity_withdrawal WHERE identity = $1", {identity},
               [&](const db::Row& row) { out = gate::PurposeSet::from_bits(row.integer(0)); }));
  return out;
}

Result<void> set_withdrawn(db::Transaction& tx, std::int64_t identity, gate::PurposeSet purposes, Time at) {
  if (purposes.empty()) {
    TRY(tx.execute("DELETE FROM identity_withdrawal WHERE identity = $1", {identity}));
    return {};
  }
  TRY(
      tx.execute("INSERT INTO identity_withdrawal (identity, purposes, changed_at) VALUES ($1, $2, $3) "
                 "ON CONFLICT (identity) DO UPDATE SET purposes = excluded.purposes, changed_at = excluded.changed_at",
                 {identity, purposes.bits(), to_millis(at)}));
  return {};
}

Result<void> mark_withdrawn(db::Transaction& tx, std::vector<Link>& links) {
  if (links.empty()) return {};
  std::map<std::int64_t, gate::PurposeSet> by_identity;
  for (const Link& link : links) {
    by_identity[link.a.value] = {};
    by_identity[link.b.value] = {};
  }
  db::Batch batch(1);
  for (const auto& [identity, purposes] : by_identity) batch.add({identity});
  TRY(tx.query_batch("SELECT identity, purposes FROM identity_withdrawal WHERE identity = $1", batch,
                     [&](std::size_t, const db::Row& row) {
                       by_identity[row.integer(0)] = gate::PurposeSet::from_bits(row.integer(1));
                     }));
  for (Link& link : links) {
    link.withdrawn = link.purposes & (by_identity[link.a.value] | by_identity[link.b.value]);
  }
  return {};
}

}  // namespace handschlag::identity::store
