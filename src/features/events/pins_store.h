// SQL of pins.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::events::store {

struct PinRow {
  std::string_view digest;
  std::string_view region;
};
// Keeps what is there. Rows in the order of their digests, so that two nodes never wait for each other crosswise.
Result<void> insert_pins(db::Transaction& tx, std::span<const PinRow> rows, Time until);
// The region of each row's digest; "" where there is none.
Result<std::vector<std::string>> pins(db::Transaction& tx, std::span<const PinRow> rows);
// Removes at most `limit` that are over; answers how many.
Result<std::int64_t> purge_pins(db::Transaction& tx, Time now, std::int64_t limit);

}  // namespace handschlag::events::store
