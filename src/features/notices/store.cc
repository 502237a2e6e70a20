#include "features/notices/store.h"

#include <algorithm>

#include "embedded/migrations.h"
#include "features/notices/codec.h"

namespace handschlag::notices {

std::span<const db::Migration> migrations() {
  return embedded::notices_migrations;
}

namespace store {
namespace {

db::Param time_or_null(const std::optional<Time>& time) {
  if (!time) return std::monostate();
  return to_millis(*time);
}

std::optional<Time> time_of(const db::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return from_millis(row.integer(column));
}

// What stands in a row's body, read as the API reads it: the same limits hold.
template <class T>
Result<void> read_body(std::string_view body, void (*read)(json::Reader&, T&), T& out) {
  const json::Value value = TRY(json::parse(body));
  json::Reader reader(value);
  read(reader, out);
  return reader.finish();
}

std::unexpected<Error> damaged(const Error& error) {
  return fail(ErrorKind::internal, "notice_damaged",
              "A stored purpose, notice or assessment can't be read: " + error.detail);
}

Result<Entry> entry_of(const db::Row& row) {
  Entry entry;
  const auto purpose = gate::find_purpose(row.text(0));
  if (!purpose) return fail(ErrorKind::internal, "purpose_unknown", "It names an unknown purpose.");
  entry.purpose = *purpose;
  TRY(read_body(row.text(1), read_entry, entry));
  entry.recorded_at = from_millis(row.integer(2));
  entry.recorded_by = row.text(3);
  return entry;
}

Result<NoticeVersion> notice_of(const db::Row& row) {
  NoticeVersion notice;
  TRY(read_body(row.text(3), read_notice, notice));
  notice.id = row.text(0);
  notice.version = row.integer(1);
  notice.status = find_status(row.text(2)).value_or(Status::draft);
  notice.hash = row.text(4);
  notice.drafted_at = from_millis(row.integer(5));
  notice.drafted_by = row.text(6);
  notice.published_at = time_of(row, 7);
  notice.published_by = row.text(8);
  notice.retired_at = time_of(row, 9);
  notice.retired_by = row.text(10);
  if (notice.hash == hash_of(notice)) return notice;
  return fail(ErrorKind::internal, "notice_hash", "Its hash is not that of its content.");
}

Result<Assessment> assessment_of(const db::Row& row) {
  Assessment out;
  out.number = row.integer(0);
  const auto purpose = gate::find_purpose(row.text(1));
  if (!purpose) return fail(ErrorKind::internal, "purpose_unknown", "It names an unknown purpose.");
  out.purpose = *purpose;
  out.interest = row.text(2);
  out.necessity = row.text(3);
  out.balancing = row.text(4);
  out.assessed_by = row.text(5);
  out.decided = TRY(law::parse_day(row.text(6)));
  out.expires = TRY(law::parse_day(row.text(7)));
  out.recorded_at = from_millis(row.integer(8));
  out.recorded_by = row.text(9);
  out.revoked_at = time_of(row, 10);
  out.revoked_by = row.text(11);
  out.revoked_for = row.text(12);
  return out;
}

template <class T>
Result<std::vector<T>> rows(db::Transaction& tx, std::string_view sql, Result<T> (*read)(const db::Row&)) {
  std::vector<T> out;
  std::optional<Error> error;
  TRY(tx.query(sql, {}, [&](const db::Row& row) {
    auto value = read(row);
    if (value) out.push_back(std::move(*value));
    if (!value) error = value.error();
  }));
  if (error) return damaged(*error);
  return out;
}

}  // namespace

Result<std::int64_t> revision(db::Transaction& tx) {
  std::int64_t out = 0;
  TRY(tx.query("SELECT revision FROM notices_head WHERE one = 1", {},
               [&](const db::Row& row) { out = row.integer(0); }));
  return out;
}

Result<void> raise_revision(db::Transaction& tx) {
  TRY(tx.execute("UPDATE notices_head SET revision = revision + 1 WHERE one = 1", {}));
  return {};
}

Result<std::vector<Entry>> entries(db::Transaction& tx) {
  auto out = TRY(rows<Entry>(tx, "SELECT purpose, body, recorded_at, recorded_by FROM notices_purpose", entry_of));
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.purpose < b.purpose; });
  return out;
}

