#include "platform/db/sqlite_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace handschlag::db {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// Memory, per connection. The writer's cache holds the open segment's index and the newest pages.
constexpr int kWriterCacheKib = 64 * 1024;
constexpr int kReaderCacheKib = 4 * 1024;
constexpr std::int64_t kWalLimitBytes = 64 * 1024 * 1024;
constexpr std::size_t kMaxStatements = 512;

int on_commit_to_wal(void* checkpointer, sqlite3* database, const char* name, int pages) {
  static_cast<SqliteCheckpointer*>(checkpointer)->on_commit(database, name, pages);
  return SQLITE_OK;
}

// Leaves a statement ready for its next use, however this one ends.
class StatementUse {
 public:
  explicit StatementUse(sqlite3_stmt* handle) : handle_(handle) {}
  ~StatementUse() {
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
  }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;

 private:
  sqlite3_stmt* handle_;
};

// SQLite takes a null pointer for NULL, and an empty view may have one.
const char* data_of(std::string_view text) {
  return text.data() == nullptr ? "" : text.data();
}

struct Binder {
  sqlite3_stmt* handle;
  int place;

  int operator()(std::monostate) const { return sqlite3_bind_null(handle, place); }
  int operator()(std::int64_t value) const { return sqlite3_bind_int64(handle, place, value); }
  int operator()(double value) const { return sqlite3_bind_double(handle, place, value); }
  int operator()(std::string_view text) const {
    if (text.find('\0') != std::string_view::npos) return SQLITE_MISMATCH;  // as PostgreSQL would
    return sqlite3_bind_text64(handle, place, data_of(text), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(BlobView blob) const {
    return sqlite3_bind_blob64(handle, place, data_of(blob.bytes), blob.bytes.size(), SQLITE_STATIC);
  }
};

int bind(const SqliteConnection::Statement& statement, Params params) {
  for (std::size_t i = 0; i < statement.numbers.size(); ++i) {
    int code = std::visit(Binder{statement.handle, static_cast<int>(i) + 1}, params[statement.numbers[i]]);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

// A column of another type than asked for is a mistake in the program; PostgreSQL would not convert either.
[[noreturn]] void wrong_type(int column) {
  throw std::logic_error(fmt::format("column {} of the result has another type", column));
}

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* handle) : handle_(handle) {}

  bool is_null(int column) const override { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override {
    int type = sqlite3_column_type(handle_, column);
    if (type == SQLITE_INTEGER) return sqlite3_column_int64(handle_, column);
    if (type != SQLITE_NULL) wrong_type(column);
    return 0;
  }
  double real(int column) const override {
    int type = sqlite3_column_type(handle_, column);
    if (type == SQLITE_FLOAT || type == SQLITE_INTEGER) return sqlite3_column_double(handle_, column);
    if (type != SQLITE_NULL) wrong_type(column);
    return 0;
  }
  std::string_view text(int column) const override { return bytes(column); }
  std::string_view blob(int column) const override { return bytes(column); }

 private:
  std::string_view bytes(int column) const {
    int type = sqlite3_column_type(handle_, column);
    if (type == SQLITE_NULL) return {};
    if (type != SQLITE_TEXT && type != SQLITE_BLOB) wrong_type(column);
    const void* data = sqlite3_column_blob(handle_, column);
    const int size = sqlite3_column_bytes(handle_, column);
    if (data == nullptr) return {};
    return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
  }

  sqlite3_stmt* handle_;
};

// Binds, steps to the end, hands over the rows. Answers SQLITE_DONE, or what went wrong.
template <class OnEach>
int step_through(const SqliteConnection::Statement& statement, Params params, const OnEach& on_each) {
  StatementUse use(statement.handle);
  int code = bind(statement, params);
  if (code != SQLITE_OK) return code;
  const SqliteRow row(statement.handle);
  while ((code = sqlite3_step(statement.handle)) == SQLITE_ROW) on_each(row);
  return code;
}

// Rows changed by the statement that just ran; sqlite3_changes alone keeps its value over statements that change none.
class ChangeCounter {
 public:
  explicit ChangeCounter(sqlite3* database) : database_(database), before_(sqlite3_total_changes64(database)) {}
  std::int64_t take() {
    const std::int64_t total = sqlite3_total_changes64(database_);
    const std::int64_t changed = total == before_ ? 0 : sqlite3_changes64(database_);
    before_ = total;
    return changed;
  }

 private:
  sqlite3* database_;
  std::int64_t before_;
};

// "$12" -> 11. Errors: internal; "?" and ":name" are not used here.
Result<std::size_t> parameter_index(const char* name) {
  std::size_t number = 0;
  if (name != nullptr && name[0] == '$') {
    const std::string_view digits(name + 1);
    auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem == std::errc() && end == digits.data() + digits.size() && number > 0) return number - 1;
  }
  return fail(ErrorKind::internal, "database_parameters", "A statement has a parameter that is not $1, $2, ...");
}

std::string pragmas(SqliteAccess access, bool secure_delete) {
  // Not mapped: a mapping of a file that grows is made anew by every reader, and a read error would be a signal.
  std::string script = fmt::format("PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-{};",
                                   access == SqliteAccess::write ? kWriterCacheKib : kReaderCacheKib);
  if (access == SqliteAccess::read) return script + "PRAGMA query_only=ON;";
  return script + fmt::format(
                      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                      "PRAGMA journal_size_limit={}; PRAGMA secure_delete={};",
                      kWalLimitBytes, secure_delete ? "ON" : "FAST");
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, SqliteAccess access,
                                                                 bool secure_delete) {
  sqlite3* handle = nullptr;
  const int flags = access == SqliteAccess::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (handle == nullptr) return fail(ErrorKind::unavailable, "out_of_memory", "There is not enough memory.");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code != SQLITE_OK) return std::unexpected(connection->error(code));
  TRY(connection->configure(path, access, secure_delete));
  return connection;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open_scratch(const std::string& path) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             nullptr);
  if (handle == nullptr) return fail(ErrorKind::unavailable, "out_of_memory", "There is not enough memory.");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code != SQLITE_OK) return std::unexpected(connection->error(code));
  TRY(
      connection->run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; "
                      "PRAGMA temp_store=MEMORY"));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  checkpointer_.reset();
  clear_statements();
  sqlite3_close(handle_);
}

