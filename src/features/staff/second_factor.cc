#include <fmt/format.h>

#include "features/staff/forms.h"
#include "features/staff/request_credential.h"
#include "features/staff/service.h"
#include "features/staff/totp.h"

// Second factors, and how the first admin comes in: both bind a person to what only they hold.
namespace handschlag::staff {
namespace {

constexpr std::chrono::minutes kOfferLife{30};
constexpr std::chrono::hours kLinkLife{24};

std::string factor_context(Id<Member> member) {
  return fmt::format("staff_member.factor|{}", member.value);
}

std::string offer_context(Id<Member> member) {
  return fmt::format("staff factor offer|{}", member.value);
}

}  // namespace

bool needs_factor(Role role) {
  return role == Role::admin || role == Role::data_protection_officer;
}

std::unexpected<Error> refuse_code() {
  return refuse_credential("code_refused", "The code is not right, or was used already; wait for the next one.");
}

Result<store::MemberRow> StaffService::row_of(Id<Member> id) {
  std::optional<store::MemberRow> row;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    row = TRY(store::find_member(transaction, id));
    return {};
  }));
  if (!row) return no_member(id);
  return *std::move(row);
}

Result<std::int64_t> StaffService::check_code(const store::MemberRow& row, std::string_view code) const {
  if (!row.member.has_factor) return 0;
  if (code.empty()) {
    return refuse_credential("code_needed", "Send the code that the authenticator app shows as well.");
  }
  const std::string secret = TRY(crypto::open(key_, row.factor, factor_context(row.member.id)));
  const auto step = totp::find_step(secret, code, clock_.now(), row.factor_step);
  if (!step) return refuse_code();
  return *step;
}

// Nothing is stored until the code was shown to work: the offer goes out with its secret sealed, and comes back so.
Result<FactorOffer> StaffService::offer_factor(std::string_view session_text) {
  const FoundSession found = TRY(find_session(session_text));
  if (found.member.has_factor) {
    return fail(ErrorKind::conflict, "second_factor_set",
                "You have a second factor already; an admin can take it away, so that you set up another.");
  }
  const std::string secret = crypto::random_bytes(totp::kSecretBytes);
  const std::string until = fmt::format("{:020}", to_millis(clock_.now() + kOfferLife));
  return FactorOffer{
      .secret = totp::to_base32(secret),
      .uri = totp::to_uri(secret, found.member.login),
      .ticket = crypto::to_base64url(crypto::seal(key_, until + secret, offer_context(found.member.id)))};
}

Result<Session> StaffService::set_factor(std::string_view session_text, std::string_view ticket, std::string_view code,
                                         std::string_view trace_id) {
  const FoundSession found = TRY(find_session(session_text));
  const Id<Member> id = found.member.id;
  const auto envelope = crypto::from_base64(ticket);
  auto offer = envelope ? crypto::open(key_, *envelope, offer_context(id)) : Result<std::string>(envelope);
  constexpr std::size_t kUntilDigits = 20;
  const bool fresh = offer && offer->size() == kUntilDigits + totp::kSecretBytes &&
                     offer->substr(0, kUntilDigits) > fmt::format("{:020}", to_millis(clock_.now()));
  if (!fresh)
    return fail(ErrorKind::invalid, "offer_over", "This offer is over; begin again.", {{"/ticket", "is over"}});
  const std::string secret = offer->substr(kUntilDigits);
  const auto step = totp::find_step(secret, code, clock_.now(), 0);
  if (!step) return fail(ErrorKind::invalid, "code_refused", "The code is not right.", {{"/code", "is not right"}});

  const std::string name = member_name(id);
  TRY(change_member({name, std::string(trace_id)}, id, "setSecondFactor", {},
                    [&](db::Transaction&, store::MemberRow& row) -> Result<void> {
                      if (row.member.has_factor) {
                        return fail(ErrorKind::conflict, "second_factor_set", "You have a second factor already.");
                      }
                      row.factor = crypto::seal(key_, secret, factor_context(id));
                      row.factor_step = *step;
                      return {};
                    }));
  // Their sessions ended with the change, this one too: whoever had one without the factor is out.
  return open_session(TRY(row_of(id)), 0, trace_id);
}

Result<Member> StaffService::reset_factor(const Actor& actor, Id<Member> id, const MemberCheck& check) {
  return change_member(actor, id, "resetSecondFactor", check,
                       [&](db::Transaction&, store::MemberRow& row) -> Result<void> {
                         if (actor.principal == member_name(id)) {
                           return fail(ErrorKind::conflict, "own_account",
                                       "Nobody can take away their own second factor; ask another admin.");
                         }
                         if (four_eyes_) TRY(check_password_of(actor, member_name(id), row.member.role));
                         row.factor.clear();
                         row.factor_step = 0;
                         return {};
                       });
}

Result<std::string> StaffService::first_admin_link() {
  const std::string code = crypto::random_token();
  const Time now = clock_.now();
  TRY(control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(record(transaction, {"cli", "staff link"}));
    if (TRY(store::count_admins(transaction)) > 0) {
      return fail(ErrorKind::conflict, "admin_exists", "There is an admin already; ask them to add others.");
    }
    return store::put_link(transaction, crypto::digest(code), now + kLinkLife);
  }));
  return code;
}

Result<Session> StaffService::add_first_admin(const FirstAdmin& wanted, std::string_view client_address,
                                              std::string_view trace_id) {
  const std::unexpected<Error> over =
      refuse_credential("link_over", "This link was used, or is over; make another with: handschlag staff link");
  const std::string login = normalized_login(wanted.login);
  const NewMember member{
      .login = login, .display_name = wanted.display_name, .role = Role::admin, .password = wanted.password};
  TRY(throttle_.admit("first admin", client_address, clock_.now()));
  const std::string digest = crypto::digest(wanted.code);
  bool good = false;
  TRY(control_.read([&](db::Transaction& transaction) -> Result<void> {
    good = TRY(store::has_link(transaction, digest, clock_.now()));
    return {};
  }));
  if (!good) return over;
  throttle_.passed("first admin", client_address);
  TRY(check_form(member, login));
  store::MemberRow row;
  row.password_hash = TRY(hash(wanted.password));
  row.member = {.login = login, .display_name = wanted.display_name, .role = Role::admin, .created_at = clock_.now()};
  auto written = control_.write([&](db::Transaction& transaction) -> Result<void> {
    TRY(store::insert_member(transaction, row.member, row.password_hash));
    TRY(record(transaction, {"cli", "createStaff", member_name(row.member.id), std::string(trace_id)}));
    const bool first = TRY(store::count_admins(transaction)) == 1;  // this one
    if (!first || !TRY(store::has_link(transaction, digest, clock_.now()))) return over;
    return store::drop_links(transaction);
  });
  if (!written && written.error().code == "unique") {
    return fail(ErrorKind::conflict, "login_taken", "A member of staff has this login already; choose another.");
  }
  TRY(written);
  return open_session(row, 0, trace_id);
}

}  // namespace handschlag::staff
