#include "features/staff/staff.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>

#include "embedded/migrations.h"
#include "features/staff/audit.h"
#include "features/staff/credential_cache.h"
#include "features/staff/forms.h"
#include "features/staff/four_eyes.h"
#include "features/staff/hashing_gate.h"
#include "features/staff/request_credential.h"
#include "features/staff/store.h"
#include "features/staff/throttle.h"
#include "platform/base/cursor.h"
#include "platform/base/label.h"
#include "platform/crypto/crypto.h"
#include "platform/http/workers.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kTokenPrefix = "hst_";
constexpr std::string_view kSessionPrefix = "hss_";
constexpr std::size_t kCredentialBytes = 4 + 43;  // the prefix and 256 bits in base64url

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

std::unexpected<Error> no_token(Id<Token> id) {
  return fail(ErrorKind::not_found, "token_unknown", fmt::format("There is no token with id {}.", id.value));
}

class StaffService final : public Staff {
 public:
  StaffService(db::Database& control, const Clock& clock, Settings settings)
      : control_(control),
        clock_(clock),
        settings_(settings),
        cache_(settings.cached_credentials, settings.cache_lifetime),
        hashing_(settings.hashings_at_once, settings.hashing_wait),
        sign_in_threads_(settings.hashings_at_once, settings.sign_ins_waiting) {}

  const Settings& settings() const override { return settings_; }

  Result<void> set_four_eyes(bool on) override;
  bool four_eyes() const override { return four_eyes_; }
  Result<void> check_four_eyes(const Actor& actor, std::string_view operation, std::string_view target) const override {
    return four_eyes_ ? refuse_alone(actor, operation, target) : Result<void>{};
  }
  Result<std::int64_t> admins() override;
  Result<std::string> password_set_by(db::Transaction& transaction, Id<Member> id) override {
    return store::password_set_by(transaction, member_name(id));
  }

  Result<IssuedToken> add_token(const Actor& actor, const NewToken& token) override;
  Result<TokenPage> tokens(std::string_view cursor, std::size_t limit) override;
  Result<Token> token(Id<Token> id) override;
  Result<void> admit_token(const Actor& actor, Id<Token> id) override;
  Result<void> revoke_token(const Actor& actor, Id<Token> id, const TokenCheck& check) override;

  Result<Member> add_member(const Actor& actor, const NewMember& member) override;
  Result<MemberPage> members(std::string_view cursor, std::size_t limit) override;
  Result<Member> member(Id<Member> id) override;
  Result<Member> set_role(const Actor& actor, Id<Member> id, Role role, const MemberCheck& check) override;
  Result<Member> set_state(const Actor& actor, Id<Member> id, MemberState state, const MemberCheck& check) override;
  Result<void> set_password(const Actor& actor, Id<Member> id, std::string_view password,
                            const MemberCheck& check) override;

  Result<Session> sign_in(std::string_view login, std::string_view password, std::string_view client_address,
                          std::string_view trace_id) override;
  Result<Session> change_password(std::string_view session_text, std::string_view current, std::string_view password,
                                  std::string_view client_address, std::string_view trace_id) override;
  Result<void> post_sign_in(std::function<void()> task) override {
    return sign_in_threads_.try_post(std::move(task)) ? Result<void>{} : Result<void>(too_many_sign_ins());
  }
  Result<Session> session(std::string_view session_text) override;
  Result<void> sign_out(std::string_view session_text, std::string_view trace_id) override;

  Result<http::Principal> authenticate(std::string_view credential) override;
  Result<http::Principal> authenticate(const http::Request& request) override;
  Result<void> maintain() override;

  Result<void> record(db::Transaction& transaction, const AuditEntry& entry) override {
    return append_audit(transaction, entry, clock_.now());
  }
  Result<void> record(const AuditEntry& entry) override {
    return control_.write([&](db::Transaction& transaction) { return record(transaction, entry); });
  }
  Result<AuditPage> audit(std::string_view principal, std::string_view cursor, std::size_t limit) override {
    return read_audit(control_, principal, cursor, limit);
  }
  Result<AuditCheck> verify_audit() override { return check_audit(control_); }

 private:
  struct FoundSession {
    store::SessionRow session;
    Member member;
  };
  using Change = std::function<Result<void>(db::Transaction&, store::MemberRow&)>;

  Result<std::string> hash(std::string_view password);
  Result<std::optional<store::MemberRow>> check_password(const std::string& login, std::string_view password);
  Result<Session> open_session(const store::MemberRow& checked, std::string_view trace_id);
  Result<Member> change_member(const Actor& actor, Id<Member> id, std::string_view operation, const MemberCheck& check,
                               const Change& change);
  Result<FoundSession> find_session(std::string_view session_text);
  Result<http::Principal> load_token(const std::string& digest, std::optional<Time>& valid_until);
  Result<http::Principal> load_session(std::string_view text, std::optional<Time>& valid_until);

