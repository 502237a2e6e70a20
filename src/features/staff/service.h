// How staff is kept: one class, whose parts are told in staff.cc (tokens, members), sign_in.cc (sessions, who asks) and
// second_factor.cc (one-time codes, the first admin).
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "features/staff/audit.h"
#include "features/staff/credential_cache.h"
#include "features/staff/four_eyes.h"
#include "features/staff/hashing_gate.h"
#include "features/staff/staff.h"
#include "features/staff/store.h"
#include "features/staff/throttle.h"
#include "platform/crypto/crypto.h"
#include "platform/http/workers.h"

namespace handschlag::staff {

std::string token_name(Id<Token> id);    // "token:7"
std::string member_name(Id<Member> id);  // "staff:3"
std::unexpected<Error> refuse_credential(std::string_view code, std::string detail);
std::unexpected<Error> no_member(Id<Member> id);
std::unexpected<Error> refuse_code();  // of an authenticator app

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
  Result<Member> set_role(const Actor& actor, Id<Member> id, Role role, const std::optional<std::string>& unit,
                          const MemberCheck& check) override;
  Result<Member> set_state(const Actor& actor, Id<Member> id, MemberState state, const MemberCheck& check) override;
  Result<void> set_password(const Actor& actor, Id<Member> id, std::string_view password,
                            const MemberCheck& check) override;

  Result<Session> sign_in(std::string_view login, std::string_view password, std::string_view client_address,
                          std::string_view trace_id, std::string_view code) override;
  Result<Session> change_password(std::string_view session_text, std::string_view current, std::string_view password,
                                  std::string_view client_address, std::string_view trace_id) override;
  Result<void> post_sign_in(std::function<void()> task) override {
    return sign_in_threads_.try_post(std::move(task)) ? Result<void>{} : Result<void>(too_many_sign_ins());
  }
  Result<Session> session(std::string_view session_text) override;
  Result<void> sign_out(std::string_view session_text, std::string_view trace_id) override;
  Result<void> sign_out_everywhere(std::string_view session_text, std::string_view trace_id) override;

  void set_key(const crypto::Key& key) override { key_ = key; }
  Result<FactorOffer> offer_factor(std::string_view session_text) override;
  Result<Session> set_factor(std::string_view session_text, std::string_view ticket, std::string_view code,
                             std::string_view trace_id) override;
  Result<Member> reset_factor(const Actor& actor, Id<Member> id, const MemberCheck& check) override;
  Result<std::string> first_admin_link() override;
  Result<Session> add_first_admin(const FirstAdmin& wanted, std::string_view client_address,
                                  std::string_view trace_id) override;

  Result<http::Principal> authenticate(std::string_view credential) override;
  Result<http::Principal> authenticate(const http::Request& request) override;
  Result<void> still_in(const http::Request& request) override;
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
  // Whether the code of a sign-in fits; answers the step that it stands for, 0 where the member has no second factor.
  Result<std::int64_t> check_code(const store::MemberRow& row, std::string_view code) const;
  Result<Session> open_session(const store::MemberRow& checked, std::int64_t factor_step, std::string_view trace_id);
  Result<store::MemberRow> row_of(Id<Member> id);
  Result<Member> change_member(const Actor& actor, Id<Member> id, std::string_view operation, const MemberCheck& check,
                               const Change& change);
  Result<FoundSession> find_session(std::string_view session_text);
  Result<http::Principal> load_token(const std::string& digest, std::optional<Time>& valid_until);
  Result<http::Principal> load_session(std::string_view text, std::optional<Time>& valid_until);

  db::Database& control_;
  const Clock& clock_;
  const Settings settings_;
  std::atomic<bool> four_eyes_{false};
  crypto::Key key_;  // seals second factors
  CredentialCache cache_;
  HashingGate hashing_;
  SignInThrottle throttle_;
  std::once_flag decoy_made_;
  std::string decoy_hash_;         // of no password: what an unknown login is checked against
  http::Workers sign_in_threads_;  // last: its tasks use all of the above
};

}  // namespace handschlag::staff
