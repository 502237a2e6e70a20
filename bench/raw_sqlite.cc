// What SQLite alone can do: the rows and indexes of stored events, written by a bare loop in groups of the size that
// the server makes under load, with the server's durability. The figure beside the server's own.
//
//   handschlag_raw_sqlite FILE ROWS PEOPLE GROUP
//
// Writes one JSON object to standard output: the rows a second of the last tenth, and of all.
#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kSealedBytes = 330;  // of the events that handschlag_load sends
constexpr std::int64_t kSegmentEvents = 50'000;

void check(int code, sqlite3* database) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fmt::print(stderr, "handschlag_raw_sqlite: {}\n", sqlite3_errmsg(database));
  std::exit(1);
}

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: handschlag_raw_sqlite FILE ROWS PEOPLE GROUP\n");
    return 2;
  }
  const std::int64_t rows = std::atoll(argv[2]);
  const std::int64_t people = std::atoll(argv[3]);
  const std::int64_t group = std::atoll(argv[4]);
  sqlite3* database = nullptr;
  check(sqlite3_open(argv[1], &database), database);
  const char* schema =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000;"
      "CREATE TABLE event (seq INTEGER NOT NULL PRIMARY KEY, event_id BLOB NOT NULL, segment INTEGER NOT NULL, "
      "identity INTEGER NOT NULL, type INTEGER NOT NULL, source INTEGER NOT NULL, purposes INTEGER NOT NULL, "
      "occurred_at INTEGER NOT NULL, received_at INTEGER NOT NULL, sealed BLOB NOT NULL);"
      "CREATE UNIQUE INDEX by_event_id ON event (event_id);"
      "CREATE INDEX by_identity ON event (segment, identity, occurred_at, seq);";
  check(sqlite3_exec(database, schema, nullptr, nullptr, nullptr), database);
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(database, "INSERT INTO event VALUES (?, ?, ?, ?, 2, 1, 1, ?, ?, ?)", -1, &insert, nullptr),
        database);

  std::mt19937_64 random(1);
  std::string sealed(kSealedBytes, 'x');
  std::string event_id(16, '\0');
  std::int64_t millis = 1'795'000'000'000;
  const auto start = SteadyClock::now();
  auto last_tenth = start;
  for (std::int64_t seq = 1; seq <= rows; ++seq) {
    if (seq % group == 1) check(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), database);
    if (seq % 60 == 0) ++millis;  // as at 60,000 events a second
    for (int i = 0; i < 6; ++i) event_id[static_cast<std::size_t>(i)] = static_cast<char>(millis >> (40 - 8 * i));
    for (std::size_t i = 6; i < 16; ++i) event_id[i] = static_cast<char>(random());
    for (std::size_t i = 0; i < sealed.size(); i += 16) sealed[i] = static_cast<char>(random());
    sqlite3_bind_int64(insert, 1, seq);
    sqlite3_bind_blob(insert, 2, event_id.data(), 16, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 3, seq / kSegmentEvents);
    sqlite3_bind_int64(insert, 4, static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(people)));
    sqlite3_bind_int64(insert, 5, millis);
    sqlite3_bind_int64(insert, 6, millis);
    sqlite3_bind_blob(insert, 7, sealed.data(), kSealedBytes, SQLITE_STATIC);
    check(sqlite3_step(insert), database);
    sqlite3_reset(insert);
    if (seq % group == 0 || seq == rows) check(sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr), database);
    if (seq == rows - rows / 10) last_tenth = SteadyClock::now();
  }
  fmt::print("{{\"rows_per_second_last_tenth\": {:.0f}, \"rows_per_second\": {:.0f}}}\n",
             static_cast<double>(rows / 10) / seconds_since(last_tenth),
             static_cast<double>(rows) / seconds_since(start));
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return 0;
}
