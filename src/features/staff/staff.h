// Staff: who of the company (and which of its programs) may come in, with which role, and the record of what they did.
//
//   Actor actor{"token:7", request.trace_id};
//   IssuedToken issued = TRY(staff.add_token(actor, {.name = "dashboard", .role = Role::executive}));
//   http::Principal who = TRY(staff.authenticate(issued.text));
//
// Thread-safe. Everything is kept in the control database. Each change is one transaction of its own, which also writes
// the audit entry: what is done is recorded, and what is not recorded is not done.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/purposes.h"
#include "platform/base/clock.h"
#include "platform/base/id.h"
#include "platform/base/result.h"
#include "platform/crypto/crypto.h"
#include "platform/db/db.h"
#include "platform/http/http.h"
#include "platform/http/router.h"

namespace handschlag::staff {

// Enumerators are spelled as on the wire, but for `operator`, which C++ keeps for itself.
enum class Role : std::uint8_t {
  admin,
  operator_,
  agent,
  supervisor,
  experience_manager,
  marketer,
  sales,
  broker,
  data_protection_officer,
  executive,
  integration,  // of tokens only: a program that hands events to other systems
};

struct RoleInfo {
  Role role;
  std::string_view name;    // as on the wire
  std::string_view german;  // what the role is for, one line
  std::string_view english;
};

std::span<const RoleInfo> roles();
std::string_view name_of(Role role);
std::optional<Role> find_role(std::string_view name);
// Who has it decides about others: admin and data_protection_officer.
bool is_grave(Role role);

// Units: the tree of company, region, branch, as paths of lower-case names: "" is the whole company, "south" a part of
// it, "south/munich" a part of that. There is no list of them: the tree is what sources, members and tokens name.
//
// Whether this is "" or 1 to 5 names of 1 to 40 of a-z, 0-9 and "-", with "/" between them.
bool is_unit(std::string_view text);
// The form of units, for errors.
std::string_view unit_form();
// Whether `unit` is `of`, or lies below it.
bool is_within(std::string_view unit, std::string_view of);
// Whether who has a role may, or must, be limited to a unit: then they see what the sources of that unit and of those
// below brought, and nothing else. Who acts on the whole installation may not.
enum class UnitUse : std::uint8_t { none, optional, required };
UnitUse unit_use(Role role);
std::string_view name_of(UnitUse use);

std::span<const db::Migration> migrations();

// On whose behalf something is done: for the audit. `principal` is as in http::Principal, or "cli".
struct Actor {
  std::string principal;
  std::string trace_id;
  bool approved = false;  // by a second person, see features/approvals
};

struct NewToken {
  std::string name;  // a label for people, up to 100 bytes
  Role role = Role::agent;
  std::string region = {};              // the only region it may see; empty: all
  std::optional<Time> expires_at = {};  // never, where it is missing
  gate::PurposeSet purposes = {};       // of the role integration, and of it alone: for what it may have events
  std::string unit = {};                // to which it is limited; empty: not
};

struct Token {
  Id<Token> id = {};
  std::string name;
  Role role = Role::agent;
  std::string region = {};
  std::string created_by;  // a principal
  Time created_at{};
  std::optional<Time> expires_at = {};
  std::optional<Time> revoked_at = {};
  std::optional<Time> last_used_at = {};  // to about a minute
  gate::PurposeSet purposes = {};
  bool waits = false;  // for a second person's approval; see Staff::admit_token()
  std::string unit = {};
};

struct TokenPage {
  std::vector<Token> tokens;        // oldest first, revoked ones too
  std::optional<std::string> next;  // cursor of the page after this
};

struct IssuedToken {
  Id<Token> id = {};
  std::string text;    // "hst_..."; shown once, only its digest is stored
  bool waits = false;  // good for nothing before admit_token()
};

struct NewMember {
  std::string login;  // an e-mail address or a short name; compared without regard to the case of A-Z
  std::string display_name;
  Role role = Role::agent;
  std::string password;   // 12 to 256 bytes
  std::string unit = {};  // to which they are limited; empty: not
};

struct Member {
  Id<Member> id = {};
  std::string login;  // personal data of staff: shown to admins, never logged
  std::string display_name;
  Role role = Role::agent;
  Time created_at{};
  std::optional<Time> disabled_at = {};
  bool has_factor = false;  // signs in with a one-time code as well
  std::string unit = {};
};

struct MemberPage {
  std::vector<Member> members;      // oldest first, disabled ones too
  std::optional<std::string> next;  // cursor of the page after this
};

// Looks, in the transaction of a change, at what is to be changed; an error undoes the change.
using TokenCheck = std::function<Result<void>(const Token& before)>;
using MemberCheck = std::function<Result<void>(const Member& before)>;

enum class MemberState : std::uint8_t { enabled, disabled };

// A signed-in browser. It sends `text` as the cookie kSessionCookie, and `csrf_token` as the header kCsrfHeader with
// every request that changes something.
struct Session {
  std::string text;  // "hss_..."
  std::string csrf_token;
  Member member;
  Time expires_at{};  // at the latest; earlier when it is not used
};

inline constexpr std::string_view kSessionCookie = "hs_session";
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

// What authenticate() puts into http::Principal::who. Its id is "token:7" or "staff:3", its role the role's name.
struct Caller {
  Role role = Role::agent;
  std::string region = {};  // empty: all
  Id<Token> token = {};     // one of the two is set
  Id<Member> member = {};
  gate::PurposeSet purposes = {};  // of a token of the role integration
  bool factor_missing = false;     // a session that may do nothing but set up a second factor
  std::string unit = {};           // empty: not limited, but see lacks_unit()
};

// Whether a role must be limited and is not: then it sees nobody, rather than everybody.
bool lacks_unit(const Caller& caller);

// The unit to which whoever asks is limited; "" where they are not.
std::string unit_of(const http::Principal& principal);

// Whether members of a role sign in with a one-time code beside the password; others may.
bool needs_factor(Role role);

// What somebody sets up an authenticator app with.
struct FactorOffer {
  std::string secret;  // base32, to be typed
  std::string uri;     // "otpauth://...", to be scanned
  std::string ticket;  // to be handed to set_factor() with a code, within half an hour
};

struct FirstAdmin {
  std::string code;  // of the link
  std::string login;
  std::string display_name;
  std::string password;
};

enum class Outcome : std::uint8_t { ok, denied, failed };
std::string_view name_of(Outcome outcome);

// What staff or the command line did. Never personal data: principals and targets are ids ("token:7", "source:shop").
struct AuditEntry {
  std::string principal;
  std::string operation;    // operationId, or the command line's words: "createToken", "import csv"
  std::string target = {};  // empty: nothing in particular
  std::string trace_id = {};
  Outcome outcome = Outcome::ok;
};

struct AuditRecord {
  std::int64_t id = 0;  // 1, 2, 3, ... without a gap
  Time at{};
  AuditEntry entry;
  std::string digest = {};  // hex of SHA-256 over the previous record's digest and this record's canonical text
};

struct AuditPage {
  std::vector<AuditRecord> records;  // newest first
  std::optional<std::string> next;   // cursor of the page after this
};

struct AuditCheck {
  std::int64_t records = 0;               // that were checked and are good
  std::string head_digest;                // of the newest record: kept elsewhere, it also shows a rewritten chain
  std::optional<std::int64_t> broken_at;  // the first record that is changed, missing or added
};

struct Settings {
  std::chrono::seconds cache_lifetime{5};  // how long another node's revocation may go unseen
  std::size_t cached_credentials = 10'000;
  std::chrono::minutes session_idle{120};
  std::chrono::minutes session_lifetime{12 * 60};
  std::size_t hashings_at_once = 2;  // each takes about 64 MiB
  std::chrono::milliseconds hashing_wait{5'000};
  std::size_t sign_ins_waiting = 50;  // for a thread that hashes: about 5 s of work
  // Off only where the server is reached by plain HTTP: browsers keep a "Secure" cookie to themselves there.
  bool secure_cookie = true;
};

class Staff {
 public:
  // `control` (migrated) and `clock` must outlive this.
  static std::unique_ptr<Staff> create(db::Database& control, const Clock& clock, Settings settings = {});
  virtual ~Staff() = default;
  virtual const Settings& settings() const = 0;

