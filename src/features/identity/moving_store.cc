#include "features/identity/moving_store.h"

namespace handschlag::identity::store {

Result<std::vector<KeyRow>> all_keys(db::Transaction& tx, std::int64_t identity) {
  std::vector<KeyRow> out;
  TRY(
      tx.query("SELECT digest, identity, kind, standing, purposes, source, first_seen, sealed FROM identity_key "
               "WHERE identity = $1 ORDER BY standing, first_seen, digest",
               {identity}, [&](const db::Row& row) {
                 out.push_back({std::string(row.blob(0)), row.integer(1), static_cast<KeyKind>(row.integer(2)),
                                static_cast<Standing>(row.integer(3)), gate::PurposeSet::from_bits(row.integer(4)),
                                row.integer(5), row.integer(6), std::string(row.blob(7))});
               }));
  return out;
}

Result<Withdrawal> withdrawal(db::Transaction& tx, std::int64_t identity) {
  Withdrawal out;
  TRY(tx.query("SELECT purposes, changed_at FROM identity_withdrawal WHERE identity = $1", {identity},
               [&](const db::Row& row) { out = {gate::PurposeSet::from_bits(row.integer(0)), row.integer(1)}; }));
  return out;
}

Result<void> insert_withdrawal(db::Transaction& tx, std::int64_t identity, const Withdrawal& withdrawal) {
  TRY(tx.execute("INSERT INTO identity_withdrawal (identity, purposes, changed_at) VALUES ($1, $2, $3)",
                 {identity, withdrawal.purposes.bits(), withdrawal.changed_at}));
  return {};
}

Result<void> delete_key(db::Transaction& tx, std::string_view digest, std::int64_t identity) {
  TRY(tx.execute("DELETE FROM identity_key WHERE digest = $1 AND identity = $2", {db::BlobView{digest}, identity}));
  return {};
}

Result<void> delete_link(db::Transaction& tx, const Link& link) {
  TRY(tx.execute("DELETE FROM identity_link WHERE a = $1 AND b = $2", {link.a.value, link.b.value}));
  return {};
}

Result<void> insert_link(db::Transaction& tx, const Link& link) {
  TRY(tx.execute(
      "INSERT INTO identity_link (a, b, standing, basis, purposes, origin, created_at, changed_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (a, b) DO NOTHING",
      {link.a.value, link.b.value, static_cast<std::int64_t>(link.standing), static_cast<std::int64_t>(link.basis),
       link.purposes.bits(), link.origin, to_millis(link.created_at), to_millis(link.changed_at)}));
  return {};
}

}  // namespace handschlag::identity::store
