// The form of short texts that people give to things: names of tokens, sources, members of staff. Thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace handschlag {

// Whether this is valid UTF-8 of 1 to `max_bytes` bytes without control characters, and not only spaces.
bool is_label(std::string_view text, std::size_t max_bytes);

// Whether this is 1 to `max_bytes` of a-z, 0-9, "-" and "_", beginning with a letter or digit: an id that people
// choose, safe in URLs, logs and file names.
bool is_slug(std::string_view text, std::size_t max_bytes);

}  // namespace handschlag