  // Whether what is grave takes two people; see features/approvals. While it does, and the actor does not say that it
  // was approved:
  // - nobody is given a role of is_grave(): forbidden "four_eyes". While fewer than two admins are left, nobody could
  //   approve, so an admin can be made at the command line, whose actor is "cli", and nowhere else;
  // - nobody sets the password of somebody else with such a role, and so signs in as them: forbidden "four_eyes";
  // - a new token of such a role, or of the role integration, is good for nothing before admit_token().
  // A change is written to the audit. May change at any time.
  virtual Result<void> set_four_eyes(bool on) = 0;
  virtual bool four_eyes() const = 0;
  // Of an operation that approvals names. Errors: forbidden "four_eyes", with how to ask for it, where four eyes are on
  // and the actor does not say that it was approved.
  virtual Result<void> check_four_eyes(const Actor& actor, std::string_view operation,
                                       std::string_view target) const = 0;
  // Members with the role admin who are not disabled.
  virtual Result<std::int64_t> admins() = 0;
  // The principal who gave a member their present password; "" where that is not known.
  virtual Result<std::string> password_set_by(db::Transaction& transaction, Id<Member> id) = 0;

  // Tokens. Errors: invalid (name, region, expiry in the past, purposes missing or of another role, unit).
  virtual Result<IssuedToken> add_token(const Actor& actor, const NewToken& token) = 0;
  // At most `limit`. Errors: invalid "cursor_invalid".
  virtual Result<TokenPage> tokens(std::string_view cursor, std::size_t limit) = 0;
  virtual Result<Token> token(Id<Token> id) = 0;  // Errors: not_found
  // Lets a token in that waits; a no-op for any other. Errors: not_found; forbidden "four_eyes".
  virtual Result<void> admit_token(const Actor& actor, Id<Token> id) = 0;
  // Takes effect at once here, within `cache_lifetime` on other nodes. Revoking twice is a no-op. Errors: not_found.
  virtual Result<void> revoke_token(const Actor& actor, Id<Token> id, const TokenCheck& check = {}) = 0;

