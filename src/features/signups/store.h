// SQL of signups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/signups/signups.h"
#include "platform/db/db.h"

namespace handschlag::signups::store {

// Stored; never renumber.
enum class State : std::int64_t { taken = 1, written_to = 2, confirmed = 3 };

struct Row {
  std::int64_t id = 0;
  State state = State::taken;
  std::string address;  // digest
  std::int64_t source = 0;
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  std::string notice;
  std::int64_t version = 0;
  std::string hash;
  std::string language;
  std::string country;
  Time asked_at{};
  Time expires_at{};
  std::int64_t attempts = 0;
  std::string token;   // digest; "" before anything was sent
  std::string code;    // likewise
  std::string sealed;  // "" once it was confirmed
};

// The number of the next row. Keeps every other transaction from going on here until this one ends.
Result<std::int64_t> allocate(db::Transaction& tx);
Result<void> lock(db::Transaction& tx);
Result<void> insert(db::Transaction& tx, const Row& row);
Result<std::optional<Row>> find(db::Transaction& tx, std::int64_t id);
Result<std::optional<Row>> find_by_token(db::Transaction& tx, std::string_view token);
// Those of an address and source that a code may confirm, or did.
Result<std::vector<Row>> of_address(db::Transaction& tx, std::string_view address, std::int64_t source, Time now);
// How many times somebody was written to at an address since.
Result<std::int64_t> written_since(db::Transaction& tx, std::string_view address, Time since);
Result<void> set_written(db::Transaction& tx, const Row& row);
// False where it was confirmed before.
Result<bool> set_confirmed(db::Transaction& tx, std::int64_t id);
Result<void> add_attempt(db::Transaction& tx, std::int64_t id);
Result<void> remove(db::Transaction& tx, std::int64_t id);
// Taken before, and not written to: whoever took them did not come to that.
Result<std::vector<std::int64_t>> left_over(db::Transaction& tx, Time before, std::int64_t limit);
Result<std::int64_t> purge(db::Transaction& tx, Time now, std::int64_t limit);

}  // namespace handschlag::signups::store
