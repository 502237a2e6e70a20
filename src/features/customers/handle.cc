#include <fmt/format.h>

#include <charconv>

#include "features/customers/customers.h"

namespace handschlag::customers {
namespace {

std::string base36(std::int64_t number) {
  char digits[16];
  auto end = std::to_chars(digits, digits + sizeof(digits), number, 36).ptr;
  return {digits, end};
}

}  // namespace

std::string format_handle(std::string_view region, IdentityId identity) {
  return fmt::format("{}-{}", region, base36(identity.value));
}

std::string format_event_id(std::string_view region, std::int64_t seq) {
  return fmt::format("{}-e{}", region, base36(seq));
}

}  // namespace handschlag::customers
