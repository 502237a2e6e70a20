// One SQLite connection with its cache of prepared statements, and a transaction on it. Private to platform/db.
// A connection belongs to one thread at a time.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/db/db.h"
#include "platform/db/sqlite_checkpointer.h"

namespace handschlag::db {

enum class SqliteAccess { read, write };

class SqliteConnection {
 public:
  // Errors: internal "not_a_database"; unavailable "database_cannot_open" and others.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, SqliteAccess access,
                                                        bool secure_delete);
  // An existing file to be filled and thrown away: without journal and syncing.
  static Result<std::unique_ptr<SqliteConnection>> open_scratch(const std::string& path);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  struct Statement {
    sqlite3_stmt* handle = nullptr;
    std::vector<std::size_t> numbers;  // which of the caller's parameters (from 0) stands at each of SQLite's places
    std::size_t parameters = 0;        // how many the caller must give
  };

  // A statement from the cache, prepared when it is not there yet.
  Result<Statement*> prepare(std::string_view sql);
  // Runs statements that answer nothing and have no parameters.
  Result<void> run(const std::string& script);
  // Copies the WAL into the database file and truncates the WAL.
  Result<void> checkpoint();
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  void roll_back();
  // What a result code means to the caller. Never holds values of rows.
  Error error(int code) const;
  sqlite3* handle() const { return handle_; }

 private:
  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  Result<void> configure(const std::string& path, SqliteAccess access, bool secure_delete);
  void clear_statements();

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  sqlite3* handle_;
  std::unique_ptr<SqliteCheckpointer> checkpointer_;  // of the writer
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
};

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(connection) {}

  using Transaction::execute;
  using Transaction::query;
  Result<std::int64_t> execute(std::string_view sql, Params params) override;
  Result<void> query(std::string_view sql, Params params, const OnRow& on_row) override;
  Result<std::int64_t> execute_batch(std::string_view sql, const Batch& batch) override;
  Result<void> query_batch(std::string_view sql, const Batch& batch, const OnBatchRow& on_row) override;
  Result<std::int64_t> now_ms() override;

  Result<void> run_script(std::string_view script);
  // The first error of this transaction; after it nothing more is done.
  Result<void> state() const { return state_; }

 private:
  Result<SqliteConnection::Statement*> begin_statement(std::string_view sql, std::size_t parameters);
  std::unexpected<Error> broken(Error error);

  SqliteConnection& connection_;
  Result<void> state_;
};

}  // namespace handschlag::db
