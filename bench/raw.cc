// What the database alone can do: the rows and indexes of stored events, written by a bare loop in groups of the size
// that the server makes under load, with the server's durability. The figure beside the server's own.
//
//   handschlag_raw sqlite FILE ROWS PEOPLE GROUP
//   handschlag_raw postgres URL ROWS PEOPLE GROUP    (makes and drops a table of its own; prepared statements in
//   pipelines)
//
// Writes one JSON object to standard output: the rows a second of the last tenth, and of all.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kSealedBytes = 330;  // of the events that handschlag_load sends
constexpr std::int64_t kSegmentEvents = 50'000;

struct Row {
  std::int64_t seq = 0;
  std::string event_id = std::string(16, '\0');
  std::int64_t segment = 0;
  std::int64_t identity = 0;
  std::int64_t millis = 1'795'000'000'000;
  std::string sealed = std::string(kSealedBytes, 'x');
};

// Rows as the server makes them: ids begin with the time, people come in no order.
class Rows {
 public:
  explicit Rows(std::int64_t people) : people_(static_cast<std::uint64_t>(people)) {}

  const Row& next() {
    ++row_.seq;
    if (row_.seq % 60 == 0) ++row_.millis;  // as at 60,000 events a second
    for (std::size_t i = 0; i < 6; ++i) row_.event_id[i] = static_cast<char>(row_.millis >> (40 - 8 * i));
    for (std::size_t i = 6; i < 16; ++i) row_.event_id[i] = static_cast<char>(random_());
    for (std::size_t i = 0; i < kSealedBytes; i += 16) row_.sealed[i] = static_cast<char>(random_());
    row_.segment = row_.seq / kSegmentEvents;
    row_.identity = static_cast<std::int64_t>(random_() % people_);
    return row_;
  }

 private:
  std::mt19937_64 random_{1};
  std::uint64_t people_;
  Row row_;
};

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "handschlag_raw: {}\n", why);
  std::exit(1);
}

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

struct Work {
  std::int64_t rows;
  std::int64_t people;
  std::int64_t group;
};

struct Target {
  std::function<void()> begin;
  std::function<void(const Row&)> insert;
  std::function<void()> commit;
};

void measure(const Work& work, const Target& target) {
  Rows rows(work.people);
  const auto start = SteadyClock::now();
  auto last_tenth = start;
  for (std::int64_t done = 0; done < work.rows; ++done) {
    if (done == work.rows - work.rows / 10) last_tenth = SteadyClock::now();
    if (done % work.group == 0) target.begin();
    target.insert(rows.next());
    if ((done + 1) % work.group == 0 || done + 1 == work.rows) target.commit();
  }
  fmt::print("{{\"rows_per_second_last_tenth\": {:.0f}, \"rows_per_second\": {:.0f}}}\n",
             static_cast<double>(work.rows / 10) / seconds_since(last_tenth),
             static_cast<double>(work.rows) / seconds_since(start));
}

void run_sqlite(const char* file, const Work& work) {
  sqlite3* database = nullptr;
  auto check = [&](int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) give_up(sqlite3_errmsg(database));
  };
  auto execute = [&](const char* sql) { check(sqlite3_exec(database, sql, nullptr, nullptr, nullptr)); };
  check(sqlite3_open(file, &database));
  execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000;"
      "CREATE TABLE event (seq INTEGER NOT NULL PRIMARY KEY, event_id BLOB NOT NULL, segment INTEGER NOT NULL, "
      "identity INTEGER NOT NULL, type INTEGER NOT NULL, source INTEGER NOT NULL, purposes INTEGER NOT NULL, "
      "occurred_at INTEGER NOT NULL, received_at INTEGER NOT NULL, sealed BLOB NOT NULL);"
      "CREATE UNIQUE INDEX by_event_id ON event (event_id);"
      "CREATE INDEX by_identity ON event (segment, identity, occurred_at, seq);");
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(database, "INSERT INTO event VALUES (?, ?, ?, ?, 2, 1, 1, ?, ?, ?)", -1, &insert, nullptr));
  auto insert_row = [&](const Row& row) {
    sqlite3_bind_int64(insert, 1, row.seq);
    sqlite3_bind_blob(insert, 2, row.event_id.data(), static_cast<int>(row.event_id.size()), SQLITE_STATIC);
    sqlite3_bind_int64(insert, 3, row.segment);
    sqlite3_bind_int64(insert, 4, row.identity);
    sqlite3_bind_int64(insert, 5, row.millis);
    sqlite3_bind_int64(insert, 6, row.millis);
    sqlite3_bind_blob(insert, 7, row.sealed.data(), static_cast<int>(row.sealed.size()), SQLITE_STATIC);
    check(sqlite3_step(insert));
    sqlite3_reset(insert);
  };
  measure(work, {[&] { execute("BEGIN IMMEDIATE"); }, insert_row, [&] { execute("COMMIT"); }});
  sqlite3_finalize(insert);
  sqlite3_close(database);
}

