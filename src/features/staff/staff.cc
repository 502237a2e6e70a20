#include "features/staff/staff.h"

#include <fmt/format.h>

#include "embedded/migrations.h"
#include "features/staff/forms.h"
#include "features/staff/request_credential.h"
#include "features/staff/service.h"
#include "platform/base/cursor.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kTokenPrefix = "hst_";

std::unexpected<Error> no_token(Id<Token> id) {
  return fail(ErrorKind::not_found, "token_unknown", fmt::format("There is no token with id {}.", id.value));
}

// A page of rows in the order of their ids; `load` reads those after an id.
template <class Row, class Load>
Result<std::optional<std::string>> read_page(db::Database& database, std::string_view list, std::string_view cursor,
                                             std::size_t limit, std::vector<Row>& rows, const Load& load) {
  std::int64_t after = 0;
  if (!cursor.empty()) after = TRY(decode_cursor(cursor, list, 1)).front();
  TRY(database.read([&](db::Transaction& transaction) -> Result<void> {
    rows = TRY(load(transaction, after, limit + 1));
    return {};
  }));
  if (rows.size() <= limit) return std::optional<std::string>{};
  rows.pop_back();
  return std::optional(encode_cursor(list, {rows.back().id.value}));
}

}  // namespace

std::string token_name(Id<Token> id) {
  return fmt::format("token:{}", id.value);
}

std::string member_name(Id<Member> id) {
  return fmt::format("staff:{}", id.value);
}

std::unexpected<Error> refuse_credential(std::string_view code, std::string detail) {
  return fail(ErrorKind::unauthenticated, code, std::move(detail));
}

std::unexpected<Error> no_member(Id<Member> id) {
  return fail(ErrorKind::not_found, "member_unknown", fmt::format("There is no member of staff with id {}.", id.value));
}

Result<IssuedToken> StaffService::add_token(const Actor& actor, const NewToken& wanted) {
  const Time now = clock_.now();
  TRY(check_form(wanted, now));
  IssuedToken issued{.text = std::string(kTokenPrefix) + crypto::random_token()};
  const std::string digest = crypto::digest(issued.text);
  issued.waits = four_eyes_ && !actor.approved && takes_admission(wanted.role);
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    Token token{.name = wanted.name,
                .role = wanted.role,
                .region = wanted.region,
                .created_by = actor.principal,
                .created_at = now,
                .expires_at = wanted.expires_at,
                .purposes = wanted.purposes,
                .waits = issued.waits,
                .unit = wanted.unit};
    TRY(store::insert_token(transaction, token, digest));
    issued.id = token.id;
    return record(transaction, {actor.principal, "createToken", token_name(token.id), actor.trace_id});
  }));
  return issued;
}

Result<TokenPage> StaffService::tokens(std::string_view cursor, std::size_t limit) {
  TokenPage page;
  page.next = TRY(read_page(control_, "tokens", cursor, limit, page.tokens, store::tokens));
  return page;
}

Result<Token> StaffService::token(Id<Token> id) {
  std::optional<Token> found;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    found = TRY(store::find_token(transaction, id));
    return {};
  }));
  if (!found) return no_token(id);
  return *std::move(found);
}

Result<void> StaffService::revoke_token(const Actor& actor, Id<Token> id, const TokenCheck& check) {
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(record(transaction, {actor.principal, "revokeToken", token_name(id), actor.trace_id}));  // the lock: see below
    auto token = TRY(store::find_token(transaction, id));
    if (!token) return no_token(id);
    if (check) TRY(check(*token));
    return store::revoke_token(transaction, id, clock_.now());
  }));
  cache_.clear();
  return {};
}

Result<void> StaffService::admit_token(const Actor& actor, Id<Token> id) {
  TRY(check_four_eyes(actor, "admit_token", token_name(id)));
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    auto token = TRY(store::find_token(transaction, id));
    if (!token) return no_token(id);
    if (!token->waits) return {};
    TRY(record(transaction, {actor.principal, "admitToken", token_name(id), actor.trace_id}));
    return store::admit_token(transaction, id);
  }));
  cache_.clear();
  return {};
}

Result<void> StaffService::set_four_eyes(bool on) {
  TRY(note_four_eyes(control_, clock_, on));
  four_eyes_ = on;
  cache_.clear();
  return {};
}

Result<std::int64_t> StaffService::admins() {
  std::int64_t count = 0;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    count = TRY(store::count_admins(transaction));
    return {};
  }));
  return count;
}

Result<std::string> StaffService::hash(std::string_view password) {
  const HashingGate::Slot slot = TRY(hashing_.enter());
  return crypto::hash_password(password);
}

