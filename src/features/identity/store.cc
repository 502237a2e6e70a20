#include "features/identity/store.h"

#include <set>

#include "embedded/migrations.h"

namespace handschlag::identity {

std::span<const db::Migration> migrations() {
  return embedded::identity_migrations;
}

namespace store {
namespace {

Link read_link(const db::Row& row) {
  Link link;
  link.a = {row.integer(0)};
  link.b = {row.integer(1)};
  link.standing = static_cast<Standing>(row.integer(2));
  link.basis = static_cast<gate::Basis>(row.integer(3));
  link.purposes = gate::PurposeSet::from_bits(row.integer(4));
  link.origin = row.text(5);
  link.created_at = from_millis(row.integer(6));
  link.changed_at = from_millis(row.integer(7));
  return link;
}

KeyRow read_key(const db::Row& row) {
  KeyRow key;
  key.digest = row.blob(0);
  key.identity = row.integer(1);
  key.kind = static_cast<KeyKind>(row.integer(2));
  key.standing = static_cast<Standing>(row.integer(3));
  key.purposes = gate::PurposeSet::from_bits(row.integer(4));
  key.source = row.integer(5);
  key.first_seen = row.integer(6);
  return key;
}

}  // namespace

Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count) {
  std::int64_t last = 0;
  TRY(tx.query("UPDATE identity_head SET last_id = last_id + $1 WHERE one = 1 RETURNING last_id", {count},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last - count + 1;
}

Result<std::int64_t> last_id(db::Transaction& tx) {
  std::int64_t last = 0;
  TRY(tx.query("SELECT last_id FROM identity_head WHERE one = 1", {},
               [&](const db::Row& row) { last = row.integer(0); }));
  return last;
}

Result<void> raise_last_id(db::Transaction& tx, std::int64_t least) {
  TRY(tx.execute("UPDATE identity_head SET last_id = $1 WHERE one = 1 AND last_id < $1", {least}));
  return {};
}

Result<void> insert_identities(db::Transaction& tx, std::span<const IdentityRow> rows) {
  db::Batch batch(5);
  for (const IdentityRow& row : rows) {
    batch.add({row.id, static_cast<std::int64_t>(row.kind), row.country, row.source, row.created_at});
  }
  TRY(tx.execute_batch(
      "INSERT INTO identity_identity (id, kind, country, source, created_at) VALUES ($1, $2, $3, $4, $5)", batch));
  return {};
}

Result<void> insert_keys(db::Transaction& tx, std::span<const KeyRow> rows, std::size_t layers) {
  db::Batch batch(9);
  for (const KeyRow& row : rows) {
    batch.add({db::BlobView{row.digest}, row.identity, static_cast<std::int64_t>(row.kind),
               static_cast<std::int64_t>(row.standing), row.purposes.bits(), row.source, row.first_seen,
               db::BlobView{row.sealed}, static_cast<std::int64_t>(layers)});
  }
  TRY(tx.execute_batch(
      "INSERT INTO identity_key (digest, identity, kind, standing, purposes, source, first_seen, sealed, layers) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      batch));
  return {};
}

Result<void> update_key(db::Transaction& tx, const KeyRow& row) {
  TRY(tx.execute(
      "UPDATE identity_key SET standing = $1, purposes = $2, source = $3 WHERE digest = $4 AND identity = $5",
      {static_cast<std::int64_t>(row.standing), row.purposes.bits(), row.source, db::BlobView{row.digest},
       row.identity}));
  return {};
}

Result<void> update_own_purposes(db::Transaction& tx, std::span<const OwnPurposes> rows) {
  db::Batch batch(3);
  for (const OwnPurposes& row : rows) batch.add({row.purposes.bits(), db::BlobView{row.digest}, row.identity});
  TRY(tx.execute_batch("UPDATE identity_key SET purposes = $1 WHERE digest = $2 AND identity = $3", batch));
  return {};
}

Result<void> find_own(db::Transaction& tx, std::span<const std::string> digests,
                      const std::function<void(std::size_t, std::int64_t, gate::PurposeSet)>& on_found) {
  db::Batch batch(1);
  batch.reserve(digests.size());
  for (const std::string& digest : digests) batch.add({db::BlobView{digest}});
  return tx.query_batch("SELECT identity, purposes FROM identity_key WHERE digest = $1 AND standing = 0", batch,
                        [&](std::size_t index, const db::Row& row) {
                          on_found(index, row.integer(0), gate::PurposeSet::from_bits(row.integer(1)));
                        });
}

Result<std::vector<KeyRow>> holders(db::Transaction& tx, std::string_view digest, std::size_t limit,
                                    const KeyRow* after) {
  std::vector<KeyRow> out;
  const std::int64_t standing = after == nullptr ? -1 : static_cast<std::int64_t>(after->standing);
  const std::int64_t identity = after == nullptr ? 0 : after->identity;
  TRY(
      tx.query("SELECT digest, identity, kind, standing, purposes, source, first_seen FROM identity_key "
               "WHERE digest = $1 AND (standing > $3 OR (standing = $3 AND identity > $4)) "
               "ORDER BY standing, identity LIMIT $2",
               {db::BlobView{digest}, static_cast<std::int64_t>(limit), standing, identity},
               [&](const db::Row& row) { out.push_back(read_key(row)); }));
  return out;
}

Result<std::optional<KeyRow>> find_key(db::Transaction& tx, std::string_view digest, std::int64_t identity) {
  std::optional<KeyRow> out;
  TRY(
      tx.query("SELECT digest, identity, kind, standing, purposes, source, first_seen FROM identity_key "
               "WHERE digest = $1 AND identity = $2",
               {db::BlobView{digest}, identity}, [&](const db::Row& row) { out = read_key(row); }));
  return out;
}

Result<std::vector<KeyRow>> keys_of(db::Transaction& tx, std::int64_t identity) {
  std::vector<KeyRow> out;
  TRY(
      tx.query("SELECT digest, identity, kind, standing, purposes, source, first_seen, sealed FROM identity_key "
               "WHERE identity = $1 ORDER BY standing, first_seen LIMIT 200",
               {identity}, [&](const db::Row& row) {
                 out.push_back(read_key(row));
                 out.back().sealed = row.blob(7);
               }));
  return out;
}

Result<std::vector<IdentityRow>> identities(db::Transaction& tx, std::span<const std::int64_t> ids) {
  std::vector<IdentityRow> out;
  db::Batch batch(1);
  for (std::int64_t id : ids) batch.add({id});
  TRY(tx.query_batch("SELECT id, kind, country, source, created_at FROM identity_identity WHERE id = $1", batch,
                     [&](std::size_t, const db::Row& row) {
                       out.push_back({row.integer(0), static_cast<KeyKind>(row.integer(1)), std::string(row.text(2)),
                                      row.integer(3), row.integer(4)});
                     }));
  return out;
}

Result<std::vector<Link>> links_of(db::Transaction& tx, std::span<const std::int64_t> ids) {
  std::vector<Link> out;
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  db::Batch batch(1);
  for (std::int64_t id : ids) batch.add({id});
  auto keep = [&](std::size_t, const db::Row& row) {
    Link link = read_link(row);
    if (seen.insert({link.a.value, link.b.value}).second) out.push_back(std::move(link));
  };
  TRY(tx.query_batch(
      "SELECT a, b, standing, basis, purposes, origin, created_at, changed_at FROM identity_link WHERE a = $1", batch,
      keep));
  TRY(tx.query_batch(
      "SELECT a, b, standing, basis, purposes, origin, created_at, changed_at FROM identity_link WHERE b = $1", batch,
      keep));
  return out;
}

Result<std::optional<Link>> find_link(db::Transaction& tx, IdentityId a, IdentityId b) {
  std::optional<Link> out;
  TRY(
      tx.query("SELECT a, b, standing, basis, purposes, origin, created_at, changed_at FROM identity_link "
               "WHERE a = $1 AND b = $2",
               {std::min(a, b).value, std::max(a, b).value}, [&](const db::Row& row) { out = read_link(row); }));
  return out;
}

Result<void> upsert_link(db::Transaction& tx, const Link& link) {
  TRY(tx.execute(
      "INSERT INTO identity_link (a, b, standing, basis, purposes, origin, created_at, changed_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (a, b) DO UPDATE SET standing = excluded.standing, "
      "basis = excluded.basis, purposes = excluded.purposes, origin = excluded.origin, changed_at = "
      "excluded.changed_at",
      {link.a.value, link.b.value, static_cast<std::int64_t>(link.standing), static_cast<std::int64_t>(link.basis),
       link.purposes.bits(), link.origin, to_millis(link.created_at), to_millis(link.changed_at)}));
  return {};
}

Result<void> count_refusal(db::Transaction& tx, IdentityId a, IdentityId b, std::string_view reason, Time at) {
  TRY(tx.execute(
      "INSERT INTO identity_refusal (a, b, reason, times, last_at) VALUES ($1, $2, $3, 1, $4) "
      "ON CONFLICT (a, b, reason) DO UPDATE SET times = identity_refusal.times + 1, last_at = excluded.last_at",
      {std::min(a, b).value, std::max(a, b).value, reason, to_millis(at)}));
  return {};
}

Result<std::vector<Refusal>> refusals(db::Transaction& tx, std::size_t limit) {
  std::vector<Refusal> out;
  TRY(tx.query("SELECT a, b, reason, times, last_at FROM identity_refusal ORDER BY last_at DESC, a, b LIMIT $1",
               {static_cast<std::int64_t>(limit)}, [&](const db::Row& row) {
                 out.push_back({{row.integer(0)},
                                {row.integer(1)},
                                std::string(row.text(2)),
                                row.integer(3),
                                from_millis(row.integer(4))});
               }));
  return out;
}

Result<std::vector<Identities::CountryCount>> count_by_country(db::Transaction& tx, std::int64_t source, KeyKind kind) {
  std::vector<Identities::CountryCount> out;
  TRY(
      tx.query("SELECT country, count(*) FROM identity_identity WHERE source = $1 AND kind = $2 "
               "GROUP BY country ORDER BY country",
               {source, static_cast<std::int64_t>(kind)},
               [&](const db::Row& row) { out.push_back({std::string(row.text(0)), row.integer(1)}); }));
  return out;
}

}  // namespace store
}  // namespace handschlag::identity
