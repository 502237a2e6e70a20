// The part of Database::migrate that is the same for every database. The table schema_migration remembers what was
// applied: (slice, number, name, checksum, applied_at in ms since the epoch).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::db {

// What differs between databases.
struct MigrationSteps {
  // Keeps other nodes from migrating until the transaction ends.
  std::function<Result<void>(Transaction&)> lock;
  // Runs a script of several statements.
  std::function<Result<void>(Transaction&, std::string_view script)> run;
};

// Errors: conflict "schema_newer", "schema_changed" (an applied migration's text is not what it was); internal
// "migrations_numbering" (a gap in the list); those of the database.
Result<void> migrate(Database& database, std::span<const Migration> migrations, const MigrationSteps& steps);

// A 64-bit fingerprint as hexadecimal text (FNV-1a). It finds accidents, it does not resist an attacker.
std::string checksum(std::string_view text);

}  // namespace handschlag::db