Result<Member> StaffService::add_member(const Actor& actor, const NewMember& wanted) {
  const std::string login = normalized_login(wanted.login);
  TRY(check_form(wanted, login));
  const std::string password_hash = TRY(hash(wanted.password));
  Member member{.login = login, .display_name = wanted.display_name, .role = wanted.role, .created_at = clock_.now()};
  member.unit = wanted.unit;
  auto written = control_.write([&](db::Transaction& transaction) -> Result<void> {
    if (four_eyes_) TRY(check_grant(transaction, actor, "", member.role));
    TRY(store::insert_member(transaction, member, password_hash));
    return record(transaction, {actor.principal, "createStaff", member_name(member.id), actor.trace_id});
  });
  if (!written && written.error().code == "unique") {
    return fail(ErrorKind::conflict, "login_taken", "A member of staff has this login already; choose another.");
  }
  TRY(written);
  return member;
}

Result<MemberPage> StaffService::members(std::string_view cursor, std::size_t limit) {
  MemberPage page;
  page.next = TRY(read_page(control_, "members", cursor, limit, page.members, store::members));
  return page;
}

Result<Member> StaffService::member(Id<Member> id) {
  std::optional<store::MemberRow> found;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    found = TRY(store::find_member(transaction, id));
    return {};
  }));
  if (!found) return no_member(id);
  return found->member;
}

// The audit comes first: whoever writes it holds its head until the end, so that changes take turns on PostgreSQL too,
// and what is read afterwards is what stands when the change is made.
Result<Member> StaffService::change_member(const Actor& actor, Id<Member> id, std::string_view operation,
                                           const MemberCheck& check, const Change& change) {
  store::MemberRow changed;
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(record(transaction, {actor.principal, std::string(operation), member_name(id), actor.trace_id}));
    auto row = TRY(store::find_member(transaction, id));
    if (!row) return no_member(id);
    if (check) TRY(check(row->member));
    changed = *row;
    TRY(change(transaction, changed));
    changed.member.has_factor = !changed.factor.empty();
    TRY(store::update_member(transaction, changed));
    const bool out = changed.member.disabled_at.has_value() || changed.password_hash != row->password_hash ||
                     changed.factor != row->factor;
    return out ? store::delete_sessions_of(transaction, id) : Result<void>{};
  }));
  cache_.clear();
  return changed.member;
}

Result<Member> StaffService::set_role(const Actor& actor, Id<Member> id, Role role,
                                      const std::optional<std::string>& unit, const MemberCheck& check) {
  const Change change = [&](db::Transaction& transaction, store::MemberRow& row) -> Result<void> {
    if (actor.principal == member_name(id) && role != row.member.role) {
      return fail(ErrorKind::conflict, "own_account", "Nobody can change their own role; ask another admin.");
    }
    const std::string& limit = unit ? *unit : row.member.unit;
    TRY(check_role_of_member(role, limit));
    if (four_eyes_ && row.member.role != role) TRY(check_grant(transaction, actor, member_name(id), role));
    row.member.role = role;
    row.member.unit = limit;
    return {};
  };
  return change_member(actor, id, "setStaffRole", check, change);
}

Result<Member> StaffService::set_state(const Actor& actor, Id<Member> id, MemberState state, const MemberCheck& check) {
  return change_member(actor, id, "setStaffState", check, [&](db::Transaction&, store::MemberRow& row) -> Result<void> {
    if (state == MemberState::enabled) {
      row.member.disabled_at.reset();
      return {};
    }
    if (actor.principal == member_name(id)) {
      return fail(ErrorKind::conflict, "own_account", "Nobody can disable themselves; ask another admin.");
    }
    if (!row.member.disabled_at) row.member.disabled_at = clock_.now();
    return {};
  });
}

Result<void> StaffService::set_password(const Actor& actor, Id<Member> id, std::string_view password,
                                        const MemberCheck& check) {
  TRY(check_password_form(password));
  const std::string password_hash = TRY(hash(password));
  TRY(change_member(actor, id, "setStaffPassword", check, [&](db::Transaction&, store::MemberRow& row) -> Result<void> {
    if (four_eyes_) TRY(check_password_of(actor, member_name(id), row.member.role));
    row.password_hash = password_hash;
    return {};
  }));
  return {};
}

std::unique_ptr<Staff> Staff::create(db::Database& control, const Clock& clock, Settings settings) {
  return std::make_unique<StaffService>(control, clock, settings);
}

std::span<const db::Migration> migrations() {
  return embedded::staff_migrations;
}

}  // namespace handschlag::staff
