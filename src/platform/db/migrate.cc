#include "platform/db/migrate.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <utility>

namespace handschlag::db {
namespace {

// A migration whose name ends so is not to be seen by programs that do not know it.
constexpr std::string_view kBreaking = "_breaking";

using Key = std::pair<std::string, std::int64_t>;
struct Step {
  std::string name;
  std::string checksum;
};
using Applied = std::map<Key, Step>;

Key key_of(const Migration& migration) {
  return {std::string(migration.slice), migration.number};
}

Result<void> check_numbering(std::span<const Migration> migrations) {
  std::map<std::string_view, int> last;
  for (const Migration& migration : migrations) {
    if (migration.number != ++last[migration.slice]) {
      return fail(ErrorKind::internal, "migrations_numbering",
                  fmt::format("Migration {} of {} is out of order; numbers start at 1 and have no gap.",
                              migration.number, migration.slice));
    }
  }
  return {};
}

Result<Applied> read_applied(Transaction& tx) {
  Applied applied;
  TRY(tx.query("SELECT slice, number, name, checksum FROM schema_migration", {}, [&](const Row& row) {
    applied[{std::string(row.text(0)), row.integer(1)}] = {std::string(row.text(2)), std::string(row.text(3))};
  }));
  return applied;
}

Result<void> check_applied(const Applied& applied, std::span<const Migration> migrations) {
  std::map<Key, std::string> known;
  for (const Migration& migration : migrations) known[key_of(migration)] = checksum(migration.sql);
  for (const auto& [key, step] : applied) {
    auto found = known.find(key);
    if (found == known.end()) {
      if (!is_breaking(step.name)) continue;
      return fail(ErrorKind::conflict, "schema_newer",
                  fmt::format("The database has migration {} of {}, which this program does not know and cannot work "
                              "with; it was written by a newer version. Use that version, or restore the backup made "
                              "before migrating.",
                              key.second, key.first));
    }
    if (found->second != step.checksum) {
      return fail(ErrorKind::conflict, "schema_changed",
                  fmt::format("Migration {} of {} was changed after it had been applied; put the old text back and "
                              "add a new migration instead.",
                              key.second, key.first));
    }
  }
  return {};
}

Result<Applied> read_state(Database& database, std::span<const Migration> migrations, const MigrationSteps& steps) {
  TRY(check_numbering(migrations));
  Applied applied;
  TRY(database.write([&](Transaction& tx) -> Result<void> {
    TRY(steps.lock(tx));
    TRY(tx.execute(kCreateMigrationTable, {}));
    applied = TRY(read_applied(tx));
    return {};
  }));
  TRY(check_applied(applied, migrations));
  return applied;
}

// Another node may have applied it in the meantime; so everything is asked again under the lock.
Result<void> apply_one(Transaction& tx, const Migration& migration, std::span<const Migration> all,
                       const MigrationSteps& steps) {
  TRY(steps.lock(tx));
  Applied applied = TRY(read_applied(tx));
  TRY(check_applied(applied, all));
  if (applied.contains(key_of(migration))) return {};
  TRY(steps.run(tx, migration.sql));
  const std::int64_t now = TRY(tx.now_ms());
  TRY(tx.execute("INSERT INTO schema_migration (slice, number, name, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)",
                 {migration.slice, std::int64_t{migration.number}, migration.name,
                  std::string_view(checksum(migration.sql)), now}));
  return {};
}

}  // namespace

Result<std::vector<AppliedStep>> applied_steps(Database& database) {
  Applied applied;
  TRY(database.read([&](Transaction& tx) -> Result<void> {
    applied = TRY(read_applied(tx));
    return {};
  }));
  std::vector<AppliedStep> out;
  for (auto& [key, step] : applied) out.push_back({key.first, key.second, step.name, step.checksum});
  return out;
}

Result<void> check_steps(std::span<const AppliedStep> steps, std::span<const Migration> migrations) {
  Applied applied;
  for (const AppliedStep& step : steps) applied[{step.slice, step.number}] = {step.name, step.checksum};
  return check_applied(applied, migrations);
}

std::string checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

bool is_breaking(std::string_view name) {
  return name.ends_with(kBreaking);
}

Result<SchemaState> schema_state(Database& database, std::span<const Migration> migrations,
                                 const MigrationSteps& steps) {
  Applied applied = TRY(read_state(database, migrations, steps));
  SchemaState state;
  for (const Migration& migration : migrations) {
    applied.contains(key_of(migration)) ? ++state.applied : ++state.missing;
  }
  state.unknown = applied.size() - state.applied;
  return state;
}

Result<void> write_nothing(Database& database) {
  return database.write([](Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE schema_migration SET applied_at = applied_at", {}));
    return {};
  });
}

Result<void> migrate(Database& database, std::span<const Migration> migrations, const MigrationSteps& steps) {
  Applied applied = TRY(read_state(database, migrations, steps));
  for (const Migration& migration : migrations) {
    if (applied.contains(key_of(migration))) continue;
    TRY(database.write([&](Transaction& tx) { return apply_one(tx, migration, migrations, steps); }));
  }
  return {};
}

}  // namespace handschlag::db
