// The part of Database::migrate that is the same for every database. The table schema_migration remembers what was
// applied: (slice, number, name, checksum, applied_at in ms since the epoch).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::db {

inline constexpr std::string_view kCreateMigrationTable =
    "CREATE TABLE IF NOT EXISTS schema_migration (slice TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (slice, number))";

// What differs between databases.
struct MigrationSteps {
  // Keeps other nodes from migrating until the transaction ends.
  std::function<Result<void>(Transaction&)> lock;
  // Runs a script of several statements.
  std::function<Result<void>(Transaction&, std::string_view script)> run;
};

// The rule of upgrades: a migration leaves a database with which the previous program still works (it adds tables,
// indexes, and columns that may be left out of an INSERT), or its name ends in "_breaking"
// (0007_split_breaking.sql). A program works with a database that has steps it does not know, unless one of them is
// breaking.
bool is_breaking(std::string_view name);

// Looks, without applying anything. Errors: as migrate().
Result<SchemaState> schema_state(Database& database, std::span<const Migration> migrations,
                                 const MigrationSteps& steps);

// Errors: conflict "schema_newer" (it has a breaking step that is not in the list), "schema_changed" (an applied
// migration's text is not what it was); internal "migrations_numbering" (a gap in the list); those of the database.
Result<void> migrate(Database& database, std::span<const Migration> migrations, const MigrationSteps& steps);

// Writes and commits what changes nothing: whether the database can be written at all. `database` was migrated.
Result<void> write_nothing(Database& database);

// A 64-bit fingerprint as hexadecimal text (FNV-1a). It finds accidents, it does not resist an attacker.
std::string checksum(std::string_view text);

}  // namespace handschlag::db
