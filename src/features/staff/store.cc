#include "features/staff/store.h"

namespace handschlag::staff::store {
namespace {

db::Param optional_time(const std::optional<Time>& time) {
  return time ? db::Param(to_millis(*time)) : db::Param(std::monostate{});
}

std::optional<Time> optional_time(const db::Row& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_millis(row.integer(column)));
}

// A role that this program does not know was written by a newer one; the least of the roles is the safe reading.
Role role_of(std::string_view name) {
  return find_role(name).value_or(Role::executive);
}

Outcome outcome_of(std::string_view name) {
  if (name == "ok") return Outcome::ok;
  return name == "denied" ? Outcome::denied : Outcome::failed;
}

Result<std::int64_t> next_id(db::Transaction& transaction, std::string_view sequence) {
  std::int64_t id = 0;
  TRY(transaction.query("UPDATE staff_sequence SET last_id = last_id + 1 WHERE name = $1 RETURNING last_id", {sequence},
                        [&](const db::Row& row) { id = row.integer(0); }));
  return id;
}

Token token_of(const db::Row& row) {
  return {.id = {row.integer(0)},
          .name = std::string(row.text(1)),
          .role = role_of(row.text(2)),
          .region = std::string(row.text(3)),
          .created_by = std::string(row.text(4)),
          .created_at = from_millis(row.integer(5)),
          .expires_at = optional_time(row, 6),
          .revoked_at = optional_time(row, 7),
          .last_used_at = optional_time(row, 8),
          .purposes = gate::PurposeSet::from_bits(row.integer(9)),
          .waits = row.integer(10) != 0,
          .unit = std::string(row.text(11))};
}

Member member_of(const db::Row& row) {
  return {.id = {row.integer(0)},
          .login = std::string(row.text(1)),
          .display_name = std::string(row.text(2)),
          .role = role_of(row.text(3)),
          .created_at = from_millis(row.integer(4)),
          .disabled_at = optional_time(row, 5),
          .has_factor = !row.is_null(6),
          .unit = std::string(row.text(7))};
}

MemberRow member_row_of(const db::Row& row) {
  return {.member = member_of(row),
          .password_hash = std::string(row.text(8)),
          .factor = row.is_null(6) ? std::string() : std::string(row.blob(6)),
          .factor_step = row.integer(9)};
}

AuditRecord audit_of(const db::Row& row) {
  return {.id = row.integer(0),
          .at = from_millis(row.integer(1)),
          .entry = {.principal = std::string(row.text(2)),
                    .operation = std::string(row.text(3)),
                    .target = std::string(row.text(4)),
                    .trace_id = std::string(row.text(5)),
                    .outcome = outcome_of(row.text(6))},
          .digest = std::string(row.text(7))};
}

}  // namespace

Result<void> insert_token(db::Transaction& transaction, Token& token, std::string_view digest) {
  token.id = {TRY(next_id(transaction, "token"))};
  TRY(transaction.execute(
      "INSERT INTO staff_token (id, name, role, region, digest, created_by, created_at, expires_at, purposes, waits, "
      "unit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {token.id.value, token.name, name_of(token.role), token.region, db::BlobView{digest}, token.created_by,
       to_millis(token.created_at), optional_time(token.expires_at), token.purposes.bits(), std::int64_t{token.waits},
       token.unit}));
  return {};
}

Result<std::vector<Token>> tokens(db::Transaction& transaction, std::int64_t id, std::size_t limit) {
  std::vector<Token> found;
  TRY(transaction.query(
      "SELECT id, name, role, region, created_by, created_at, expires_at, revoked_at, last_used_at, "
      "purposes, waits, unit FROM staff_token WHERE id > $1 ORDER BY id LIMIT $2",
      {id, static_cast<std::int64_t>(limit)}, [&](const db::Row& row) { found.push_back(token_of(row)); }));
  return found;
}

Result<std::optional<Token>> find_token(db::Transaction& transaction, Id<Token> id) {
  std::optional<Token> found;
  TRY(
      transaction.query("SELECT id, name, role, region, created_by, created_at, expires_at, revoked_at, last_used_at, "
                        "purposes, waits, unit FROM staff_token WHERE id = $1",
                        {id.value}, [&](const db::Row& row) { found = token_of(row); }));
  return found;
}

Result<std::optional<TokenRow>> find_token(db::Transaction& transaction, std::string_view digest) {
  std::optional<TokenRow> found;
  TRY(transaction.query(
      "SELECT id, name, role, region, created_by, created_at, expires_at, revoked_at, last_used_at, purposes, "
      "waits, unit, digest FROM staff_token WHERE digest = $1",
      {db::BlobView{digest}}, [&](const db::Row& row) { found = TokenRow{token_of(row), std::string(row.blob(12))}; }));
  return found;
}

