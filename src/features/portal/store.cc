#include "features/portal/store.h"

#include "embedded/migrations.h"
#include "features/portal/portal.h"

namespace handschlag::portal {

std::span<const db::Migration> migrations() {
  return embedded::portal_migrations;
}

namespace store {

Result<Asked> count(db::Transaction& tx, std::string_view address, Time now) {
  Asked out;
  const std::int64_t at = to_millis(now);
  const std::int64_t hour = to_millis(now - std::chrono::hours{1});
  const std::int64_t day = to_millis(now - std::chrono::days{1});
  TRY(
      tx.query("INSERT INTO portal_code (address, code, attempts, expires_at, hour_at, hour_count, day_at, day_count) "
               "VALUES ($1, $2, 0, 0, $3, 1, $3, 1) ON CONFLICT (address) DO UPDATE SET "
               "hour_count = CASE WHEN portal_code.hour_at <= $4 THEN 1 ELSE portal_code.hour_count + 1 END, "
               "hour_at = CASE WHEN portal_code.hour_at <= $4 THEN $3 ELSE portal_code.hour_at END, "
               "day_count = CASE WHEN portal_code.day_at <= $5 THEN 1 ELSE portal_code.day_count + 1 END, "
               "day_at = CASE WHEN portal_code.day_at <= $5 THEN $3 ELSE portal_code.day_at END "
               "RETURNING hour_count, day_count",
               {db::BlobView{address}, db::BlobView{""}, at, hour, day},
               [&](const db::Row& row) { out = {row.integer(0), row.integer(1)}; }));
  return out;
}

Result<void> put_code(db::Transaction& tx, std::string_view address, std::string_view code, Time expires_at) {
  TRY(tx.execute("UPDATE portal_code SET code = $1, attempts = 0, expires_at = $2 WHERE address = $3",
                 {db::BlobView{code}, to_millis(expires_at), db::BlobView{address}}));
  return {};
}

Result<std::optional<Code>> attempt(db::Transaction& tx, std::string_view address) {
  std::optional<Code> out;
  TRY(tx.query("UPDATE portal_code SET attempts = attempts + 1 WHERE address = $1 RETURNING code, attempts, expires_at",
               {db::BlobView{address}}, [&](const db::Row& row) {
                 out = Code{std::string(row.blob(0)), row.integer(1), from_millis(row.integer(2))};
               }));
  return out;
}

Result<void> use_code(db::Transaction& tx, std::string_view address) {
  TRY(tx.execute("UPDATE portal_code SET code = $1 WHERE address = $2", {db::BlobView{""}, db::BlobView{address}}));
  return {};
}

Result<void> insert(db::Transaction& tx, const Session& session) {
  TRY(tx.execute("INSERT INTO portal_session (digest, sealed, seen_at, expires_at) VALUES ($1, $2, $3, $4)",
                 {db::BlobView{session.digest}, db::BlobView{session.sealed}, to_millis(session.seen_at),
                  to_millis(session.expires_at)}));
  return {};
}

Result<std::optional<Session>> find(db::Transaction& tx, std::string_view digest) {
  std::optional<Session> out;
  TRY(tx.query("SELECT digest, sealed, seen_at, expires_at FROM portal_session WHERE digest = $1",
               {db::BlobView{digest}}, [&](const db::Row& row) {
                 out = Session{std::string(row.blob(0)), std::string(row.blob(1)), from_millis(row.integer(2)),
                               from_millis(row.integer(3))};
               }));
  return out;
}

Result<void> see(db::Transaction& tx, std::string_view digest, Time now) {
  TRY(tx.execute("UPDATE portal_session SET seen_at = $1 WHERE digest = $2 AND seen_at < $1",
                 {to_millis(now), db::BlobView{digest}}));
  return {};
}

Result<void> remove(db::Transaction& tx, std::string_view digest) {
  TRY(tx.execute("DELETE FROM portal_session WHERE digest = $1", {db::BlobView{digest}}));
  return {};
}

Result<void> purge(db::Transaction& tx, Time now, Time idle, Time day) {
  TRY(tx.execute("DELETE FROM portal_session WHERE expires_at <= $1 OR seen_at <= $2",
                 {to_millis(now), to_millis(idle)}));
  TRY(tx.execute("DELETE FROM portal_code WHERE day_at <= $1 AND expires_at <= $2", {to_millis(day), to_millis(now)}));
  return {};
}

}  // namespace store
}  // namespace handschlag::portal
