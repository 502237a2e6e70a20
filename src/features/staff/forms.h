// What may be said of new tokens and members. All errors are invalid, and name the field.
#pragma once

#include <cstddef>
#include <string_view>

#include "features/staff/staff.h"

namespace handschlag::staff {

inline constexpr std::size_t kMaxLoginBytes = 254;
inline constexpr std::size_t kMaxPasswordBytes = 256;

Result<void> check_form(const NewToken& wanted, Time now);
Result<void> check_form(const NewMember& wanted, std::string_view login);  // `login`: as normalised
Result<void> check_password_form(std::string_view password);
Result<void> check_role_of_member(Role role, std::string_view unit);

}  // namespace handschlag::staff
