// What a second person is needed for in staff itself, where the company says so; see Staff::set_four_eyes().
#pragma once

#include "features/staff/staff.h"

namespace handschlag::staff {

// Errors: forbidden "four_eyes", with how to ask.
Result<void> refuse_alone(const Actor& actor, std::string_view operation, std::string_view target);
// A member, whose name is "" while it is new, is given a role.
Result<void> check_grant(db::Transaction& transaction, const Actor& actor, std::string_view member, Role role);
// A member's password is set.
Result<void> check_password_of(const Actor& actor, std::string_view member, Role role);
bool takes_admission(Role role);
// Writes to the audit that four eyes were switched on or off, unless that is what the audit says last: so a start with
// other settings shows too.
Result<void> note_four_eyes(db::Database& control, const Clock& clock, bool on);

}  // namespace handschlag::staff
