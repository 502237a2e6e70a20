#include <algorithm>

#include "features/staff/staff.h"

namespace handschlag::staff {
namespace {

constexpr std::size_t kMaxDepth = 5;
constexpr std::size_t kMaxNameBytes = 40;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

bool is_unit(std::string_view text) {
  if (text.empty()) return true;
  for (std::size_t depth = 0; depth < kMaxDepth; ++depth) {
    const std::size_t end = text.find('/');
    if (!is_name(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
  return false;
}

std::string_view unit_form() {
  return "must be a path of lower-case names, as in south/munich: at most 5 of up to 40 letters, digits and -";
}

bool is_within(std::string_view unit, std::string_view of) {
  if (of.empty() || unit == of) return true;
  return unit.size() > of.size() && unit.starts_with(of) && unit[of.size()] == '/';
}

UnitUse unit_use(Role role) {
  switch (role) {
    case Role::agent:
    case Role::supervisor:
    case Role::experience_manager:
    case Role::marketer:
    case Role::sales:
    case Role::executive:
      return UnitUse::optional;
    case Role::broker:
      return UnitUse::required;
    case Role::admin:
    case Role::operator_:
    case Role::data_protection_officer:
    case Role::integration:
      break;
  }
  return UnitUse::none;
}

std::string_view name_of(UnitUse use) {
  switch (use) {
    case UnitUse::optional:
      return "optional";
    case UnitUse::required:
      return "required";
    case UnitUse::none:
      break;
  }
  return "none";
}

bool lacks_unit(const Caller& caller) {
  return caller.unit.empty() && unit_use(caller.role) == UnitUse::required;
}

std::string unit_of(const http::Principal& principal) {
  const auto* caller = std::any_cast<Caller>(&principal.who);
  return caller == nullptr ? std::string() : caller->unit;
}

}  // namespace handschlag::staff
