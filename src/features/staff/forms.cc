#include "features/staff/forms.h"

#include <fmt/format.h>

#include "platform/base/label.h"

namespace handschlag::staff {
namespace {

constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kMinPasswordBytes = 12;

const FieldError kNoMember{"/role", "integration is for tokens of programs, not for people"};

Result<void> answer(std::vector<FieldError> fields) {
  if (fields.empty()) return {};
  std::string detail = fmt::format("{} {}.", fields.front().pointer.substr(1), fields.front().reason);
  return fail(ErrorKind::invalid, "fields_invalid", std::move(detail), std::move(fields));
}

void check_unit(Role role, std::string_view unit, std::vector<FieldError>& errors) {
  if (!is_unit(unit)) {
    errors.push_back({"/unit", std::string(unit_form())});
  } else if (!unit.empty() && unit_use(role) == UnitUse::none) {
    errors.push_back({"/unit", fmt::format("must be empty: the role {} acts on the whole company", name_of(role))});
  } else if (unit.empty() && unit_use(role) == UnitUse::required) {
    errors.push_back(
        {"/unit",
         fmt::format("must be given: the role {} sees the customers of a unit, as in south/munich", name_of(role))});
  }
}

void check_password_form(std::string_view password, std::vector<FieldError>& errors) {
  if (password.size() < kMinPasswordBytes || password.size() > kMaxPasswordBytes) {
    errors.push_back({"/password", fmt::format("must have {} to {} bytes", kMinPasswordBytes, kMaxPasswordBytes)});
  }
}

}  // namespace

Result<void> check_form(const NewToken& wanted, Time now) {
  std::vector<FieldError> errors;
  if (!is_label(wanted.name, kMaxNameBytes)) errors.push_back({"/name", "must be a name of 1 to 100 bytes"});
  if (!wanted.region.empty() && !is_slug(wanted.region, 32)) errors.push_back({"/region", "must be a region's name"});
  if (wanted.expires_at && *wanted.expires_at <= now) errors.push_back({"/expires_at", "must lie in the future"});
  if (wanted.role == Role::integration && wanted.purposes.empty()) {
    errors.push_back({"/purposes", "must name what a token of the role integration may have events for"});
  }
  if (wanted.role != Role::integration && !wanted.purposes.empty()) {
    errors.push_back({"/purposes", "are for the role integration; other roles have theirs by what they are"});
  }
  check_unit(wanted.role, wanted.unit, errors);
  return answer(std::move(errors));
}

Result<void> check_form(const NewMember& wanted, std::string_view login) {
  std::vector<FieldError> errors;
  if (!is_label(login, kMaxLoginBytes) || login.find(' ') != std::string_view::npos) {
    errors.push_back({"/login", "must be an e-mail address or a name without spaces, up to 254 bytes"});
  }
  if (!is_label(wanted.display_name, kMaxNameBytes)) {
    errors.push_back({"/display_name", "must be a name of 1 to 100 bytes"});
  }
  if (wanted.role == Role::integration) errors.push_back(kNoMember);
  check_unit(wanted.role, wanted.unit, errors);
  check_password_form(wanted.password, errors);
  return answer(std::move(errors));
}

Result<void> check_password_form(std::string_view password) {
  std::vector<FieldError> errors;
  check_password_form(password, errors);
  return answer(std::move(errors));
}

Result<void> check_role_of_member(Role role, std::string_view unit) {
  if (role == Role::integration) return answer({kNoMember});
  std::vector<FieldError> errors;
  check_unit(role, unit, errors);
  return answer(std::move(errors));
}

}  // namespace handschlag::staff
