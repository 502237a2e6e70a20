// A database: SQLite embedded, or PostgreSQL where one machine is not enough, behind one interface and the same SQL.
//
// SQL written for both: parameters are $1, $2, ... (bound by number on both sides); types in migrations are INTEGER (64
// bits), TEXT, BLOB, REAL; `INSERT ... ON CONFLICT`, `RETURNING`; `sum(...)` is cast to INTEGER by CAST(... AS BIGINT);
// NULLS are ordered explicitly; text has no NUL. Statements are prepared once per connection, so SQL must be a literal
// or one of few texts.
//
// Transactions are passed explicitly: no function of a slice opens one in secret. Readers never wait for the writer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::db {

// Bytes that are bound as a BLOB; a bare string_view is bound as TEXT. Does not own.
struct BlobView {
  std::string_view bytes;
};

// A parameter does not own its text: it must outlive the call (for a Batch, the execution of the batch).
using Param = std::variant<std::monostate, std::int64_t, double, std::string_view, BlobView>;
using Params = std::span<const Param>;

// Rows of parameters for one statement, stored flat.
class Batch {
 public:
  explicit Batch(std::size_t columns) : columns_(columns) {}
  void add(std::initializer_list<Param> row) { values_.insert(values_.end(), row.begin(), row.end()); }
  std::size_t rows() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
  std::size_t columns() const { return columns_; }
  Params row(std::size_t index) const { return Params(values_).subspan(index * columns_, columns_); }
  bool empty() const { return values_.empty(); }
  void clear() { values_.clear(); }
  void reserve(std::size_t rows) { values_.reserve(rows * columns_); }

 private:
  std::size_t columns_;
  std::vector<Param> values_;
};

// One row of a result. Views are valid until the callback returns.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;   // 0 for NULL
  virtual double real(int column) const = 0;            // 0 for NULL
  virtual std::string_view text(int column) const = 0;  // "" for NULL
  virtual std::string_view blob(int column) const = 0;  // "" for NULL
};

using OnRow = std::function<void(const Row&)>;
using OnBatchRow = std::function<void(std::size_t index, const Row&)>;  // index: of the parameter row it answers

// One transaction of one thread. Errors of every call: conflict, code "unique" (a uniqueness constraint); unavailable
// (disk full, server gone, locked for too long), internal (anything else). After an error the transaction can only end.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // Runs one statement; answers how many rows it changed.
  virtual Result<std::int64_t> execute(std::string_view sql, Params params) = 0;
  // Runs one statement and hands over each row. `on_row` must not use this transaction.
  virtual Result<void> query(std::string_view sql, Params params, const OnRow& on_row) = 0;
  // Runs one statement once for each row of parameters (PostgreSQL: in one pipeline); answers the rows changed in all.
  virtual Result<std::int64_t> execute_batch(std::string_view sql, const Batch& batch) = 0;
  // The same for a statement that answers rows.
  virtual Result<void> query_batch(std::string_view sql, const Batch& batch, const OnBatchRow& on_row) = 0;
  // The database's own clock, in ms since the epoch; the same for all nodes of one database, for leases. It moves on
  // within a transaction.
  virtual Result<std::int64_t> now_ms() = 0;

  Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Param> params) {
    return execute(sql, Params(params.begin(), params.size()));
  }
  Result<void> query(std::string_view sql, std::initializer_list<Param> params, const OnRow& on_row) {
    return query(sql, Params(params.begin(), params.size()), on_row);
  }
};

// One step of a slice's schema. Numbers start at 1 and have no gap within a slice.
struct Migration {
  std::string_view slice;
  int number;
  std::string_view name;
  std::string_view sql;  // statements separated by semicolons
};

// How a database's schema compares with what a program knows.
struct SchemaState {
  std::size_t applied = 0;  // steps that both have; 0: the database is new
  std::size_t missing = 0;  // steps that migrate() would apply
  std::size_t unknown = 0;  // steps of a newer program, with which this one can work
};

// A step that a database has.
struct AppliedStep {
  std::string slice;
  std::int64_t number = 0;
  std::string name;
  std::string checksum;
};