void run_postgres(const char* url, const Work& work) {
  PGconn* connection = PQconnectdb(url);
  if (PQstatus(connection) != CONNECTION_OK) give_up(PQerrorMessage(connection));
  auto execute = [&](const char* sql) {
    PGresult* result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) give_up(PQerrorMessage(connection));
    PQclear(result);
  };
  execute("SET client_min_messages = warning");
  execute("DROP TABLE IF EXISTS handschlag_raw");
  execute(
      "CREATE TABLE handschlag_raw (seq BIGINT NOT NULL PRIMARY KEY, event_id BYTEA NOT NULL, segment BIGINT NOT NULL, "
      "identity BIGINT NOT NULL, type BIGINT NOT NULL, source BIGINT NOT NULL, purposes BIGINT NOT NULL, "
      "occurred_at BIGINT NOT NULL, received_at BIGINT NOT NULL, sealed BYTEA NOT NULL)");
  execute("CREATE UNIQUE INDEX handschlag_raw_id ON handschlag_raw (event_id)");
  execute("CREATE INDEX handschlag_raw_identity ON handschlag_raw (segment, identity, occurred_at, seq)");
  PQclear(PQprepare(connection, "insert",
                    "INSERT INTO handschlag_raw VALUES ($1::bigint, $2::bytea, $3::bigint, $4::bigint, 2, 1, 1, "
                    "$5::bigint, $6::bigint, $7::bytea)",
                    0, nullptr));
  if (PQenterPipelineMode(connection) == 0) give_up(PQerrorMessage(connection));
  auto send = [&](const char* sql) {
    if (PQsendQueryParams(connection, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) == 0) {
      give_up(PQerrorMessage(connection));
    }
  };
  auto network = [](std::int64_t number) { return std::byteswap(number); };  // for little endian machines
  auto insert_row = [&](const Row& row) {
    std::array<std::int64_t, 4> numbers{network(row.seq), network(row.segment), network(row.identity),
                                        network(row.millis)};
    auto bytes = [&](std::size_t i) { return reinterpret_cast<const char*>(&numbers.at(i)); };
    std::array<const char*, 7> values{bytes(0), row.event_id.data(), bytes(1), bytes(2), bytes(3),
                                      bytes(3), row.sealed.data()};
    std::array<int, 7> lengths{8, 16, 8, 8, 8, 8, static_cast<int>(kSealedBytes)};
    std::array<int, 7> formats{1, 1, 1, 1, 1, 1, 1};
    if (PQsendQueryPrepared(connection, "insert", 7, values.data(), lengths.data(), formats.data(), 1) == 0) {
      give_up(PQerrorMessage(connection));
    }
  };
  auto commit = [&] {  // a group's rows are fewer than what would fill both sides' buffers and stop them
    send("COMMIT");
    if (PQpipelineSync(connection) == 0) give_up(PQerrorMessage(connection));
    for (int empty = 0; empty < 2;) {
      PGresult* result = PQgetResult(connection);
      if (result == nullptr) {
        ++empty;
        continue;
      }
      empty = 0;
      auto status = PQresultStatus(result);
      PQclear(result);
      if (status == PGRES_PIPELINE_SYNC) break;
      if (status != PGRES_COMMAND_OK) give_up(PQerrorMessage(connection));
    }
  };
  measure(work, {[&] { send("BEGIN"); }, insert_row, commit});
  PQexitPipelineMode(connection);
  execute("DROP TABLE handschlag_raw");
  PQfinish(connection);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view kind = argc == 6 ? argv[1] : "";
  if (kind != "sqlite" && kind != "postgres") {
    fmt::print(stderr,
               "usage: handschlag_raw sqlite FILE ROWS PEOPLE GROUP\n"
               "       handschlag_raw postgres URL ROWS PEOPLE GROUP\n");
    return 2;
  }
  const Work work{std::atoll(argv[3]), std::atoll(argv[4]), std::atoll(argv[5])};
  if (work.rows < 10 || work.people < 1 || work.group < 1) give_up("ROWS, PEOPLE and GROUP are numbers above 0.");
  kind == "sqlite" ? run_sqlite(argv[2], work) : run_postgres(argv[2], work);
  return 0;
}
