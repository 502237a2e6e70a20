#include "platform/base/money.h"

#include <fmt/format.h>

namespace handschlag {
namespace {

constexpr std::int64_t kMicrosPerUnit = 1'000'000;

std::unexpected<Error> bad_amount(std::string_view why) {
  return fail(ErrorKind::invalid, "amount_malformed", fmt::format("This is not an amount of money: {}.", why));
}

bool append_digit(std::int64_t& value, int digit) {
  return !__builtin_mul_overflow(value, std::int64_t{10}, &value) &&
         !__builtin_sub_overflow(value, std::int64_t{digit}, &value);  // negative, so that the minimum fits
}

}  // namespace

Result<std::int64_t> parse_micros(std::string_view text, char decimal) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  int decimals = -1;  // -1: before the decimal mark
  bool any = false;
  for (char c : text) {
    if (c == decimal && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return bad_amount("it has a character that is no digit");
    any = true;
    if (decimals >= 6) {
      if (c != '0') return bad_amount("it has more than six decimals");
      continue;
    }
    if (decimals >= 0) ++decimals;
    if (!append_digit(value, c - '0')) return bad_amount("it is too large");
  }
  if (!any) return bad_amount("it has no digits");
  for (int i = decimals < 0 ? 0 : decimals; i < 6; ++i) {
    if (!append_digit(value, 0)) return bad_amount("it is too large");
  }
  if (!negative && __builtin_sub_overflow(std::int64_t{0}, value, &value)) return bad_amount("it is too large");
  return value;
}

std::string format_micros(std::int64_t micros) {
  bool negative = micros < 0;
  std::uint64_t magnitude = negative ? 0 - static_cast<std::uint64_t>(micros) : static_cast<std::uint64_t>(micros);
  std::string text = fmt::format("{}{}", negative ? "-" : "", magnitude / kMicrosPerUnit);
  std::uint64_t fraction = magnitude % kMicrosPerUnit;
  if (fraction == 0) return text;
  std::string digits = fmt::format("{:06}", fraction);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

Result<std::int64_t> add_micros(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return bad_amount("the sum is too large");
  return sum;
}

Result<std::int64_t> multiply_micros(std::int64_t micros, std::int64_t times) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(micros, times, &product)) return bad_amount("the product is too large");
  return product;
}

bool is_currency_code(std::string_view code) {
  if (code.size() != 3) return false;
  for (char c : code) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

}  // namespace handschlag
