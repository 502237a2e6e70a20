#include "platform/base/label.h"

#include <cstdint>

namespace handschlag {
namespace {

// The bytes of the character that begins at `at`, or 0 where it is not valid UTF-8 (RFC 3629: shortest form, no
// surrogates, up to U+10FFFF).
std::size_t character_bytes(std::string_view text, std::size_t at) {
  auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto follows = [&byte](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint32_t first = byte(at);
  const std::uint32_t second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool allowed = !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second > 0x9F);
    return allowed && follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool allowed = !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second > 0x8F);
    return allowed && follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return character.size() == 2 && first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_label(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return false;
  bool has_visible = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    if (bytes == 0 || is_control(text.substr(at, bytes))) return false;
    has_visible = has_visible || text[at] != ' ';
    at += bytes;
  }
  return has_visible;
}

bool is_slug(std::string_view text, std::size_t max_bytes) {
  if (text.empty() || text.size() > max_bytes || !is_lower_or_digit(text.front())) return false;
  for (char c : text) {
    if (!is_lower_or_digit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

}  // namespace handschlag
