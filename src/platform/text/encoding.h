// Text in older encodings, as files of tills and spreadsheets have it. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace handschlag::text {

enum class Encoding { utf8, iso_8859_1, windows_1252, iso_8859_15 };

// "utf-8", "iso-8859-1", "iso-8859-15", "windows-1252"; case does not matter.
std::optional<Encoding> find_encoding(std::string_view name);

// The same text in UTF-8. Nothing where the bytes are none of that encoding.
std::optional<std::string> to_utf8(std::string_view bytes, Encoding encoding);

inline bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace handschlag::text
