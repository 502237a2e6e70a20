#include "features/linking/store.h"

#include "embedded/migrations.h"
#include "features/linking/linking.h"

namespace handschlag::linking {

std::span<const db::Migration> migrations() {
  return embedded::linking_migrations;
}

namespace store {

Result<Asked> count(db::Transaction& tx, std::string_view what, Time now) {
  Asked out;
  const std::int64_t hour = to_millis(now - std::chrono::hours{1});
  const std::int64_t day = to_millis(now - std::chrono::days{1});
  TRY(
      tx.query("INSERT INTO linking_asked (what, hour_at, hour_count, day_at, day_count) VALUES ($1, $2, 1, $2, 1) "
               "ON CONFLICT (what) DO UPDATE SET "
               "hour_count = CASE WHEN linking_asked.hour_at <= $3 THEN 1 ELSE linking_asked.hour_count + 1 END, "
               "hour_at = CASE WHEN linking_asked.hour_at <= $3 THEN $2 ELSE linking_asked.hour_at END, "
               "day_count = CASE WHEN linking_asked.day_at <= $4 THEN 1 ELSE linking_asked.day_count + 1 END, "
               "day_at = CASE WHEN linking_asked.day_at <= $4 THEN $2 ELSE linking_asked.day_at END "
               "RETURNING hour_count, day_count",
               {db::BlobView{what}, to_millis(now), hour, day},
               [&](const db::Row& row) { out = {row.integer(0), row.integer(1)}; }));
  return out;
}

Result<void> put(db::Transaction& tx, std::string_view session, const Proof& proof) {
  TRY(tx.execute(
      "INSERT INTO linking_proof (session, code, attempts, expires_at, sealed) VALUES ($1, $2, 0, $3, $4) "
      "ON CONFLICT (session) DO UPDATE SET code = excluded.code, attempts = 0, expires_at = excluded.expires_at, "
      "sealed = excluded.sealed",
      {db::BlobView{session}, db::BlobView{proof.code}, to_millis(proof.expires_at), db::BlobView{proof.sealed}}));
  return {};
}

Result<std::optional<Proof>> attempt(db::Transaction& tx, std::string_view session) {
  std::optional<Proof> out;
  TRY(tx.query(
      "UPDATE linking_proof SET attempts = attempts + 1 WHERE session = $1 "
      "RETURNING code, attempts, expires_at, sealed",
      {db::BlobView{session}}, [&](const db::Row& row) {
        out = Proof{std::string(row.blob(0)), row.integer(1), from_millis(row.integer(2)), std::string(row.blob(3))};
      }));
  return out;
}

Result<void> remove(db::Transaction& tx, std::string_view session) {
  TRY(tx.execute("DELETE FROM linking_proof WHERE session = $1", {db::BlobView{session}}));
  return {};
}

Result<void> purge(db::Transaction& tx, Time now, Time day) {
  TRY(tx.execute("DELETE FROM linking_proof WHERE expires_at <= $1", {to_millis(now)}));
  TRY(tx.execute("DELETE FROM linking_asked WHERE day_at <= $1", {to_millis(day)}));
  return {};
}

}  // namespace store
}  // namespace handschlag::linking
