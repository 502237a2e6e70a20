// Cursors: what decodes was made by encode_cursor for this very list, and one of another list never decodes.
#include <string>

#include "platform/base/cursor.h"
#include "platform/base/testing/fuzz.h"

namespace {

using namespace handschlag;
using fuzz::require;

void check(std::string_view cursor, std::string_view list) {
  for (std::size_t count = 0; count <= 3; ++count) {
    auto positions = decode_cursor(cursor, list, count);
    if (!positions) {
      require(positions.error().code == "cursor_invalid");
      continue;
    }
    require(positions->size() == count);
    if (count == 0) require(encode_cursor(list, {}) == cursor);
    if (count == 1) require(encode_cursor(list, {(*positions)[0]}) == cursor);
    if (count == 2) require(encode_cursor(list, {(*positions)[0], (*positions)[1]}) == cursor);
  }
}

}  // namespace

// The first line is a cursor, the rest names a list and its filter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  std::size_t end = text.find('\n');
  std::string_view cursor = text.substr(0, end);
  std::string list(end == std::string_view::npos ? "" : text.substr(end + 1));
  check(cursor, list);
  check(cursor, "audit");
  std::string good = encode_cursor(list, {static_cast<std::int64_t>(size), -1});
  require(decode_cursor(good, list, 2).has_value());
  require(!decode_cursor(good, list + "x", 2) && !decode_cursor(good, list, 1));
  return 0;
}
