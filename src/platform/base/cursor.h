// Cursors of paged lists: opaque to clients, bound to the filter and sort of the list they came from.
//
//   std::string next = encode_cursor("audit|principal=token:7", {last.id});
//   auto position = TRY(decode_cursor(text, "audit|principal=token:7", 1));
//
// A cursor holds positions only, so it needs no secret: whoever forges one sees no more than another page of the
// list that the request's own filter and rights allow. The checksum catches mistakes, not attackers. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/result.h"

namespace handschlag {

// `list_and_filter` names the list, its filter and its sort; it is not readable from the cursor.
std::string encode_cursor(std::string_view list_and_filter, std::initializer_list<std::int64_t> positions);

// The positions, as many as `count`. Errors: invalid, code "cursor_invalid": damaged, or of another list or filter.
Result<std::vector<std::int64_t>> decode_cursor(std::string_view cursor, std::string_view list_and_filter,
                                                std::size_t count);

}  // namespace handschlag