Result<void> SqliteConnection::configure(const std::string& path, SqliteAccess access, bool secure_delete) {
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  TRY(run(pragmas(access, secure_delete)));
  if (access == SqliteAccess::write) {
    checkpointer_ = std::make_unique<SqliteCheckpointer>(path);
    sqlite3_wal_hook(handle_, on_commit_to_wal, checkpointer_.get());
  }
  return {};
}

void SqliteConnection::clear_statements() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement.handle);
  statements_.clear();
}

Result<SqliteConnection::Statement*> SqliteConnection::prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found != statements_.end()) return &found->second;
  if (statements_.size() >= kMaxStatements) clear_statements();
  Statement statement;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement.handle, &tail);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement.handle, sqlite3_finalize);
  const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
  if (!owner || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return fail(ErrorKind::internal, "database_statement", "One call runs exactly one statement.");
  }
  for (int place = 1; place <= sqlite3_bind_parameter_count(statement.handle); ++place) {
    const std::size_t index = TRY(parameter_index(sqlite3_bind_parameter_name(statement.handle, place)));
    statement.numbers.push_back(index);
    statement.parameters = std::max(statement.parameters, index + 1);
  }
  Statement* cached = &statements_.emplace(std::string(sql), std::move(statement)).first->second;
  (void)owner.release();  // the cache owns it now
  return cached;
}