  db::Database& control_;
  const Clock& clock_;
  const Settings settings_;
  std::atomic<bool> four_eyes_{false};
  CredentialCache cache_;
  HashingGate hashing_;
  SignInThrottle throttle_;
  std::once_flag decoy_made_;
  std::string decoy_hash_;         // of no password: what an unknown login is checked against
  http::Workers sign_in_threads_;  // last: its tasks use all of the above
};

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
                .waits = issued.waits};
    TRY(store::insert_token(transaction, token, digest));
    issued.id = token.id;
    return record(transaction, {actor.principal, "createToken", token_name(token.id), actor.trace_id});
  }));
  return issued;
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
    TRY(store::update_member(transaction, changed));
    const bool out = changed.member.disabled_at.has_value() || changed.password_hash != row->password_hash;
    return out ? store::delete_sessions_of(transaction, id) : Result<void>{};
  }));
  cache_.clear();
  return changed.member;
}

Result<Member> StaffService::set_role(const Actor& actor, Id<Member> id, Role role, const MemberCheck& check) {
  const Change change = [&](db::Transaction& transaction, store::MemberRow& row) -> Result<void> {
    if (actor.principal == member_name(id) && role != row.member.role) {
      return fail(ErrorKind::conflict, "own_account", "Nobody can change their own role; ask another admin.");
    }
    TRY(check_role_of_member(role));
    if (four_eyes_ && row.member.role != role) TRY(check_grant(transaction, actor, member_name(id), role));
    row.member.role = role;
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

// Takes the same steps whether or not the login exists, so that the time tells nothing.
Result<std::optional<store::MemberRow>> StaffService::check_password(const std::string& login,
                                                                     std::string_view password) {
  const HashingGate::Slot slot = TRY(hashing_.enter());
  std::call_once(decoy_made_, [this] { decoy_hash_ = crypto::hash_password(crypto::random_token()); });
  std::optional<store::MemberRow> row;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    row = TRY(store::find_member(transaction, login));
    return {};
  }));
  const bool right = crypto::verify_password(row ? row->password_hash : decoy_hash_, password);
  if (!right || !row || row->member.disabled_at) return std::optional<store::MemberRow>{};
  return row;
}

Result<Session> StaffService::sign_in(std::string_view login_text, std::string_view password,
                                      std::string_view client_address, std::string_view trace_id) {
  // What add_member() would not take is no login; it is cut so that it fills no memory.
  const std::string login = normalized_login(login_text.substr(0, kMaxLoginBytes));
  if (!is_label(login, kMaxLoginBytes) || password.size() > kMaxPasswordBytes) {
    return refuse_credential("sign_in_refused", "The login or the password is not right; check both and try again.");
  }
  TRY(throttle_.admit(login, client_address, clock_.now()));
  auto checked = check_password(login, password);
  if (!checked) {
    throttle_.dropped(login, client_address);
    return std::unexpected(checked.error());
  }
  if (!*checked) {
    TRY(record({"anonymous", "createSession", "", std::string(trace_id), Outcome::denied}));
    return refuse_credential("sign_in_refused", "The login or the password is not right; check both and try again.");
  }
  throttle_.passed(login, client_address);
  return open_session(**checked, trace_id);
}

Result<Session> StaffService::change_password(std::string_view session_text, std::string_view current,
                                              std::string_view password, std::string_view client_address,
                                              std::string_view trace_id) {
  const FoundSession found = TRY(find_session(session_text));
  const std::string& login = found.member.login;
  std::vector<FieldError> errors;
  check_password_form("/password", password, errors);
  if (!errors.empty()) return invalid(std::move(errors));
  TRY(throttle_.admit(login, client_address, clock_.now()));
  auto checked = check_password(login, current);
  if (!checked) {
    throttle_.dropped(login, client_address);
    return std::unexpected(checked.error());
  }
  const std::string name = member_name(found.member.id);
  if (!*checked) {
    TRY(record({name, "setOwnPassword", name, std::string(trace_id), Outcome::denied}));
    return refuse_credential("sign_in_refused", "The current password is not right; check it and try again.");
  }
  throttle_.passed(login, client_address);
  store::MemberRow row = **checked;
  row.password_hash = TRY(hash(password));
  TRY(change_member({name, std::string(trace_id)}, found.member.id, "setOwnPassword", {},
                    [&](store::MemberRow& current_row) -> Result<void> {
                      current_row.password_hash = row.password_hash;
                      return {};
                    }));
  return open_session(row, trace_id);
}

Result<Session> StaffService::open_session(const store::MemberRow& checked, std::string_view trace_id) {
  const Time now = clock_.now();
  const std::string text = std::string(kSessionPrefix) + crypto::random_token();
  const store::SessionRow row{.digest = crypto::digest(text),
                              .member = checked.member.id,
                              .created_at = now,
                              .last_seen_at = now,
                              .expires_at = now + settings_.session_lifetime};
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    // The password may have been changed, or the member disabled, while this one was being checked.
    auto current = TRY(store::find_member(transaction, checked.member.id));
    if (!current || current->member.disabled_at || current->password_hash != checked.password_hash) {
      return refuse_credential("sign_in_refused", "The login or the password is not right; check both and try again.");
    }
    TRY(store::insert_session(transaction, row));
    const std::string name = member_name(checked.member.id);
    return record(transaction, {name, "createSession", name, std::string(trace_id)});
  }));
  return Session{
      .text = text, .csrf_token = csrf_token_of(text), .member = checked.member, .expires_at = row.expires_at};
}

