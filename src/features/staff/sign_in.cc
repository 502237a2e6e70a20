#include <fmt/format.h>

#include <algorithm>

#include "features/staff/forms.h"
#include "features/staff/request_credential.h"
#include "features/staff/service.h"
#include "platform/base/label.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kTokenPrefix = "hst_";
constexpr std::string_view kSessionPrefix = "hss_";
constexpr std::size_t kCredentialBytes = 4 + 43;  // the prefix and 256 bits in base64url

std::unexpected<Error> refused() {
  return refuse_credential("sign_in_refused", "The login or the password is not right; check both and try again.");
}

// What somebody may do who still has to set up a second factor.
constexpr std::string_view kBeforeFactor[] = {"getSession",     "deleteSession",     "deleteSessions",
                                              "setOwnPassword", "offerSecondFactor", "setSecondFactor"};

Result<void> check_factor(const Caller& caller, std::string_view operation) {
  if (!caller.factor_missing ||
      std::find(std::begin(kBeforeFactor), std::end(kBeforeFactor), operation) != std::end(kBeforeFactor)) {
    return {};
  }
  return fail(ErrorKind::forbidden, "second_factor_missing",
              "This role signs in with a one-time code beside the password; set it up first, in the desk.");
}

}  // namespace

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
                                      std::string_view client_address, std::string_view trace_id,
                                      std::string_view code) {
  // What add_member() would not take is no login; it is cut so that it fills no memory.
  const std::string login = normalized_login(login_text.substr(0, kMaxLoginBytes));
  if (!is_label(login, kMaxLoginBytes) || password.size() > kMaxPasswordBytes) return refused();
  TRY(throttle_.admit(login, client_address, clock_.now()));
  auto checked = check_password(login, password);
  if (!checked) {
    throttle_.dropped(login, client_address);
    return std::unexpected(checked.error());
  }
  if (!*checked) {
    TRY(record({"anonymous", "createSession", "", std::string(trace_id), Outcome::denied}));
    return refused();
  }
  auto step = check_code(**checked, code);
  if (!step) {
    // Who has not been asked for a code yet has guessed nothing.
    if (step.error().code == "code_needed") throttle_.dropped(login, client_address);
    const std::string name = member_name((*checked)->member.id);
    if (!code.empty()) TRY(record({name, "createSession", name, std::string(trace_id), Outcome::denied}));
    return std::unexpected(step.error());
  }
  throttle_.passed(login, client_address);
  return open_session(**checked, *step, trace_id);
}

Result<Session> StaffService::change_password(std::string_view session_text, std::string_view current,
                                              std::string_view password, std::string_view client_address,
                                              std::string_view trace_id) {
  const FoundSession found = TRY(find_session(session_text));
  const std::string& login = found.member.login;
  TRY(check_password_form(password));
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
                    [&](db::Transaction&, store::MemberRow& current_row) -> Result<void> {
                      current_row.password_hash = row.password_hash;
                      return {};
                    }));
  return open_session(row, 0, trace_id);
}

// `factor_step`: of the code that was given; it is good only once.
Result<Session> StaffService::open_session(const store::MemberRow& checked, std::int64_t factor_step,
                                           std::string_view trace_id) {
  const Time now = clock_.now();
  const std::string text = std::string(kSessionPrefix) + crypto::random_token();
  const store::SessionRow row{.digest = crypto::digest(text),
                              .member = checked.member.id,
                              .created_at = now,
                              .last_seen_at = now,
                              .expires_at = now + settings_.session_lifetime};
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    const std::string name = member_name(checked.member.id);
    TRY(record(transaction, {name, "createSession", name, std::string(trace_id)}));
    // The password may have been changed, or the member disabled, while this one was being checked.
    auto current = TRY(store::find_member(transaction, checked.member.id));
    if (!current || current->member.disabled_at || current->password_hash != checked.password_hash) return refused();
    if (factor_step > 0) {
      if (current->factor != checked.factor || current->factor_step >= factor_step) return refuse_code();
      current->factor_step = factor_step;
      TRY(store::update_member(transaction, *current));
    }
    return store::insert_session(transaction, row);
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

Result<void> StaffService::sign_out_everywhere(std::string_view session_text, std::string_view trace_id) {
  const FoundSession found = TRY(find_session(session_text));
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    const std::string name = member_name(found.member.id);
    TRY(record(transaction, {name, "deleteSessions", name, std::string(trace_id)}));
    return store::delete_sessions_of(transaction, found.member.id);
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
  caller.unit = row->token.unit;
  return http::Principal{token_name(row->token.id), std::string(name_of(caller.role)), caller};
}

Result<http::Principal> StaffService::load_session(std::string_view text, std::optional<Time>& valid_until) {
  const FoundSession found = TRY(find_session(text));
  valid_until = found.session.expires_at;
  Caller caller{.role = found.member.role,
                .member = found.member.id,
                .factor_missing = needs_factor(found.member.role) && !found.member.has_factor,
                .unit = found.member.unit};
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
  if (!request.header("Authorization").empty()) {
    http::Principal bearer = TRY(authenticate(bearer_token(request)));
    TRY(check_factor(std::any_cast<const Caller&>(bearer.who), request.operation));
    return bearer;
  }
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
  TRY(check_factor(std::any_cast<const Caller&>(principal.who), request.operation));
  return principal;
}

Result<void> StaffService::still_in(const http::Request& request) {
  const bool by_token = !request.header("Authorization").empty();
  const std::string credential(by_token ? bearer_token(request) : session_text(request));
  std::optional<Time> valid_until;
  const http::Principal now =
      TRY(by_token ? load_token(crypto::digest(credential), valid_until) : load_session(credential, valid_until));
  const bool same = now.id == request.principal.id && now.role == request.principal.role &&
                    unit_of(now) == unit_of(request.principal);
  if (same) return {};
  return refuse_credential("session_invalid", "The session is over; sign in again.");
}

}  // namespace handschlag::staff