Result<void> put(db::Transaction& tx, const Entry& entry) {
  TRY(
      tx.execute("INSERT INTO notices_purpose (purpose, body, recorded_at, recorded_by) VALUES ($1, $2, $3, $4) "
                 "ON CONFLICT (purpose) DO UPDATE SET body = excluded.body, recorded_at = excluded.recorded_at, "
                 "recorded_by = excluded.recorded_by",
                 {gate::info(entry.purpose).name, json::dump(content_of(entry)), to_millis(entry.recorded_at),
                  entry.recorded_by}));
  return {};
}

Result<void> remove(db::Transaction& tx, gate::Purpose purpose) {
  TRY(tx.execute("DELETE FROM notices_purpose WHERE purpose = $1", {gate::info(purpose).name}));
  return {};
}

Result<std::vector<NoticeVersion>> notices(db::Transaction& tx) {
  auto out = TRY(rows<NoticeVersion>(tx,
                                     "SELECT id, version, status, body, hash, drafted_at, drafted_by, published_at, "
                                     "published_by, retired_at, retired_by FROM notices_notice",
                                     notice_of));
  // Here, since databases sort text in ways of their own.
  std::sort(out.begin(), out.end(), [](const NoticeVersion& a, const NoticeVersion& b) {
    return std::tie(a.id, a.version) < std::tie(b.id, b.version);
  });
  return out;
}

Result<void> put(db::Transaction& tx, const NoticeVersion& notice) {
  TRY(tx.execute(
      "INSERT INTO notices_notice (id, version, status, body, hash, drafted_at, drafted_by, published_at, "
      "published_by, retired_at, retired_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
      "ON CONFLICT (id, version) DO UPDATE SET status = excluded.status, body = excluded.body, hash = excluded.hash, "
      "drafted_at = excluded.drafted_at, drafted_by = excluded.drafted_by, published_at = excluded.published_at, "
      "published_by = excluded.published_by, retired_at = excluded.retired_at, retired_by = excluded.retired_by",
      {notice.id, notice.version, name_of(notice.status), json::dump(content_of(notice)), notice.hash,
       to_millis(notice.drafted_at), notice.drafted_by, time_or_null(notice.published_at), notice.published_by,
       time_or_null(notice.retired_at), notice.retired_by}));
  return {};
}

Result<void> remove(db::Transaction& tx, const NoticeVersion& notice) {
  TRY(tx.execute("DELETE FROM notices_notice WHERE id = $1 AND version = $2", {notice.id, notice.version}));
  return {};
}

Result<std::vector<Assessment>> assessments(db::Transaction& tx) {
  return rows<Assessment>(tx,
                          "SELECT number, purpose, interest, necessity, balancing, assessed_by, decided, expires, "
                          "recorded_at, recorded_by, revoked_at, revoked_by, revoked_for FROM notices_assessment "
                          "ORDER BY number",
                          assessment_of);
}

Result<void> insert(db::Transaction& tx, const Assessment& each) {
  TRY(tx.execute(
      "INSERT INTO notices_assessment (number, purpose, interest, necessity, balancing, assessed_by, decided, expires, "
      "recorded_at, recorded_by, revoked_by, revoked_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '')",
      {each.number, gate::info(each.purpose).name, each.interest, each.necessity, each.balancing, each.assessed_by,
       law::to_text(each.decided), law::to_text(each.expires), to_millis(each.recorded_at), each.recorded_by}));
  return {};
}

Result<void> revoke(db::Transaction& tx, const Assessment& each) {
  TRY(tx.execute("UPDATE notices_assessment SET revoked_at = $2, revoked_by = $3, revoked_for = $4 WHERE number = $1",
                 {each.number, time_or_null(each.revoked_at), each.revoked_by, each.revoked_for}));
  return {};
}

}  // namespace store
}  // namespace handschlag::notices
