// The SQL of the portal: tables portal_* of the home region's data. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::portal::store {

// How often a code was asked for at an address, this time counted, since the windows began.
struct Asked {
  std::int64_t hour = 0;
  std::int64_t day = 0;
};
// Holds the address's row until the transaction ends.
Result<Asked> count(db::Transaction& tx, std::string_view address, Time now);

struct Code {
  std::string digest;  // empty: none, or used
  std::int64_t attempts = 0;
  Time expires_at{};
};
// Of a counted address; a new code takes the place of the one before.
Result<void> put_code(db::Transaction& tx, std::string_view address, std::string_view code, Time expires_at);
// Counts an attempt, and answers with it; nothing where none was asked for.
Result<std::optional<Code>> attempt(db::Transaction& tx, std::string_view address);
Result<void> use_code(db::Transaction& tx, std::string_view address);

struct Session {
  std::string digest;
  std::string sealed;
  Time seen_at{};
  Time expires_at{};
};
Result<void> insert(db::Transaction& tx, const Session& session);
Result<std::optional<Session>> find(db::Transaction& tx, std::string_view digest);
Result<void> see(db::Transaction& tx, std::string_view digest, Time now);
Result<void> remove(db::Transaction& tx, std::string_view digest);

// Removes sessions that ended or were last seen before `idle`, and addresses whose day of counting is over.
Result<void> purge(db::Transaction& tx, Time now, Time idle, Time day);

}  // namespace handschlag::portal::store
