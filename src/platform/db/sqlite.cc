#include "platform/db/sqlite.h"

#include <fcntl.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "platform/db/condition.h"
#include "platform/db/fair_mutex.h"
#include "platform/db/migrate.h"
#include "platform/db/pool.h"
#include "platform/db/sqlite_connection.h"
#include "platform/db/sqlite_copy.h"

namespace handschlag::db {
namespace {

// Ends a transaction that was not committed, also when an exception passes.
class Rollback {
 public:
  explicit Rollback(SqliteConnection& connection) : connection_(connection) {}
  ~Rollback() { connection_.roll_back(); }
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;

 private:
  SqliteConnection& connection_;
};

// Only the owner may read a new file; SQLite gives the WAL the same permissions. An existing file is left as it is.
void create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::unique_ptr<SqliteConnection> writer, const Options& options)
      : condition_(options.location),
        secure_delete_(options.secure_delete),
        writer_(std::move(writer)),
        readers_(options.readers,
                 [path = options.location] { return SqliteConnection::open(path, SqliteAccess::read, false); }) {}

  Result<void> read(const std::function<Result<void>(Transaction&)>& body) override {
    auto connection = readers_.borrow();
    if (!connection.has_value()) return noted_read(std::unexpected(std::move(connection).error()));
    Result<void> own;
    auto result = run("BEGIN DEFERRED", **connection, body, own);
    (void)noted_read(std::move(own));
    return result;
  }

  Result<void> write(const std::function<Result<void>(Transaction&)>& body) override {
    std::lock_guard turn(turn_);
    Result<void> own;
    auto result = run("BEGIN IMMEDIATE", *writer_, body, own);
    condition_.note_write(own);
    return result;
  }

  Result<void> migrate(std::span<const Migration> migrations) override {
    return named(condition_.name(), db::migrate(*this, migrations, steps()));
  }

  Result<SchemaState> schema_state(std::span<const Migration> migrations) override {
    return named(condition_.name(), db::schema_state(*this, migrations, steps()));
  }

  Result<CopyReport> copy(const CopyOptions& options) override {
    return copy_sqlite({*writer_, turn_, copying_, secure_delete_}, options);
  }

  Result<void> checkpoint() override {
    std::lock_guard turn(turn_);
    return writer_->checkpoint();
  }

  bool shared() const override { return false; }

  Result<void> ping() override {
    TRY(condition_.damage());
    TRY(read([](Transaction& tx) { return tx.query("SELECT 1 FROM sqlite_schema LIMIT 1", {}, [](const Row&) {}); }));
    if (auto failed = condition_.take_write_error()) return std::unexpected(*std::move(failed));
    return condition_.write_failed() ? write_nothing(*this) : Result<void>();
  }

 private:
  // A write transaction keeps other processes out by itself.
  static MigrationSteps steps() {
    return {
        .lock = [](Transaction&) -> Result<void> { return {}; },
        .run = [](Transaction& tx,
                  std::string_view script) { return static_cast<SqliteTransaction&>(tx).run_script(script); },
    };
  }

  // `own` becomes what the database itself answered, whatever the body made of it.
  static Result<void> run(const char* begin, SqliteConnection& connection,
                          const std::function<Result<void>(Transaction&)>& body, Result<void>& own) {
    own = connection.run(begin);
    if (!own.has_value()) return own;
    Rollback rollback(connection);
    SqliteTransaction tx(connection);
    auto result = body(tx);
    own = tx.state();
    TRY(std::move(result));
    if (own.has_value()) own = connection.run("COMMIT");
    return own;
  }

  Result<void> noted_read(Result<void> result) {
    condition_.note_read(result);
    return result;
  }

  Condition condition_;
  const bool secure_delete_;
  FairMutex turn_;
  std::mutex copying_;
  std::unique_ptr<SqliteConnection> writer_;  // closed after the readers: the last one to close empties the WAL
  Pool<SqliteConnection> readers_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const Options& options) {
  create_private(options.location);
  auto writer = TRY(
      named(options.location, SqliteConnection::open(options.location, SqliteAccess::write, options.secure_delete)));
  return std::make_unique<SqliteDatabase>(std::move(writer), options);
}

}  // namespace handschlag::db
