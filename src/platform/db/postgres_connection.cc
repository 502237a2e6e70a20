#include "platform/db/postgres_connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "platform/db/sql_text.h"

namespace handschlag::db {
namespace {

constexpr std::size_t kMaxStatements = 1024;

// The caller waits at most so long for a statement, a lock, a body that does nothing.
constexpr std::string_view kSession =
    "SET client_min_messages = error; SET client_encoding = 'UTF8'; SET timezone = 'UTC'; "
    "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s'; "
    "SET idle_in_transaction_session_timeout = '15s'; SET standard_conforming_strings = on;";

void ignore_notice(void*, const PGresult*) {}

Error make_error(ErrorKind kind, std::string code, std::string detail) {
  return Error{kind, std::move(code), std::move(detail), {}, {}};
}

Error server_gone() {
  return make_error(ErrorKind::unavailable, "database_gone", "The database server does not answer; try again soon.");
}

// The first settings are ours, those of the address come after and win.
PGconn* connect_to(const std::string& address) {
  const std::array keywords{"connect_timeout",
                            "keepalives_idle",
                            "tcp_user_timeout",
                            "fallback_application_name",
                            "options",
                            "dbname",
                            static_cast<const char*>(nullptr)};
  const std::array values{"5",
                          "15",
                          "30000",
                          "handschlag",
                          "-c client_min_messages=error",
                          address.c_str(),
                          static_cast<const char*>(nullptr)};
  return PQconnectdbParams(keywords.data(), values.data(), 1);
}

bool takes(const PostgresConnection::Statement& statement, const std::vector<Oid>& types) {
  return std::ranges::equal(statement.types, types, [](Oid has, Oid wanted) { return wanted == 0 || has == wanted; });
}

}  // namespace

bool asks_for_retry(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state != nullptr && (std::string_view(state) == "40001" || std::string_view(state) == "40P01");
}

Error postgres_error(const PGresult* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (field == nullptr) return server_gone();
  const std::string_view state = field;
  const std::string_view group = state.substr(0, 2);
  if (state == "23505") return make_error(ErrorKind::conflict, "unique", "There is already one with the same key.");
  if (state == "53100") {
    return make_error(ErrorKind::unavailable, "disk_full", "The disk is full; make room and try again.");
  }
  if (state == "57014" || state == "55P03" || group == "40") {
    return make_error(ErrorKind::unavailable, "database_busy", "The database is busy; try again soon.");
  }
  if (state != "08P01" && (group == "08" || group == "53" || group == "57" || group == "58" || state == "25P03")) {
    return server_gone();
  }
  // Messages about values (22, 23 and what triggers raise) may quote them; those about the statement (42) do not.
  const char* message = group == "42" ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr;
  return make_error(ErrorKind::internal, "database_error",
                    fmt::format("The database refused a statement (SQLSTATE {}){}{}.", state,
                                message == nullptr ? "" : ": ", message == nullptr ? "" : message));
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& address,
                                                                     const std::string& schema) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(address, schema));
  TRY(connection->connect());
  return connection;
}

Result<void> PostgresConnection::connect() {
  disconnect();
  handle_ = connect_to(address_);
  if (!connected()) {
    Error error = server_gone();
    if (handle_ != nullptr) error.detail = fmt::format("The database cannot be reached: {}", PQerrorMessage(handle_));
    disconnect();
    return std::unexpected(std::move(error));
  }
  PQsetNoticeReceiver(handle_, ignore_notice, nullptr);
  // Non-blocking: while the server is busy sending answers, or stands still, it takes nothing in, and a client that
  // does nothing but send would wait for ever.
  PQsetnonblocking(handle_, 1);
  auto configured = configure();
  if (!configured.has_value()) disconnect();
  return configured;
}

Result<void> PostgresConnection::configure() {
  TRY(run(std::string(kSession)));
  const PostgresResult order = execute("SELECT 'a' > 'B' AND getdatabaseencoding() = 'UTF8'");
  if (PQresultStatus(order.get()) != PGRES_TUPLES_OK) return std::unexpected(postgres_error(order.get()));
  if (std::string_view(PQgetvalue(order.get(), 0, 0)) != "t") {
    return fail(ErrorKind::internal, "database_collation",
                "The PostgreSQL database must be made with ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE "
                "template0, so that text is ordered by its bytes.");
  }
  if (schema_.empty()) return {};
  return run(fmt::format("SET search_path = \"{}\"", schema_));
}

