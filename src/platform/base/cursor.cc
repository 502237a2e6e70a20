#include "platform/base/cursor.h"

#include <fmt/format.h>

#include <charconv>

namespace handschlag {
namespace {

constexpr std::size_t kWordDigits = 16;

std::string hex_word(std::uint64_t word) {
  return fmt::format("{:016x}", word);
}

// FNV-1a (Fowler, Noll, Vo), 64 bits. The filter's length goes first, so that its end can't be taken for a position.
std::string checksum(std::string_view list_and_filter, std::string_view positions) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  auto add = [&hash](std::string_view text) {
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  add(hex_word(list_and_filter.size()));
  add(list_and_filter);
  add(positions);
  return hex_word(hash);
}

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string encode_cursor(std::string_view list_and_filter, std::initializer_list<std::int64_t> positions) {
  std::string words;
  for (std::int64_t position : positions) words += hex_word(static_cast<std::uint64_t>(position));
  return checksum(list_and_filter, words) + words;
}

Result<std::vector<std::int64_t>> decode_cursor(std::string_view cursor, std::string_view list_and_filter,
                                                std::size_t count) {
  bool fits = cursor.size() == kWordDigits * (count + 1) && is_lower_hex(cursor) &&
              checksum(list_and_filter, cursor.substr(kWordDigits)) == cursor.substr(0, kWordDigits);
  if (!fits) {
    return fail(ErrorKind::invalid, "cursor_invalid",
                "The cursor does not belong to this list and filter; ask for the first page without a cursor.");
  }
  std::vector<std::int64_t> positions;
  for (std::size_t i = 1; i <= count; ++i) {
    std::string_view digits = cursor.substr(i * kWordDigits, kWordDigits);
    std::uint64_t word = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
    positions.push_back(static_cast<std::int64_t>(word));
  }
  return positions;
}

}  // namespace handschlag
