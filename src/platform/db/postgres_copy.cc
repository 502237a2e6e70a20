#include "platform/db/postgres_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "platform/db/migrate.h"
#include "platform/db/postgres.h"
#include "platform/db/postgres_transaction.h"
#include "platform/db/sql_text.h"

namespace handschlag::db {
namespace {

constexpr const char* kLong = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
constexpr const char* kBeginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::size_t kHeadBytes = 5;
constexpr std::size_t kMaxFrame = 1 << 30;

enum class Frame : char { step = 'S', table = 'T', data = 'D', end = 'E' };

class RollBack {
 public:
  explicit RollBack(PostgresConnection& connection) : connection_(connection) {}
  ~RollBack() { connection_.roll_back(); }
  RollBack(const RollBack&) = delete;
  RollBack& operator=(const RollBack&) = delete;

 private:
  PostgresConnection& connection_;
};

std::unexpected<Error> damaged() {
  return fail(ErrorKind::invalid, "copy_damaged", "The copy is damaged, or not one of PostgreSQL; use another one.");
}

class FrameWriter {
 public:
  explicit FrameWriter(const CopyOptions& options) : options_(options) {}

  Result<void> add(Frame kind, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    waiting_ += static_cast<char>(kind);
    for (unsigned shift = 0; shift < 32; shift += 8) waiting_ += static_cast<char>((size >> shift) & 0xffU);
    waiting_ += text;
    return waiting_.size() < kPieceBytes ? Result<void>{} : flush();
  }
  Result<void> flush() {
    if (waiting_.empty()) return {};
    done_ += waiting_.size();
    TRY(options_.write(waiting_));
    waiting_.clear();
    return options_.progress(done_, 0);
  }

 private:
  const CopyOptions& options_;
  std::string waiting_;
  std::uint64_t done_ = 0;
};

class FrameReader {
 public:
  explicit FrameReader(const ReadCopy& read) : read_(read) {}

  struct Item {
    Frame kind;
    std::string text;
  };
  Result<Item> next() {
    TRY(fill(kHeadBytes));
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      size |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[at_ + 1 + i])) << (8 * i);
    }
    if (size > kMaxFrame) return damaged();
    const auto kind = static_cast<Frame>(buffer_[at_]);
    at_ += kHeadBytes;
    TRY(fill(size));
    Item item{kind, buffer_.substr(at_, size)};
    at_ += size;
    return item;
  }

 private:
  Result<void> fill(std::size_t bytes) {
    while (buffer_.size() - at_ < bytes) {
      buffer_.erase(0, at_);
      at_ = 0;
      const std::string piece = TRY(read_());
      if (piece.empty()) return damaged();
      buffer_ += piece;
    }
    return {};
  }

  const ReadCopy& read_;
  std::string buffer_;
  std::size_t at_ = 0;
};

struct Table {
  std::string name;     // quoted where it needs to be
  std::string columns;  // the same, separated by commas
};

Result<std::vector<Table>> list_tables(Transaction& tx, std::string_view schema) {
  std::vector<Table> tables;
  TRY(tx.query(
      "SELECT CAST(quote_ident(c.relname) AS TEXT), string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
      "WHERE n.nspname = $1 AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname",
      {schema}, [&](const Row& row) { tables.push_back({std::string(row.text(0)), std::string(row.text(1))}); }));
  return tables;
}

Result<void> copy_table(PostgresConnection& connection, const Table& table, FrameWriter& frames) {
  TRY(frames.add(Frame::table, fmt::format("{} ({})", table.name, table.columns)));
  const std::string statement = fmt::format("COPY {} ({}) TO STDOUT (FORMAT binary)", table.name, table.columns);
  const PostgresResult begun(PQexec(connection.handle(), statement.c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) return std::unexpected(postgres_error(begun.get()));
  Result<void> written;
  char* row = nullptr;
  int size = 0;
  while ((size = PQgetCopyData(connection.handle(), &row, 0)) > 0) {
    // The rest is still read after an error: only so the connection can be used to roll back.
    if (written) written = frames.add(Frame::data, {row, static_cast<std::size_t>(size)});
    PQfreemem(row);
  }
  const PostgresResult ended(PQgetResult(connection.handle()));
  while (PGresult* more = PQgetResult(connection.handle())) PQclear(more);
  TRY(std::move(written));
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return std::unexpected(postgres_error(ended.get()));
  return {};
}

Result<void> copy_steps(Transaction& tx, FrameWriter& frames) {
  std::vector<std::string> steps;
  TRY(tx.query("SELECT slice, number, name, checksum FROM schema_migration ORDER BY slice, number", {},
               [&](const Row& row) {
                 steps.push_back(fmt::format("{}\t{}\t{}\t{}", row.text(0), row.integer(1), row.text(2), row.text(3)));
               }));
  for (const std::string& step : steps) TRY(frames.add(Frame::step, step));
  return {};
}

Result<AppliedStep> parse_step(std::string_view text) {
  std::array<std::string, 4> fields;
  for (std::string& field : fields) {
    const std::size_t end = text.find('\t');
    field = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  AppliedStep step{fields[0], 0, fields[2], fields[3]};
  const auto parsed = std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), step.number);
  if (parsed.ec != std::errc{} || step.checksum.empty()) return damaged();
  return step;
}

