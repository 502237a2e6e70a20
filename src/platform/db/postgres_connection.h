// One PostgreSQL connection with its prepared statements, and a transaction on it. Private to platform/db.
// A connection belongs to one thread at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/db/db.h"

namespace handschlag::db {

struct PostgresResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, PostgresResultDeleter>;

// How long a server may take for one answer. Its own limits (postgres_connection.cc) end a statement before; this is
// for one that stands still, and says nothing at all.
constexpr std::chrono::seconds kAnswerTime{40};

// Whether the server asks for the transaction to be run again: 40001 (serialization), 40P01 (deadlock).
bool asks_for_retry(const PGresult* result);

// What an answer means to the caller; no answer means that the connection is lost. Never holds values of rows or
// parameters.
Error postgres_error(const PGresult* result);

class PostgresConnection {
 public:
  // Errors: unavailable "database_gone" (its detail tells an operator why); internal "database_collation".
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& address, const std::string& schema);
  ~PostgresConnection() { disconnect(); }
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Begins a transaction; connects again first when the server had gone away meanwhile.
  Result<void> begin(const char* statement);
  // Ends it. `retry` becomes true when the server asks for it.
  Result<void> commit(bool& retry);
  void roll_back();

  // Runs a script of statements without parameters.
  Result<void> run(const std::string& script);
  // The same; the last statement's answer, or that of the one that failed. Nothing where the connection is lost.
  PostgresResult execute(const char* script);
  // Sends what libpq has buffered, then waits for the next answer; nothing at the end of a statement's answers, where
  // the connection is lost (is_lost() tells) or the server takes too long, which counts as lost too.
  PostgresResult next_answer();
  // The last of a statement's answers, after one of libpq's functions that send it answered `sent`.
  PostgresResult answer_to(int sent);
  // Sends what libpq has buffered, reading meanwhile. False where the connection is lost.
  bool flush();

  struct Statement {
    std::string name;
    std::vector<Oid> types;  // 0 where the server was left to infer it, from a NULL
    std::size_t parameters = 0;
  };
  // A statement that takes parameters of these types (0: NULL), prepared on this connection when it is not there yet.
  struct Prepared {
    const Statement* statement = nullptr;
    PostgresResult failure;  // the server's answer when there is no statement
  };
  Prepared prepare(std::string_view sql, const std::vector<Oid>& types);

  PGconn* handle() const { return handle_; }
  bool is_lost() const { return gave_up_ || PQstatus(handle_) != CONNECTION_OK; }

 private:
  PostgresConnection(std::string address, std::string schema)
      : address_(std::move(address)), schema_(std::move(schema)) {}
  Result<void> connect();
  Result<void> configure();
  void disconnect();
  bool connected() const { return handle_ != nullptr && !is_lost(); }
  bool await(short events);

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  const std::string address_;
  const std::string schema_;
  PGconn* handle_ = nullptr;
  bool gave_up_ = false;  // an answer did not come in time, and may still come: the connection is of no use any more
  std::chrono::steady_clock::time_point deadline_;  // of the answer that is awaited
  std::unordered_map<std::string, std::vector<Statement>, TextHash, std::equal_to<>> statements_;
  std::size_t prepared_ = 0;
};

}  // namespace handschlag::db