// How a copy is taken, see Database::copy. Both functions are called on the caller's thread; an error of one of them
// ends the copy with that error.
struct CopyOptions {
  // SQLite only: an existing folder in which a file of the database's size may stand meanwhile.
  std::string scratch_folder;
  // Takes the bytes of the copy, in order.
  std::function<Result<void>(std::string_view bytes)> write;
  // How far it has come, in bytes; the total may grow meanwhile, and is 0 where it is not known (PostgreSQL).
  std::function<Result<void>(std::uint64_t done, std::uint64_t total)> progress;
};

// What a copy cost those who wrote meanwhile.
struct CopyReport {
  std::chrono::microseconds longest_hold{0};  // the writer was kept waiting for at most so long at a time
  std::uint64_t restarts = 0;                 // how often the copy had to begin anew
};

// Answers the next bytes of a copy, at most so many as fit into one piece; "" at the end.
using ReadCopy = std::function<Result<std::string>()>;

// Whether a location is that of a PostgreSQL database, and not a file.
bool is_postgres_address(std::string_view location);

struct Options {
  // A file path for SQLite, or "postgresql://..." .
  std::string location;
  // PostgreSQL only: the schema that takes the place of a file; made when it is missing.
  std::string schema;
  // How many read connections are kept open at most; a reader beyond that waits for one.
  std::size_t readers = 4;
  // SQLite only: bytes that a deletion leaves are overwritten (PRAGMA secure_delete); for the vault.
  bool secure_delete = false;
};

// Thread-safe.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const Options& options);
  virtual ~Database() = default;

  // Runs `body` over one consistent snapshot, read-only. Keep it short: a long-lived snapshot makes the WAL grow.
  virtual Result<void> read(const std::function<Result<void>(Transaction&)>& body) = 0;

  // Runs `body` in a transaction and commits durably (synced to disk) unless it returns an error or throws; then
  // nothing of it stays. In one process writers take turns, in the order they came. `body` may run again when
  // PostgreSQL asks for a retry (40001, 40P01), so it must start from scratch each time.
  virtual Result<void> write(const std::function<Result<void>(Transaction&)>& body) = 0;

  // Brings the schema up to date: applies what is missing of `migrations`, in the order given, each in a transaction
  // of its own, once across nodes. Errors: conflict, code "schema_newer", when the database was written by a newer
  // program and this one cannot work with it (it has a breaking migration that is not in the list; see migrate.h).
  virtual Result<void> migrate(std::span<const Migration> migrations) = 0;

  // Compares, without applying anything. Errors: as migrate().
  virtual Result<SchemaState> schema_state(std::span<const Migration> migrations) = 0;

  // Hands over a consistent copy: everything committed until some moment during the call, nothing after it. Others read
  // and write meanwhile; the writer is held for some milliseconds at a time. The copy is checked for damage (SQLite's
  // integrity_check) before its first byte is handed over. One copy at a time. Errors: conflict "copy_running";
  // unavailable "disk_full"; internal "database_corrupt"; those of the functions.
  virtual Result<CopyReport> copy(const CopyOptions& options) = 0;

  // Moves what the WAL holds into the database file and truncates the WAL; a no-op on PostgreSQL.
  virtual Result<void> checkpoint() = 0;

  // Whether other processes may write this database too: PostgreSQL. A SQLite file belongs to one process.
  virtual bool shared() const = 0;

  // A cheap round trip; tells whether the database answers. For /readyz.
  virtual Result<void> ping() = 0;
};

// The steps that a migrated database has.
Result<std::vector<AppliedStep>> applied_steps(Database& database);

// Whether a program that knows `migrations` can work with a database that has these steps. Errors: as migrate().
Result<void> check_steps(std::span<const AppliedStep> steps, std::span<const Migration> migrations);

// Makes a database from a copy: a file, or a schema without tables. `migrations`: what this program knows. On an error
// nothing stays. Errors: conflict "database_exists"; invalid "copy_damaged"; those of migrate(), of `read` and of the
// database.
Result<void> restore(const Options& options, std::span<const Migration> migrations, const ReadCopy& read);

}  // namespace handschlag::db