  // Members. Errors: invalid (the field named), conflict "login_taken", too_many when too many passwords are being
  // hashed.
  virtual Result<Member> add_member(const Actor& actor, const NewMember& member) = 0;
  // At most `limit`. Errors: invalid "cursor_invalid".
  virtual Result<MemberPage> members(std::string_view cursor, std::size_t limit) = 0;
  virtual Result<Member> member(Id<Member> id) = 0;  // Errors: not_found
  // Errors: not_found; conflict "own_account": nobody takes the role or the access from themselves; invalid "/unit".
  // The unit stays as it is without one.
  virtual Result<Member> set_role(const Actor& actor, Id<Member> id, Role role,
                                  const std::optional<std::string>& unit = {}, const MemberCheck& check = {}) = 0;
  // Disabling ends the member's sessions.
  virtual Result<Member> set_state(const Actor& actor, Id<Member> id, MemberState state,
                                   const MemberCheck& check = {}) = 0;
  // Ends the member's sessions. Errors: not_found, invalid, too_many.
  virtual Result<void> set_password(const Actor& actor, Id<Member> id, std::string_view password,
                                    const MemberCheck& check = {}) = 0;

  // Sessions. Errors: unauthenticated "sign_in_refused", the same and after a similar time for an unknown login, a
  // wrong password and a disabled member; too_many, with the time to wait, after several failures of a login or an
  // address.
  //
  // `code`: of the authenticator app, where the member has one: unauthenticated "code_needed" without, and
  // "code_refused" where it is wrong or was used. A code counts as a guess like a password.
  virtual Result<Session> sign_in(std::string_view login, std::string_view password, std::string_view client_address,
                                  std::string_view trace_id, std::string_view code = "") = 0;
  // Sets the password of whoever holds the session, and answers a new session; all former ones are over. Errors:
  // unauthenticated "session_needed" where there is none, "sign_in_refused" where `current` is wrong, which counts like
  // a failed sign-in; invalid, too_many.
  virtual Result<Session> change_password(std::string_view session_text, std::string_view current,
                                          std::string_view password, std::string_view client_address,
                                          std::string_view trace_id) = 0;
  // Runs a task that signs in, on one of the threads kept for that: sign-ins take long and must not hold the server's
  // workers. Errors: too_many, when too many wait; the task is not run then. Waiting tasks are dropped at destruction.
  virtual Result<void> post_sign_in(std::function<void()> task) = 0;
  // Errors: unauthenticated.
  virtual Result<Session> session(std::string_view session_text) = 0;
  // Ending a session that is none is a no-op.
  virtual Result<void> sign_out(std::string_view session_text, std::string_view trace_id) = 0;
  // Ends all sessions of the member whose this is, this one too. Errors: unauthenticated.
  virtual Result<void> sign_out_everywhere(std::string_view session_text, std::string_view trace_id) = 0;

