#include "platform/db/postgres_transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

#include "platform/db/sql_text.h"

namespace handschlag::db {
namespace {

// Types of PostgreSQL's catalogue (pg_type.dat), which libpq has no names for.
enum : Oid {
  kBool = 16,
  kBytea = 17,
  kName = 19,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kFloat4 = 700,
  kFloat8 = 701,
  kBpchar = 1042,
  kVarchar = 1043,
};
constexpr Oid kUnknown = 0;
constexpr int kBinary = 1;
constexpr const PGresult* kNoAnswer = nullptr;  // the connection is lost

struct TypeOf {
  Oid operator()(std::monostate) const { return kUnknown; }
  Oid operator()(std::int64_t) const { return kInt8; }
  Oid operator()(double) const { return kFloat8; }
  Oid operator()(std::string_view) const { return kText; }
  Oid operator()(BlobView) const { return kBytea; }
};

// The type of each column of a batch, from the rows where it is not NULL. Errors: rows that do not agree.
Result<std::vector<Oid>> types_of(const Batch& batch) {
  std::vector<Oid> types(batch.columns(), kUnknown);
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    const Params row = batch.row(i);
    for (std::size_t column = 0; column < row.size(); ++column) {
      const Oid type = std::visit(TypeOf{}, row[column]);
      if (type == kUnknown || type == types[column]) continue;
      if (types[column] != kUnknown) {
        return fail(ErrorKind::internal, "database_parameters",
                    fmt::format("The rows of a batch have different types for ${}.", column + 1));
      }
      types[column] = type;
    }
  }
  return types;
}

std::vector<Oid> types_of(Params params) {
  std::vector<Oid> types;
  types.reserve(params.size());
  for (const Param& param : params) types.push_back(std::visit(TypeOf{}, param));
  return types;
}

template <class Number>
Number from_network(const char* bytes) {
  std::array<char, sizeof(Number)> copy{};
  std::memcpy(copy.data(), bytes, copy.size());
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(copy);
  return std::bit_cast<Number>(copy);
}

template <class Number>
std::array<char, 8> to_network(Number number) {
  auto bytes = std::bit_cast<std::array<char, 8>>(number);
  if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(bytes);
  return bytes;
}

// Parameters in the form libpq takes. Used again for the rows of a batch.
class Arguments {
 public:
  explicit Arguments(std::size_t count) : values_(count), lengths_(count), formats_(count, kBinary), numbers_(count) {}

  void set(Params params) {
    bytes_ = 0;
    for (std::size_t i = 0; i < params.size(); ++i) {
      std::visit([&](const auto& value) { put(i, value); }, params[i]);
      bytes_ += static_cast<std::size_t>(lengths_[i]);
    }
  }
  int count() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  std::size_t bytes() const { return bytes_; }