Result<StaffService::FoundSession> StaffService::find_session(std::string_view session_text) {
  const std::string digest = crypto::digest(session_text);
  const Time now = clock_.now();
  std::optional<FoundSession> found;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    auto row = TRY(store::find_session(transaction, digest));
    if (!row || !crypto::equal(row->digest, digest)) return {};
    auto member = TRY(store::find_member(transaction, row->member));
    const bool over = row->expires_at <= now || row->last_seen_at + settings_.session_idle <= now;
    if (!over && member && !member->member.disabled_at) found = FoundSession{*row, member->member};
    return {};
  }));
  if (!found) return refuse_credential("session_invalid", "The session is over; sign in again.");
  return *found;
}

Result<Session> StaffService::session(std::string_view session_text) {
  const FoundSession found = TRY(find_session(session_text));
  return Session{.text = std::string(session_text),
                 .csrf_token = csrf_token_of(session_text),
                 .member = found.member,
                 .expires_at = found.session.expires_at};
}

Result<void> StaffService::sign_out(std::string_view session_text, std::string_view trace_id) {
  auto found = find_session(session_text);
  if (!found) return {};
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(store::delete_session(transaction, found->session.digest));
    const std::string name = member_name(found->member.id);
    return record(transaction, {name, "deleteSession", name, std::string(trace_id)});
  }));
  cache_.clear();
  return {};
}

Result<http::Principal> StaffService::load_token(const std::string& digest, std::optional<Time>& valid_until) {
  std::optional<store::TokenRow> row;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    row = TRY(store::find_token(transaction, digest));
    return {};
  }));
  const bool known = row && crypto::equal(row->digest, digest) && !row->token.revoked_at;
  if (!known || (row->token.expires_at && *row->token.expires_at <= clock_.now())) {
    return refuse_credential("token_invalid", "The token is unknown, expired or revoked; ask an admin for a new one.");
  }
  if (row->token.waits && four_eyes_) {
    return refuse_credential("token_waits", fmt::format("Token {} waits for a second person's approval: ask for "
                                                        "admit_token of {}.",
                                                        row->token.id.value, token_name(row->token.id)));
  }
  valid_until = row->token.expires_at;
  Caller caller{
      .role = row->token.role, .region = row->token.region, .token = row->token.id, .purposes = row->token.purposes};
  return http::Principal{token_name(row->token.id), std::string(name_of(caller.role)), caller};
}

Result<http::Principal> StaffService::load_session(std::string_view text, std::optional<Time>& valid_until) {
  const FoundSession found = TRY(find_session(text));
  valid_until = found.session.expires_at;
  Caller caller{.role = found.member.role, .member = found.member.id};
  return http::Principal{member_name(caller.member), std::string(name_of(caller.role)), caller};
}

Result<http::Principal> StaffService::authenticate(std::string_view credential) {
  const bool is_session = credential.starts_with(kSessionPrefix);
  if (credential.size() != kCredentialBytes || (!is_session && !credential.starts_with(kTokenPrefix))) {
    return refuse_credential("token_invalid", "This is not a Handschlag token; it should begin with hst_.");
  }
  const std::string digest = crypto::digest(credential);
  const Time now = clock_.now();
  const std::uint64_t generation = cache_.generation();
  if (auto known = cache_.find(digest, now)) return *std::move(known);
  std::optional<Time> valid_until;
  http::Principal principal = TRY(is_session ? load_session(credential, valid_until) : load_token(digest, valid_until));
  cache_.put(generation, digest, principal, valid_until, now);
  return principal;
}

Result<void> StaffService::maintain() {
  store::Uses uses = cache_.take_uses();
  std::sort(uses.begin(), uses.end());  // one order of locks on every node
  const Time now = clock_.now();
  return control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(store::note_uses(transaction, uses));
    return store::delete_sessions_over(transaction, now, now - settings_.session_idle);
  });
}

Result<http::Principal> StaffService::authenticate(const http::Request& request) {
  if (!request.header("Authorization").empty()) return authenticate(bearer_token(request));
  const std::string_view text = session_text(request);
  if (text.empty()) {
    return refuse_credential("credential_missing", "Sign in, or send a token as 'Authorization: Bearer hst_...'.");
  }
  http::Principal principal = TRY(authenticate(text));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && !crypto::equal(request.header(kCsrfHeader), csrf_token_of(text))) {
    return fail(ErrorKind::forbidden, "csrf_invalid",
                fmt::format("Send the session's csrf_token in the header {}.", kCsrfHeader));
  }
  return principal;
}

}  // namespace

std::unique_ptr<Staff> Staff::create(db::Database& control, const Clock& clock, Settings settings) {
  return std::make_unique<StaffService>(control, clock, settings);
}

std::span<const db::Migration> migrations() {
  return embedded::staff_migrations;
}

}  // namespace handschlag::staff