  // Second factors. `key` seals their secrets and must be the same on every node; call it before anybody signs in.
  virtual void set_key(const crypto::Key& key) = 0;
  // Errors: unauthenticated; conflict "second_factor_set".
  virtual Result<FactorOffer> offer_factor(std::string_view session_text) = 0;
  // Ends all sessions of the member, and opens one. Errors: unauthenticated; invalid "offer_over", "code_refused";
  // conflict "second_factor_set".
  virtual Result<Session> set_factor(std::string_view session_text, std::string_view ticket, std::string_view code,
                                     std::string_view trace_id) = 0;
  // For a phone that was lost. Errors: not_found; conflict "own_account"; forbidden "four_eyes".
  virtual Result<Member> reset_factor(const Actor& actor, Id<Member> id, const MemberCheck& check = {}) = 0;

  // How the first admin comes in: a code, for a link, that makes an admin once, within a day. The one before is good
  // for nothing any more. Errors: conflict "admin_exists".
  virtual Result<std::string> first_admin_link() = 0;
  // Errors: those of add_member(); unauthenticated "link_over"; too_many.
  virtual Result<Session> add_first_admin(const FirstAdmin& wanted, std::string_view client_address,
                                          std::string_view trace_id) = 0;

  // Who brings this token or session. Served from memory for `cache_lifetime`. Errors: unauthenticated, unavailable.
  virtual Result<http::Principal> authenticate(std::string_view credential) = 0;
  // The same for a request: "Authorization: Bearer", else the session's cookie with its CSRF header where the request
  // changes something (forbidden "csrf_invalid" without).
  virtual Result<http::Principal> authenticate(const http::Request& request) = 0;
  // Whether who sent a request may still go on with it: the token or session is good, and role and unit are what they
  // were. For streams; no use of it, so that a page that is only left open keeps no session alive. Errors:
  // unauthenticated, unavailable.
  virtual Result<void> still_in(const http::Request& request) = 0;

  // Writes down when tokens and sessions were last used and deletes sessions that are over. Call about once a minute.
  virtual Result<void> maintain() = 0;

  // The audit: append-only, chained by digests. Joins the caller's transaction on the control database.
  virtual Result<void> record(db::Transaction& transaction, const AuditEntry& entry) = 0;
  // The same in a transaction of its own.
  virtual Result<void> record(const AuditEntry& entry) = 0;
  // At most `limit` records, of `principal` alone unless that is empty. Errors: invalid "cursor_invalid".
  virtual Result<AuditPage> audit(std::string_view principal, std::string_view cursor, std::size_t limit) = 0;
  // Follows the whole chain, in pages; other work goes on meanwhile.
  virtual Result<AuditCheck> verify_audit() = 0;
};

void bind_routes(http::Router& router, Staff& staff);

}  // namespace handschlag::staff
