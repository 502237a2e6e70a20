#include "features/staff/four_eyes.h"

#include <fmt/format.h>

#include "features/staff/audit.h"
#include "features/staff/store.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kTarget = "setting:security.four_eyes";
constexpr std::string_view kOn = "switchFourEyesOn";
constexpr std::string_view kOff = "switchFourEyesOff";
constexpr std::int64_t kEnoughToApprove = 2;  // who asks, and who approves

}  // namespace

Result<void> refuse_alone(const Actor& actor, std::string_view operation, std::string_view target) {
  if (actor.approved) return {};
  return fail(ErrorKind::forbidden, "four_eyes",
              fmt::format("This takes two people. Ask for it with POST /api/v1/approvals or: handschlag approvals ask "
                          "--operation {} --target {} --as YOUR-LOGIN --reason WHY; then another admin approves it.",
                          operation, target));
}

Result<void> check_grant(db::Transaction& transaction, const Actor& actor, std::string_view member, Role role) {
  if (actor.approved || !is_grave(role)) return {};
  if (role == Role::admin && TRY(store::count_admins(transaction)) < kEnoughToApprove) {
    if (actor.principal == "cli") return {};
    return fail(ErrorKind::forbidden, "four_eyes",
                "Making an admin takes two people, and there are not two admins who could decide. Add one on the "
                "server's machine, with: handschlag staff add --role admin");
  }
  if (!member.empty()) return refuse_alone(actor, fmt::format("grant_{}", name_of(role)), member);
  return fail(ErrorKind::forbidden, "four_eyes",
              fmt::format("Giving somebody the role {0} takes two people: add the member with another role, and then "
                          "ask for grant_{0} with POST /api/v1/approvals or handschlag approvals ask.",
                          name_of(role)));
}

Result<void> check_password_of(const Actor& actor, std::string_view member, Role role) {
  if (actor.approved || !is_grave(role) || actor.principal == member) return {};
  return fail(ErrorKind::forbidden, "four_eyes",
              fmt::format("Nobody sets the password of another {}: that would be to sign in as them. Give the member "
                          "another role first; to give it back takes two people.",
                          name_of(role)));
}

bool takes_admission(Role role) {
  return is_grave(role) || role == Role::integration;
}

Result<void> note_four_eyes(db::Database& control, const Clock& clock, bool on) {
  std::string last;
  TRY(control.read([&](db::Transaction& transaction) -> Result<void> {
    last = TRY(store::last_operation(transaction, kTarget));
    return {};
  }));
  const std::string_view now = on ? kOn : kOff;
  if ((last.empty() ? kOff : last) == now) return {};
  return control.write([&](db::Transaction& transaction) -> Result<void> {
    return append_audit(transaction, {"settings", std::string(now), std::string(kTarget)}, clock.now());
  });
}

}  // namespace handschlag::staff
