// Text of people: Unicode by ICU, phone numbers by libphonenumber. Thread-safe. Input must be UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handschlag::text {

bool is_utf8(std::string_view text);

// Without white space at both ends.
std::string_view trim(std::string_view text);

// Whether nothing in it can be seen: white space of any kind, and characters without a shape. Malformed UTF-8 is seen.
bool is_blank(std::string_view text);

// For comparing: NFKC, case folded ("Straße" = "STRASSE").
std::string fold(std::string_view text);

// Folded words of letters and digits without accents, in order, for searching: "Müller-Lüdenscheidt, Dr." → "muller",
// "ludenscheidt", "dr".
std::vector<std::string> words(std::string_view text);

// E.164 ("+4930123456"), read as dialled in `country` (ISO 3166 alpha-2, may be empty). Nothing if it can't be a
// number.
std::optional<std::string> phone_e164(std::string_view text, std::string_view country);

// Of a number in E.164: whether it is one that serves everybody, such as 112 or 116117, and nobody's own.
bool is_short_phone(std::string_view e164);

// "DE" for "de", "DE"; nothing unless it is an assigned ISO 3166-1 alpha-2 code.
std::optional<std::string> country_code(std::string_view text);

}  // namespace handschlag::text