Result<void> SqliteConnection::run(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

Result<void> SqliteConnection::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

void SqliteConnection::roll_back() {
  // Some errors (disk full) end the transaction by themselves.
  if (in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Error SqliteConnection::error(int code) const {
  auto make = [](ErrorKind kind, std::string name, std::string detail) {
    return Error{kind, std::move(name), std::move(detail), {}, {}};
  };
  if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID) {
    return make(ErrorKind::conflict, "unique", "There is already one with the same key.");
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return make(ErrorKind::unavailable, "disk_full", "The disk is full; make room and try again.");
    case SQLITE_IOERR:
      return make(ErrorKind::unavailable, "disk_failed", fmt::format("The disk failed (SQLite code {}).", code));
    case SQLITE_READONLY:
      return make(ErrorKind::unavailable, "disk_read_only", "The disk or the file is read-only; make it writable.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(ErrorKind::unavailable, "database_busy", "The database is in use by another process.");
    case SQLITE_NOMEM:
      return make(ErrorKind::unavailable, "out_of_memory", "There is not enough memory.");
    case SQLITE_NOTADB:
      return make(ErrorKind::internal, "not_a_database", "The file is not a SQLite database.");
    case SQLITE_CORRUPT:
      return make(ErrorKind::internal, "database_corrupt", "The database file is damaged; restore a backup.");
    case SQLITE_CANTOPEN:
      return make(ErrorKind::unavailable, "database_cannot_open",
                  "The database file cannot be opened; see that its folder exists and may be written.");
    default:
      break;
  }
  return make(ErrorKind::internal, "database_error",
              fmt::format("The database refused a statement (SQLite code {}): {}.", code, sqlite3_errmsg(handle_)));
}

std::unexpected<Error> SqliteTransaction::broken(Error error) {
  if (state_.has_value()) state_ = std::unexpected(error);
  return std::unexpected(std::move(error));
}

Result<SqliteConnection::Statement*> SqliteTransaction::begin_statement(std::string_view sql, std::size_t parameters) {
  TRY(state());
  auto statement = connection_.prepare(sql);
  if (!statement.has_value()) return broken(std::move(statement).error());
  if ((*statement)->parameters != parameters) {
    return broken({ErrorKind::internal,
                   "database_parameters",
                   fmt::format("A statement takes {} parameters and got {}.", (*statement)->parameters, parameters),
                   {},
                   {}});
  }
  return *statement;
}

Result<std::int64_t> SqliteTransaction::execute(std::string_view sql, Params params) {
  const auto* statement = TRY(begin_statement(sql, params.size()));
  ChangeCounter changes(connection_.handle());
  const int code = step_through(*statement, params, [](const Row&) {});
  if (code != SQLITE_DONE) return broken(connection_.error(code));
  return changes.take();
}

Result<void> SqliteTransaction::query(std::string_view sql, Params params, const OnRow& on_row) {
  const auto* statement = TRY(begin_statement(sql, params.size()));
  const int code = step_through(*statement, params, on_row);
  if (code != SQLITE_DONE) return broken(connection_.error(code));
  return {};
}

Result<std::int64_t> SqliteTransaction::execute_batch(std::string_view sql, const Batch& batch) {
  TRY(state());
  if (batch.empty()) return 0;
  const auto* statement = TRY(begin_statement(sql, batch.columns()));
  ChangeCounter changes(connection_.handle());
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    const int code = step_through(*statement, batch.row(i), [](const Row&) {});
    if (code != SQLITE_DONE) return broken(connection_.error(code));
    changed += changes.take();
  }
  return changed;
}

Result<void> SqliteTransaction::query_batch(std::string_view sql, const Batch& batch, const OnBatchRow& on_row) {
  TRY(state());
  if (batch.empty()) return {};
  const auto* statement = TRY(begin_statement(sql, batch.columns()));
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    const int code = step_through(*statement, batch.row(i), [&](const Row& row) { on_row(i, row); });
    if (code != SQLITE_DONE) return broken(connection_.error(code));
  }
  return {};
}

Result<std::int64_t> SqliteTransaction::now_ms() {
  std::int64_t now = 0;
  TRY(query("SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)", {},
            [&](const Row& row) { now = row.integer(0); }));
  return now;
}

Result<void> SqliteTransaction::run_script(std::string_view script) {
  TRY(state());
  auto result = connection_.run(std::string(script));
  if (!result.has_value()) return broken(std::move(result).error());
  return {};
}

}  // namespace handschlag::db
