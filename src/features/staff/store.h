// The SQL of staff: tables staff_*. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/staff/staff.h"

namespace handschlag::staff::store {

struct TokenRow {
  Token token;
  std::string digest;
};

struct MemberRow {
  Member member;
  std::string password_hash;
  std::string factor = {};  // sealed; "" where there is none
  std::int64_t factor_step = 0;
};

struct SessionRow {
  std::string digest;
  Id<Member> member;
  Time created_at{};
  Time last_seen_at{};
  Time expires_at{};
};

// The newest audit record; number 0 and an empty digest before the first.
struct AuditHead {
  std::int64_t last_id = 0;
  std::string digest;
};

// Digests of tokens or sessions, with the time when each was last used.
using Uses = std::vector<std::pair<std::string, Time>>;

Result<void> insert_token(db::Transaction& transaction, Token& token, std::string_view digest);  // gives it its id
// By id, those after `id`.
Result<std::vector<Token>> tokens(db::Transaction& transaction, std::int64_t id, std::size_t limit);
Result<std::optional<Token>> find_token(db::Transaction& transaction, Id<Token> id);
Result<std::optional<TokenRow>> find_token(db::Transaction& transaction, std::string_view digest);
Result<void> admit_token(db::Transaction& transaction, Id<Token> id);
// One that is revoked already stays as it is.
Result<void> revoke_token(db::Transaction& transaction, Id<Token> id, Time at);

// Gives it its id. Errors: conflict "unique": the login is taken.
Result<void> insert_member(db::Transaction& transaction, Member& member, std::string_view password_hash);
// By id, those after `id`.
Result<std::vector<Member>> members(db::Transaction& transaction, std::int64_t id, std::size_t limit);
Result<std::optional<MemberRow>> find_member(db::Transaction& transaction, Id<Member> id);
Result<std::optional<MemberRow>> find_member(db::Transaction& transaction, std::string_view login);
// Members with the role admin who are not disabled.
Result<std::int64_t> count_admins(db::Transaction& transaction);
// Of the audit: who made this member ("staff:3"), or last gave them a password; "" where nobody did.
Result<std::string> password_set_by(db::Transaction& transaction, std::string_view member);
// Of the audit: what was last done to this target; "" where nothing was.
Result<std::string> last_operation(db::Transaction& transaction, std::string_view target);
Result<void> update_member(db::Transaction& transaction, const MemberRow& row);

// The link by which the first admin comes in; there is one at a time.
Result<void> put_link(db::Transaction& transaction, std::string_view digest, Time expires_at);
Result<bool> has_link(db::Transaction& transaction, std::string_view digest, Time now);
Result<void> drop_links(db::Transaction& transaction);

Result<void> insert_session(db::Transaction& transaction, const SessionRow& session);
Result<std::optional<SessionRow>> find_session(db::Transaction& transaction, std::string_view digest);
Result<void> delete_session(db::Transaction& transaction, std::string_view digest);
Result<void> delete_sessions_of(db::Transaction& transaction, Id<Member> member);
Result<void> delete_sessions_over(db::Transaction& transaction, Time expired_by, Time idle_since);

Result<void> note_uses(db::Transaction& transaction, const Uses& uses);

// Draws the next record's number and answers the head as it was; holds off other writers until the transaction ends.
Result<AuditHead> lock_audit_head(db::Transaction& transaction);
Result<AuditHead> audit_head(db::Transaction& transaction);
Result<void> append_audit(db::Transaction& transaction, const AuditRecord& record);
Result<std::vector<AuditRecord>> audit_after(db::Transaction& transaction, std::int64_t id, std::size_t limit);
// Newest first; of one principal unless it is empty.
Result<std::vector<AuditRecord>> audit_before(db::Transaction& transaction, std::string_view principal, std::int64_t id,
                                              std::size_t limit);

}  // namespace handschlag::staff::store