// The schema as it was when the copy was taken: later steps come when the program opens it.
Result<void> make_tables(Transaction& tx, std::span<const AppliedStep> steps, std::span<const Migration> migrations) {
  std::size_t made = 0;
  TRY(check_steps(steps, migrations));
  auto& postgres = static_cast<PostgresTransaction&>(tx);
  TRY(postgres.run_script(kCreateMigrationTable));
  for (const Migration& migration : migrations) {
    const bool wanted = std::any_of(steps.begin(), steps.end(), [&](const AppliedStep& step) {
      return step.slice == migration.slice && step.number == migration.number;
    });
    if (!wanted) continue;
    ++made;
    TRY(postgres.run_script(to_postgres_types(migration.sql)));
  }
  if (made == steps.size()) return {};
  return fail(ErrorKind::conflict, "schema_newer",
              "The copy was taken by a newer program, whose tables this one does not know; restore it with that "
              "version.");
}

// Hands the data of one table over; answers the frame after it.
Result<FrameReader::Item> fill_table(PostgresConnection& connection, const std::string& table, FrameReader& frames) {
  const std::string name = table.substr(0, table.find(' '));
  TRY(connection.run(fmt::format("DELETE FROM {}", name)));  // what the steps of the schema put in
  PQsetnonblocking(connection.handle(), 0);                  // so that sending waits for the server
  const PostgresResult begun(
      PQexec(connection.handle(), fmt::format("COPY {} FROM STDIN (FORMAT binary)", table).c_str()));
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return std::unexpected(postgres_error(begun.get()));
  auto item = frames.next();
  bool sent = true;
  for (; item && item->kind == Frame::data && sent; item = frames.next()) {
    sent = PQputCopyData(connection.handle(), item->text.data(), static_cast<int>(item->text.size())) == 1;
  }
  (void)PQputCopyEnd(connection.handle(), item && sent ? nullptr : "the copy is damaged");
  const PostgresResult ended(PQgetResult(connection.handle()));
  while (PGresult* more = PQgetResult(connection.handle())) PQclear(more);
  if (!item) return item;
  if (PQresultStatus(ended.get()) != PGRES_COMMAND_OK) return std::unexpected(postgres_error(ended.get()));
  return item;
}

Result<void> fill_schema(PostgresConnection& connection, const Options& options, std::span<const Migration> migrations,
                         const ReadCopy& read) {
  PostgresTransaction tx(connection);
  if (!TRY(list_tables(tx, options.schema)).empty()) {
    return fail(ErrorKind::conflict, "database_exists",
                fmt::format("The schema {} of the PostgreSQL database has tables already.", options.schema));
  }
  FrameReader frames(read);
  std::vector<AppliedStep> steps;
  auto item = TRY(frames.next());
  for (; item.kind == Frame::step; item = TRY(frames.next())) steps.push_back(TRY(parse_step(item.text)));
  TRY(make_tables(tx, steps, migrations));
  while (item.kind == Frame::table) {
    const std::string table = item.text;
    item = TRY(fill_table(connection, table, frames));
  }
  if (item.kind != Frame::end) return damaged();
  return tx.state();
}

}  // namespace

Result<void> copy_postgres(PostgresConnection& connection, const std::string& schema, const CopyOptions& options) {
  TRY(connection.run(kLong));
  TRY(connection.begin(kBeginSnapshot));
  const RollBack end(connection);
  PostgresTransaction tx(connection);
  FrameWriter frames(options);
  TRY(copy_steps(tx, frames));
  for (const Table& table : TRY(list_tables(tx, schema))) TRY(copy_table(connection, table, frames));
  TRY(frames.add(Frame::end, ""));
  return frames.flush();
}

Result<void> restore_postgres(const Options& options, std::span<const Migration> migrations, const ReadCopy& read) {
  TRY(open_postgres(options));  // makes the schema
  auto connection = TRY(PostgresConnection::open(options.location, options.schema));
  TRY(connection->run(kLong));
  TRY(connection->begin("BEGIN"));
  const RollBack end(*connection);
  TRY(fill_schema(*connection, options, migrations, read));
  bool retry = false;
  return connection->commit(retry);
}

}  // namespace handschlag::db