 private:
  void put(std::size_t i, std::monostate) { put_bytes(i, nullptr, 0); }
  void put(std::size_t i, std::int64_t value) { put_number(i, to_network(value)); }
  void put(std::size_t i, double value) { put_number(i, to_network(value)); }
  void put(std::size_t i, std::string_view value) { put_text(i, value); }
  void put(std::size_t i, BlobView value) { put_text(i, value.bytes); }
  // A null pointer would be NULL, and an empty view may have one.
  void put_text(std::size_t i, std::string_view value) {
    put_bytes(i, value.data() == nullptr ? "" : value.data(), value.size());
  }
  void put_number(std::size_t i, const std::array<char, 8>& bytes) {
    numbers_[i] = bytes;
    put_bytes(i, numbers_[i].data(), bytes.size());
  }
  void put_bytes(std::size_t i, const char* data, std::size_t size) {
    values_[i] = data;
    lengths_[i] = static_cast<int>(size);
  }

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::array<char, 8>> numbers_;
  std::size_t bytes_ = 0;
};

// A column of another type than asked for is a mistake in the program: a sum() without its CAST, say.
[[noreturn]] void wrong_type(int column) {
  throw std::logic_error(fmt::format("column {} of the result has another type", column));
}

class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult& result, int row) : result_(result), row_(row) {}

  bool is_null(int column) const override { return PQgetisnull(&result_, row_, column) != 0; }

  std::int64_t integer(int column) const override {
    if (is_null(column)) return 0;
    const char* data = PQgetvalue(&result_, row_, column);
    switch (PQftype(&result_, column)) {
      case kInt8:
        return from_network<std::int64_t>(data);
      case kInt4:
        return from_network<std::int32_t>(data);
      case kInt2:
        return from_network<std::int16_t>(data);
      case kBool:
        return *data != 0 ? 1 : 0;
      default:
        wrong_type(column);
    }
  }

  double real(int column) const override {
    if (is_null(column)) return 0;
    const char* data = PQgetvalue(&result_, row_, column);
    switch (PQftype(&result_, column)) {
      case kFloat8:
        return from_network<double>(data);
      case kFloat4:
        return from_network<float>(data);
      default:
        return static_cast<double>(integer(column));
    }
  }

  std::string_view text(int column) const override { return bytes(column); }
  std::string_view blob(int column) const override { return bytes(column); }

 private:
  std::string_view bytes(int column) const {
    if (is_null(column)) return {};
    switch (PQftype(&result_, column)) {
      case kText:
      case kBytea:
      case kVarchar:
      case kBpchar:
      case kName:
        break;
      default:
        wrong_type(column);
    }
    return {PQgetvalue(&result_, row_, column), static_cast<std::size_t>(PQgetlength(&result_, row_, column))};
  }

  const PGresult& result_;
  int row_;
};

