#include "features/signups/store.h"

#include "embedded/migrations.h"

namespace handschlag::signups {

std::span<const db::Migration> migrations() {
  return embedded::signups_migrations;
}

namespace store {
namespace {

#define HANDSCHLAG_SIGNUPS_COLUMNS                                                                          \
  "id, state, address, source, purpose, notice, notice_version, notice_hash, language, country, asked_at, " \
  "expires_at, attempts, token, code, sealed "

Row read(const db::Row& row) {
  Row out;
  out.id = row.integer(0);
  out.state = static_cast<State>(row.integer(1));
  out.address = row.blob(2);
  out.source = row.integer(3);
  out.purpose = static_cast<gate::Purpose>(row.integer(4));
  out.notice = row.text(5);
  out.version = row.integer(6);
  out.hash = row.text(7);
  out.language = row.text(8);
  out.country = row.text(9);
  out.asked_at = from_millis(row.integer(10));
  out.expires_at = from_millis(row.integer(11));
  out.attempts = row.integer(12);
  out.token = row.blob(13);
  out.code = row.blob(14);
  out.sealed = row.blob(15);
  return out;
}

db::Param blob_or_null(std::string_view bytes) {
  return bytes.empty() ? db::Param(std::monostate{}) : db::Param(db::BlobView{bytes});
}

}  // namespace

Result<std::int64_t> allocate(db::Transaction& tx) {
  std::int64_t id = 0;
  TRY(tx.query("UPDATE signups_head SET last_id = last_id + 1 WHERE one = 1 RETURNING last_id", {},
               [&](const db::Row& row) { id = row.integer(0); }));
  return id;
}

Result<void> lock(db::Transaction& tx) {
  TRY(tx.execute("UPDATE signups_head SET last_id = last_id WHERE one = 1", {}));
  return {};
}

Result<void> insert(db::Transaction& tx, const Row& row) {
  TRY(
      tx.execute("INSERT INTO signups_request (id, state, address, source, purpose, notice, notice_version, "
                 "notice_hash, language, country, asked_at, expires_at, attempts, token, code, sealed) VALUES "
                 "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15)",
                 {row.id, static_cast<std::int64_t>(row.state), db::BlobView{row.address}, row.source,
                  static_cast<std::int64_t>(row.purpose), row.notice, row.version, row.hash, row.language, row.country,
                  to_millis(row.asked_at), to_millis(row.expires_at), blob_or_null(row.token), blob_or_null(row.code),
                  blob_or_null(row.sealed)}));
  return {};
}

Result<std::optional<Row>> find(db::Transaction& tx, std::int64_t id) {
  std::optional<Row> out;
  TRY(tx.query("SELECT " HANDSCHLAG_SIGNUPS_COLUMNS "FROM signups_request WHERE id = $1", {id},
               [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::optional<Row>> find_by_token(db::Transaction& tx, std::string_view token) {
  std::optional<Row> out;
  TRY(tx.query("SELECT " HANDSCHLAG_SIGNUPS_COLUMNS "FROM signups_request WHERE token = $1", {db::BlobView{token}},
               [&](const db::Row& row) { out = read(row); }));
  return out;
}

Result<std::vector<Row>> of_address(db::Transaction& tx, std::string_view address, std::int64_t source, Time now) {
  std::vector<Row> out;
  TRY(tx.query("SELECT " HANDSCHLAG_SIGNUPS_COLUMNS
               "FROM signups_request WHERE address = $1 AND source = $2 AND expires_at > $3 AND state > 1 "
               "ORDER BY id DESC LIMIT 100",
               {db::BlobView{address}, source, to_millis(now)}, [&](const db::Row& row) { out.push_back(read(row)); }));
  return out;
}

Result<std::int64_t> written_since(db::Transaction& tx, std::string_view address, Time since) {
  std::int64_t count = 0;
  TRY(tx.query("SELECT count(*) FROM signups_request WHERE address = $1 AND asked_at > $2 AND state > 1",
               {db::BlobView{address}, to_millis(since)}, [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

Result<void> set_written(db::Transaction& tx, const Row& row) {
  TRY(tx.execute("UPDATE signups_request SET state = 2, token = $1, code = $2 WHERE id = $3",
                 {db::BlobView{row.token}, db::BlobView{row.code}, row.id}));
  return {};
}

Result<bool> set_confirmed(db::Transaction& tx, std::int64_t id) {
  return TRY(tx.execute("UPDATE signups_request SET state = 3, sealed = NULL WHERE id = $1 AND state = 2", {id})) > 0;
}

Result<void> add_attempt(db::Transaction& tx, std::int64_t id) {
  TRY(tx.execute("UPDATE signups_request SET attempts = attempts + 1 WHERE id = $1", {id}));
  return {};
}

Result<void> remove(db::Transaction& tx, std::int64_t id) {
  TRY(tx.execute("DELETE FROM signups_request WHERE id = $1", {id}));
  return {};
}

Result<std::vector<std::int64_t>> left_over(db::Transaction& tx, Time before, std::int64_t limit) {
  std::vector<std::int64_t> out;
  TRY(tx.query("SELECT id FROM signups_request WHERE state = 1 AND asked_at < $1 ORDER BY asked_at LIMIT $2",
               {to_millis(before), limit}, [&](const db::Row& row) { out.push_back(row.integer(0)); }));
  return out;
}

Result<std::int64_t> purge(db::Transaction& tx, Time now, std::int64_t limit) {
  return tx.execute(
      "DELETE FROM signups_request WHERE id IN (SELECT id FROM signups_request WHERE expires_at <= $1 "
      "ORDER BY expires_at LIMIT $2)",
      {to_millis(now), limit});
}

}  // namespace store
}  // namespace handschlag::signups
