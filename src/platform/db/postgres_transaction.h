// A transaction on a PostgreSQL connection. Private to platform/db.
#pragma once

#include <functional>
#include <string_view>

#include "platform/db/postgres_connection.h"

namespace handschlag::db {

class PostgresTransaction final : public Transaction {
 public:
  explicit PostgresTransaction(PostgresConnection& connection) : connection_(connection) {}

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
  // Whether that error was the server's wish to have the transaction run again.
  bool wants_retry() const { return wants_retry_; }

 private:
  using OnResult = std::function<void(std::size_t index, const PGresult&)>;
  // Up to this many rows, or this many bytes, are sent before the answers are read.
  static constexpr std::size_t kChunkRows = 512;
  static constexpr std::size_t kChunkBytes = 4 * 1024 * 1024;

  Result<const PostgresConnection::Statement*> prepare(std::string_view sql, const std::vector<Oid>& types);
  Result<PostgresResult> run_one(std::string_view sql, Params params);
  Result<void> run_batch(std::string_view sql, const Batch& batch, const OnResult& on_result);
  Result<void> run_pipeline(const PostgresConnection::Statement& statement, const Batch& batch,
                            const OnResult& on_result);
  Result<std::size_t> send_chunk(const PostgresConnection::Statement& statement, const Batch& batch, std::size_t first);
  Result<void> read_chunk(std::size_t first, std::size_t count, const OnResult& on_result);

  std::unexpected<Error> broken(Error error);
  std::unexpected<Error> broken(const PGresult* result);

  PostgresConnection& connection_;
  Result<void> state_;
  bool wants_retry_ = false;
};

}  // namespace handschlag::db