void PostgresConnection::disconnect() {
  if (handle_ != nullptr) PQfinish(handle_);
  handle_ = nullptr;
  gave_up_ = false;
  statements_.clear();
  prepared_ = 0;
}

// Waits until the socket is ready for one of `events`. False at the deadline.
bool PostgresConnection::await(short events) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd ready{PQsocket(handle_), events, 0};
    const int count = left.count() <= 0 ? 0 : poll(&ready, 1, static_cast<int>(left.count()));
    if (count > 0) return true;
    if (count < 0 && errno == EINTR) continue;
    gave_up_ = true;
    return false;
  }
}

bool PostgresConnection::flush() {
  deadline_ = std::chrono::steady_clock::now() + kAnswerTime;
  for (;;) {
    const int unsent = PQflush(handle_);
    if (unsent <= 0) return unsent == 0;
    if (!await(POLLIN | POLLOUT)) return false;
    if (PQconsumeInput(handle_) == 0) return false;
  }
}

PostgresResult PostgresConnection::next_answer() {
  if (is_lost() || !flush()) return nullptr;
  while (PQisBusy(handle_) != 0) {
    if (!await(POLLIN)) return nullptr;
    if (PQconsumeInput(handle_) == 0) break;  // the answer then is that the connection is lost
  }
  return PostgresResult(PQgetResult(handle_));
}

PostgresResult PostgresConnection::answer_to(int sent) {
  PostgresResult last;
  if (sent == 0) return last;
  while (PostgresResult next = next_answer()) {
    last = std::move(next);
    if (is_lost()) break;
  }
  if (gave_up_) last.reset();
  return last;
}

PostgresResult PostgresConnection::execute(const char* script) {
  return answer_to(is_lost() ? 0 : PQsendQuery(handle_, script));
}

Result<void> PostgresConnection::run(const std::string& script) {
  const PostgresResult result = execute(script.c_str());
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return {};
  return std::unexpected(postgres_error(result.get()));
}

Result<void> PostgresConnection::begin(const char* statement) {
  if (connected()) {
    auto begun = run(statement);
    if (begun.has_value() || connected()) return begun;
  }
  // Nothing had begun, so connecting again hides nothing. What libpq says about hosts is for operators only, at the
  // start.
  if (!connect().has_value()) return std::unexpected(server_gone());
  return run(statement);
}

Result<void> PostgresConnection::commit(bool& retry) {
  const PostgresResult result = execute("COMMIT");
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    retry = asks_for_retry(result.get());
    return std::unexpected(postgres_error(result.get()));
  }
  // The server answers a COMMIT of a failed transaction with ROLLBACK, and that is no error to it.
  if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return {};
  return fail(ErrorKind::internal, "database_error", "The database rolled the transaction back.");
}

void PostgresConnection::roll_back() {
  if (handle_ == nullptr || (!gave_up_ && PQtransactionStatus(handle_) == PQTRANS_IDLE)) return;
  if (!run("ROLLBACK").has_value()) disconnect();  // so that the server lets go of its locks
}

PostgresConnection::Prepared PostgresConnection::prepare(std::string_view sql, const std::vector<Oid>& types) {
  auto found = statements_.find(sql);
  if (found != statements_.end()) {
    for (const Statement& statement : found->second) {
      if (takes(statement, types)) return {&statement, nullptr};
    }
  }
  if (prepared_ >= kMaxStatements) {
    PostgresResult freed = execute("DEALLOCATE ALL");
    if (PQresultStatus(freed.get()) != PGRES_COMMAND_OK) return {nullptr, std::move(freed)};
    statements_.clear();
    prepared_ = 0;
  }
  Statement statement{fmt::format("s{}", ++prepared_), types, count_parameters(sql)};
  PostgresResult result = answer_to(PQsendPrepare(handle_, statement.name.c_str(), std::string(sql).c_str(),
                                                  static_cast<int>(types.size()), types.data()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return {nullptr, std::move(result)};
  auto& variants = statements_[std::string(sql)];
  variants.push_back(std::move(statement));
  return {&variants.back(), nullptr};
}

}  // namespace handschlag::db