Result<void> admit_token(db::Transaction& transaction, Id<Token> id) {
  TRY(transaction.execute("UPDATE staff_token SET waits = 0 WHERE id = $1", {id.value}));
  return {};
}

Result<void> revoke_token(db::Transaction& transaction, Id<Token> id, Time at) {
  TRY(transaction.execute("UPDATE staff_token SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1",
                          {id.value, to_millis(at)}));
  return {};
}

Result<void> insert_member(db::Transaction& transaction, Member& member, std::string_view password_hash) {
  member.id = {TRY(next_id(transaction, "member"))};
  TRY(
      transaction.execute("INSERT INTO staff_member (id, login, display_name, role, password_hash, created_at, unit) "
                          "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                          {member.id.value, member.login, member.display_name, name_of(member.role), password_hash,
                           to_millis(member.created_at), member.unit}));
  return {};
}

Result<std::int64_t> count_admins(db::Transaction& transaction) {
  std::int64_t count = 0;
  TRY(transaction.query("SELECT count(*) FROM staff_member WHERE role = 'admin' AND disabled_at IS NULL", {},
                        [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

Result<std::string> password_set_by(db::Transaction& transaction, std::string_view member) {
  std::string principal;
  TRY(
      transaction.query("SELECT principal FROM staff_audit WHERE target = $1 AND outcome = 'ok' "
                        "AND operation IN ('createStaff', 'setStaffPassword') ORDER BY id DESC LIMIT 1",
                        {member}, [&](const db::Row& row) { principal = row.text(0); }));
  return principal;
}

Result<std::string> last_operation(db::Transaction& transaction, std::string_view target) {
  std::string operation;
  TRY(transaction.query("SELECT operation FROM staff_audit WHERE target = $1 ORDER BY id DESC LIMIT 1", {target},
                        [&](const db::Row& row) { operation = row.text(0); }));
  return operation;
}

Result<std::vector<Member>> members(db::Transaction& transaction, std::int64_t id, std::size_t limit) {
  std::vector<Member> found;
  TRY(transaction.query(
      "SELECT id, login, display_name, role, created_at, disabled_at, factor, unit FROM staff_member "
      "WHERE id > $1 ORDER BY id LIMIT $2",
      {id, static_cast<std::int64_t>(limit)}, [&](const db::Row& row) { found.push_back(member_of(row)); }));
  return found;
}

Result<std::optional<MemberRow>> find_member(db::Transaction& transaction, Id<Member> id) {
  std::optional<MemberRow> found;
  TRY(transaction.query(
      "SELECT id, login, display_name, role, created_at, disabled_at, factor, unit, password_hash, factor_step "
      "FROM staff_member WHERE id = $1",
      {id.value}, [&](const db::Row& row) { found = member_row_of(row); }));
  return found;
}

Result<std::optional<MemberRow>> find_member(db::Transaction& transaction, std::string_view login) {
  std::optional<MemberRow> found;
  TRY(transaction.query(
      "SELECT id, login, display_name, role, created_at, disabled_at, factor, unit, password_hash, factor_step "
      "FROM staff_member WHERE login = $1",
      {login}, [&](const db::Row& row) { found = member_row_of(row); }));
  return found;
}

Result<void> update_member(db::Transaction& transaction, const MemberRow& row) {
  TRY(transaction.execute(
      "UPDATE staff_member SET role = $2, disabled_at = $3, password_hash = $4, factor = $5, factor_step = $6, "
      "unit = $7 WHERE id = $1",
      {row.member.id.value, name_of(row.member.role), optional_time(row.member.disabled_at), row.password_hash,
       row.factor.empty() ? db::Param(std::monostate{}) : db::Param(db::BlobView{row.factor}), row.factor_step,
       row.member.unit}));
  return {};
}

Result<void> put_link(db::Transaction& transaction, std::string_view digest, Time expires_at) {
  TRY(drop_links(transaction));
  TRY(transaction.execute("INSERT INTO staff_link (digest, expires_at) VALUES ($1, $2)",
                          {db::BlobView{digest}, to_millis(expires_at)}));
  return {};
}

Result<bool> has_link(db::Transaction& transaction, std::string_view digest, Time now) {
  bool found = false;
  TRY(transaction.query("SELECT 1 FROM staff_link WHERE digest = $1 AND expires_at > $2",
                        {db::BlobView{digest}, to_millis(now)}, [&](const db::Row&) { found = true; }));
  return found;
}

Result<void> drop_links(db::Transaction& transaction) {
  TRY(transaction.execute("DELETE FROM staff_link", {}));
  return {};
}

Result<void> insert_session(db::Transaction& transaction, const SessionRow& session) {
  TRY(transaction.execute(
      "INSERT INTO staff_session (digest, member_id, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
      {db::BlobView{session.digest}, session.member.value, to_millis(session.created_at),
       to_millis(session.last_seen_at), to_millis(session.expires_at)}));
  return {};
}

Result<std::optional<SessionRow>> find_session(db::Transaction& transaction, std::string_view digest) {
  std::optional<SessionRow> found;
  TRY(transaction.query(
      "SELECT digest, member_id, created_at, last_seen_at, expires_at FROM staff_session WHERE digest = $1",
      {db::BlobView{digest}}, [&](const db::Row& row) {
        found = SessionRow{.digest = std::string(row.blob(0)),
                           .member = {row.integer(1)},
                           .created_at = from_millis(row.integer(2)),
                           .last_seen_at = from_millis(row.integer(3)),
                           .expires_at = from_millis(row.integer(4))};
      }));
  return found;
}

Result<void> delete_session(db::Transaction& transaction, std::string_view digest) {
  TRY(transaction.execute("DELETE FROM staff_session WHERE digest = $1", {db::BlobView{digest}}));
  return {};
}

Result<void> delete_sessions_of(db::Transaction& transaction, Id<Member> member) {
  TRY(transaction.execute("DELETE FROM staff_session WHERE member_id = $1", {member.value}));
  return {};
}

Result<void> delete_sessions_over(db::Transaction& transaction, Time expired_by, Time idle_since) {
  TRY(transaction.execute("DELETE FROM staff_session WHERE expires_at <= $1 OR last_seen_at <= $2",
                          {to_millis(expired_by), to_millis(idle_since)}));
  return {};
}

Result<void> note_uses(db::Transaction& transaction, const Uses& uses) {
  if (uses.empty()) return {};
  db::Batch batch(2);
  for (const auto& [digest, at] : uses) batch.add({db::BlobView{digest}, to_millis(at)});
  TRY(transaction.execute_batch(
      "UPDATE staff_token SET last_used_at = $2 WHERE digest = $1 AND coalesce(last_used_at, 0) < $2", batch));
  TRY(transaction.execute_batch("UPDATE staff_session SET last_seen_at = $2 WHERE digest = $1 AND last_seen_at < $2",
                                batch));
  return {};
}

Result<AuditHead> lock_audit_head(db::Transaction& transaction) {
  AuditHead head;
  TRY(transaction.query("UPDATE staff_audit_head SET last_id = last_id + 1 WHERE id = 1 RETURNING last_id, digest", {},
                        [&](const db::Row& row) { head = {row.integer(0) - 1, std::string(row.text(1))}; }));
  return head;
}

Result<AuditHead> audit_head(db::Transaction& transaction) {
  AuditHead head;
  TRY(transaction.query("SELECT last_id, digest FROM staff_audit_head WHERE id = 1", {},
                        [&](const db::Row& row) { head = {row.integer(0), std::string(row.text(1))}; }));
  return head;
}

Result<void> append_audit(db::Transaction& transaction, const AuditRecord& record) {
  TRY(
      transaction.execute("INSERT INTO staff_audit (id, at, principal, operation, target, trace_id, outcome, digest) "
                          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                          {record.id, to_millis(record.at), record.entry.principal, record.entry.operation,
                           record.entry.target, record.entry.trace_id, name_of(record.entry.outcome), record.digest}));
  TRY(transaction.execute("UPDATE staff_audit_head SET digest = $1 WHERE id = 1", {record.digest}));
  return {};
}

Result<std::vector<AuditRecord>> audit_after(db::Transaction& transaction, std::int64_t id, std::size_t limit) {
  std::vector<AuditRecord> found;
  TRY(transaction.query(
      "SELECT id, at, principal, operation, target, trace_id, outcome, digest FROM staff_audit "
      "WHERE id > $1 ORDER BY id LIMIT $2",
      {id, static_cast<std::int64_t>(limit)}, [&](const db::Row& row) { found.push_back(audit_of(row)); }));
  return found;
}

Result<std::vector<AuditRecord>> audit_before(db::Transaction& transaction, std::string_view principal, std::int64_t id,
                                              std::size_t limit) {
  std::vector<AuditRecord> found;
  const auto rows = static_cast<std::int64_t>(limit);
  auto keep = [&](const db::Row& row) { found.push_back(audit_of(row)); };
  if (principal.empty()) {
    TRY(
        transaction.query("SELECT id, at, principal, operation, target, trace_id, outcome, digest FROM staff_audit "
                          "WHERE id < $1 ORDER BY id DESC LIMIT $2",
                          {id, rows}, keep));
  } else {
    TRY(
        transaction.query("SELECT id, at, principal, operation, target, trace_id, outcome, digest FROM staff_audit "
                          "WHERE principal = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                          {principal, id, rows}, keep));
  }
  return found;
}

}  // namespace handschlag::staff::store
