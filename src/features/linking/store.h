// The SQL of linking: tables linking_* of the home region's data. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::linking::store {

struct Asked {
  std::int64_t hour = 0;
  std::int64_t day = 0;
};
// Counts one more, and answers how often since the windows began. Holds the row until the transaction ends.
Result<Asked> count(db::Transaction& tx, std::string_view what, Time now);

struct Proof {
  std::string code;  // its digest
  std::int64_t attempts = 0;
  Time expires_at{};
  std::string sealed;
};
// Takes the place of the session's one before.
Result<void> put(db::Transaction& tx, std::string_view session, const Proof& proof);
// Counts an attempt, and answers with it; nothing where there is no code.
Result<std::optional<Proof>> attempt(db::Transaction& tx, std::string_view session);
Result<void> remove(db::Transaction& tx, std::string_view session);

// Removes codes that are over, and counts whose day is.
Result<void> purge(db::Transaction& tx, Time now, Time day);

}  // namespace handschlag::linking::store
