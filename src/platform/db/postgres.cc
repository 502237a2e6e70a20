#include "platform/db/postgres.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "platform/db/condition.h"
#include "platform/db/fair_mutex.h"
#include "platform/db/migrate.h"
#include "platform/db/pool.h"
#include "platform/db/postgres_copy.h"
#include "platform/db/postgres_transaction.h"
#include "platform/db/sql_text.h"

namespace handschlag::db {
namespace {

constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr const char* kBeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
// How often a transaction is run when the server asks for it, and how long to wait before the second time; doubled
// after.
constexpr int kMaxAttempts = 6;
constexpr std::chrono::milliseconds kFirstPause{2};

// Ends a transaction that was not committed, also when an exception passes.
class Rollback {
 public:
  explicit Rollback(PostgresConnection& connection) : connection_(connection) {}
  ~Rollback() { connection_.roll_back(); }
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;

 private:
  PostgresConnection& connection_;
};

// A lower-case word: it goes into SQL text, where it can't be a parameter.
bool is_schema_name(std::string_view name) {
  if (name.empty() || name.size() > 63 || name.starts_with("pg_") || (name[0] >= '0' && name[0] <= '9')) return false;
  for (char c : name) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  return true;
}

// The advisory lock that nodes hold while they make or migrate this schema.
std::int64_t lock_key(std::string_view schema) {
  const std::string sum = checksum(fmt::format("handschlag schema {}", schema));
  std::uint64_t key = 0;
  std::from_chars(sum.data(), sum.data() + sum.size(), key, 16);
  return static_cast<std::int64_t>(key);
}

Result<void> take_lock(Transaction& tx, const std::string& schema) {
  return tx.query("SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) AS taken", {lock_key(schema)}, [](const Row&) {});
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::unique_ptr<PostgresConnection> writer, const Options& options)
      : condition_(options.schema),
        location_(options.location),
        schema_(options.schema),
        writer_(std::move(writer)),
        readers_(options.readers, [options] { return open_reader(options); }) {}

  Result<void> read(const std::function<Result<void>(Transaction&)>& body) override {
    auto connection = readers_.borrow();
    if (!connection.has_value()) {
      Result<void> result = std::unexpected(std::move(connection).error());
      condition_.note_read(result);
      return result;
    }
    Outcome outcome;  // a snapshot that only reads is never asked to run again
    auto result = run(kBeginRead, **connection, body, outcome);
    condition_.note_read(outcome.own);
    return result;
  }

  Result<void> write(const std::function<Result<void>(Transaction&)>& body) override {
    std::lock_guard turn(turn_);
    auto pause = kFirstPause;
    for (int attempt = 1;; ++attempt) {
      Outcome outcome;
      auto result = run(kBeginWrite, *writer_, body, outcome);
      if (!outcome.retry || attempt == kMaxAttempts) {
        condition_.note_write(outcome.own);
        return result;
      }
      std::this_thread::sleep_for(pause);
      pause *= 2;
    }
  }

  Result<void> migrate(std::span<const Migration> migrations) override {
    return db::migrate(*this, migrations, steps());
  }

  Result<SchemaState> schema_state(std::span<const Migration> migrations) override {
    return db::schema_state(*this, migrations, steps());
  }

  Result<CopyReport> copy(const CopyOptions& options) override {
    std::unique_lock copying(copying_, std::try_to_lock);
    if (!copying) return fail(ErrorKind::conflict, "copy_running", "This database is being copied already.");
    // A connection of its own: a copy takes long, and readers have few.
    auto connection = TRY(PostgresConnection::open(location_, schema_));
    TRY(copy_postgres(*connection, schema_, options));
    return CopyReport{};
  }

  Result<void> checkpoint() override { return {}; }
  bool shared() const override { return true; }

  Result<void> ping() override {
    TRY(read([](Transaction& tx) { return tx.query("SELECT 1", {}, [](const Row&) {}); }));
    if (auto failed = condition_.take_write_error(); failed && failed->code == "disk_full") {
      return std::unexpected(*std::move(failed));
    }
    return condition_.write_failed() ? write_nothing(*this) : Result<void>();
  }

  // Made under the lock: two nodes that start together would otherwise trip over each other.
  Result<void> create_schema() {
    if (schema_.empty()) return {};
    return write([this](Transaction& tx) -> Result<void> {
      TRY(take_lock(tx, schema_));
      bool there = false;
      TRY(tx.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", {schema_}, [&](const Row&) { there = true; }));
      if (there) return {};  // the account may lack the right to make one
      return static_cast<PostgresTransaction&>(tx).run_script(fmt::format("CREATE SCHEMA \"{}\"", schema_));
    });
  }

 private:
  MigrationSteps steps() {
    return {
        .lock = [this](Transaction& tx) { return take_lock(tx, schema_); },
        .run =
            [](Transaction& tx, std::string_view script) {
              return static_cast<PostgresTransaction&>(tx).run_script(to_postgres_types(script));
            },
    };
  }

  // Opened while requests are served: what libpq says about hosts is not for their answers.
  static Result<std::unique_ptr<PostgresConnection>> open_reader(const Options& options) {
    auto connection = PostgresConnection::open(options.location, options.schema);
    if (!connection.has_value() && connection.error().kind == ErrorKind::unavailable) {
      return std::unexpected(postgres_error(nullptr));
    }
    return connection;
  }

  // What the server itself answered, whatever the body made of it.
  struct Outcome {
    Result<void> own;
    bool retry = false;  // the server asks for it
  };

  static Result<void> run(const char* begin, PostgresConnection& connection,
                          const std::function<Result<void>(Transaction&)>& body, Outcome& outcome) {
    outcome.own = connection.begin(begin);
    if (!outcome.own.has_value()) return outcome.own;
    Rollback rollback(connection);
    PostgresTransaction tx(connection);
    auto result = body(tx);
    outcome = {tx.state(), tx.wants_retry()};
    TRY(std::move(result));
    if (outcome.own.has_value()) outcome.own = connection.commit(outcome.retry);
    return outcome.own;
  }

  Condition condition_;
  const std::string location_;
  const std::string schema_;
  FairMutex turn_;
  std::mutex copying_;
  std::unique_ptr<PostgresConnection> writer_;
  Pool<PostgresConnection> readers_;
};

}  // namespace

bool is_postgres_address(std::string_view location) {
  return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

Result<std::unique_ptr<Database>> open_postgres(const Options& options) {
  if (!options.schema.empty() && !is_schema_name(options.schema)) {
    return fail(
        ErrorKind::invalid, "schema_name",
        fmt::format("'{}' cannot be the name of a schema; use lower-case letters, digits and _.", options.schema));
  }
  auto writer = TRY(PostgresConnection::open(options.location, options.schema));
  auto database = std::make_unique<PostgresDatabase>(std::move(writer), options);
  TRY(database->create_schema());
  return database;
}

}  // namespace handschlag::db
