// Money: 64-bit millionths of a currency's unit ("micros") with its ISO 4217 code. Never a floating-point number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/result.h"

namespace handschlag {

// Parses decimal text ("12", "-0.125", "1234.5") into micros. More than six decimals are refused unless they are
// zeros; so is what does not fit. `decimal` is the decimal mark. Errors: invalid.
Result<std::int64_t> parse_micros(std::string_view text, char decimal = '.');

// "12.5", "-0.125": the shortest exact decimal text.
std::string format_micros(std::int64_t micros);

// a + b, a * b. Errors: invalid, where the result does not fit.
Result<std::int64_t> add_micros(std::int64_t a, std::int64_t b);
Result<std::int64_t> multiply_micros(std::int64_t micros, std::int64_t times);

// Whether this is three capital letters, the form of an ISO 4217 code.
bool is_currency_code(std::string_view code);

}  // namespace handschlag