bool succeeded(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::int64_t rows_changed(const PGresult& result) {
  PGresult& answer = const_cast<PGresult&>(result);  // libpq reads only, but has no const here
  const std::string_view command = PQcmdStatus(&answer);
  const std::string_view count = PQcmdTuples(&answer);
  std::int64_t rows = 0;
  if (!command.starts_with("SELECT")) std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

template <class OnEach>
void each_row(const PGresult& result, const OnEach& on_each) {
  for (int row = 0; row < PQntuples(&result); ++row) on_each(PostgresRow(result, row));
}

class PipelineMode {
 public:
  explicit PipelineMode(PGconn* connection) : connection_(connection) { PQenterPipelineMode(connection_); }
  ~PipelineMode() { PQexitPipelineMode(connection_); }
  PipelineMode(const PipelineMode&) = delete;
  PipelineMode& operator=(const PipelineMode&) = delete;

 private:
  PGconn* connection_;
};

}  // namespace

std::unexpected<Error> PostgresTransaction::broken(Error error) {
  if (state_.has_value()) state_ = std::unexpected(error);
  return std::unexpected(std::move(error));
}

std::unexpected<Error> PostgresTransaction::broken(const PGresult* result) {
  if (state_.has_value()) wants_retry_ = asks_for_retry(result);
  return broken(postgres_error(result));
}

Result<const PostgresConnection::Statement*> PostgresTransaction::prepare(std::string_view sql,
                                                                          const std::vector<Oid>& types) {
  auto prepared = connection_.prepare(sql, types);
  if (prepared.statement == nullptr) return broken(prepared.failure.get());
  if (prepared.statement->parameters != types.size()) {
    return broken(
        {ErrorKind::internal,
         "database_parameters",
         fmt::format("A statement takes {} parameters and got {}.", prepared.statement->parameters, types.size()),
         {},
         {}});
  }
  return prepared.statement;
}

Result<PostgresResult> PostgresTransaction::run_one(std::string_view sql, Params params) {
  TRY(state());
  const auto* statement = TRY(prepare(sql, types_of(params)));
  Arguments arguments(params.size());
  arguments.set(params);
  PostgresResult result =
      connection_.answer_to(PQsendQueryPrepared(connection_.handle(), statement->name.c_str(), arguments.count(),
                                                arguments.values(), arguments.lengths(), arguments.formats(), kBinary));
  if (!succeeded(result.get())) return broken(result.get());
  return result;
}

Result<std::int64_t> PostgresTransaction::execute(std::string_view sql, Params params) {
  const PostgresResult result = TRY(run_one(sql, params));
  return rows_changed(*result);
}

Result<void> PostgresTransaction::query(std::string_view sql, Params params, const OnRow& on_row) {
  const PostgresResult result = TRY(run_one(sql, params));
  each_row(*result, on_row);
  return {};
}

Result<std::int64_t> PostgresTransaction::execute_batch(std::string_view sql, const Batch& batch) {
  std::int64_t changed = 0;
  TRY(run_batch(sql, batch, [&](std::size_t, const PGresult& result) { changed += rows_changed(result); }));
  return changed;
}

Result<void> PostgresTransaction::query_batch(std::string_view sql, const Batch& batch, const OnBatchRow& on_row) {
  return run_batch(sql, batch, [&](std::size_t index, const PGresult& result) {
    each_row(result, [&](const Row& row) { on_row(index, row); });
  });
}

Result<void> PostgresTransaction::run_batch(std::string_view sql, const Batch& batch, const OnResult& on_result) {
  TRY(state());
  if (batch.empty()) return {};
  auto types = types_of(batch);
  if (!types.has_value()) return broken(std::move(types).error());
  const auto* statement = TRY(prepare(sql, *types));
  return run_pipeline(*statement, batch, on_result);
}

Result<void> PostgresTransaction::run_pipeline(const PostgresConnection::Statement& statement, const Batch& batch,
                                               const OnResult& on_result) {
  const PipelineMode mode(connection_.handle());
  std::size_t first = 0;
  while (first < batch.rows()) {
    const std::size_t count = TRY(send_chunk(statement, batch, first));
    if (!connection_.flush()) return broken(kNoAnswer);
    TRY(read_chunk(first, count, on_result));
    first += count;
  }
  return {};
}

Result<std::size_t> PostgresTransaction::send_chunk(const PostgresConnection::Statement& statement, const Batch& batch,
                                                    std::size_t first) {
  Arguments arguments(batch.columns());
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (first + count < batch.rows() && count < kChunkRows && bytes < kChunkBytes) {
    arguments.set(batch.row(first + count));
    const int sent = PQsendQueryPrepared(connection_.handle(), statement.name.c_str(), arguments.count(),
                                         arguments.values(), arguments.lengths(), arguments.formats(), kBinary);
    if (sent == 0) return broken(kNoAnswer);
    bytes += arguments.bytes();
    ++count;
  }
  if (PQpipelineSync(connection_.handle()) == 0) return broken(kNoAnswer);
  return count;
}

// Reads the answers to the end also after an error or an exception, so that the connection stays usable.
Result<void> PostgresTransaction::read_chunk(std::size_t first, std::size_t count, const OnResult& on_result) {
  std::exception_ptr thrown;
  for (std::size_t i = 0; i < count; ++i) {
    const PostgresResult result = connection_.next_answer();
    if (!result) return broken(kNoAnswer);
    while (connection_.next_answer()) continue;  // nothing ends each statement's answers
    if (connection_.is_lost()) return broken(kNoAnswer);
    if (!succeeded(result.get())) {
      if (state_.has_value()) (void)broken(result.get());
    } else if (state_.has_value() && !thrown) {
      try {
        on_result(first + i, *result);
      } catch (...) {
        thrown = std::current_exception();
      }
    }
  }
  const PostgresResult sync = connection_.next_answer();
  if (thrown) std::rethrow_exception(thrown);
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) return broken(sync.get());
  return state();
}

Result<std::int64_t> PostgresTransaction::now_ms() {
  std::int64_t now = 0;
  TRY(query("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)", {},
            [&](const Row& row) { now = row.integer(0); }));
  return now;
}

Result<void> PostgresTransaction::run_script(std::string_view script) {
  TRY(state());
  const PostgresResult result = connection_.execute(std::string(script).c_str());
  const ExecStatusType status = PQresultStatus(result.get());
  if (!succeeded(result.get()) && status != PGRES_EMPTY_QUERY) return broken(result.get());
  return {};
}

}  // namespace handschlag::db
