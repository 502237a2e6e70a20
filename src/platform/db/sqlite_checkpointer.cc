#include "platform/db/sqlite_checkpointer.h"

#include <utility>

namespace handschlag::db {
namespace {

// From here on (32 MB) the log is copied.
constexpr int kCopyPages = 8'000;
// From here on (128 MB), because readers or a slow disk kept the log from beginning anew, the writer does it all
// itself and waits for the readers, at most this long at each commit.
constexpr int kRestartPages = 32'000;
constexpr int kRestartWaitMs = 100;

}  // namespace

SqliteCheckpointer::~SqliteCheckpointer() {
  {
    std::lock_guard lock(mutex_);
    state_ = State::stopping;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SqliteCheckpointer::on_commit(sqlite3* writer, const char* name, int pages) {
  if (pages < kCopyPages) return;
  if (pages >= kRestartPages) {
    sqlite3_busy_timeout(writer, kRestartWaitMs);
    sqlite3_wal_checkpoint_v2(writer, name, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    sqlite3_busy_timeout(writer, 5'000);
    return;
  }
  bool finish = false;
  {
    std::lock_guard lock(mutex_);
    finish = state_ == State::copied;
    if (state_ == State::idle) {
      state_ = State::wanted;
      if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    }
    if (finish) state_ = State::idle;
  }
  finish ? (void)sqlite3_wal_checkpoint_v2(writer, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr)
         : wake_.notify_all();
}

void SqliteCheckpointer::loop() {
  sqlite3* connection = nullptr;
  sqlite3_open_v2(path_.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  sqlite3_exec(connection, "PRAGMA synchronous=FULL", nullptr, nullptr, nullptr);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return state_ == State::wanted || state_ == State::stopping; });
    if (state_ == State::stopping) break;
    state_ = State::copying;
    lock.unlock();
    sqlite3_wal_checkpoint_v2(connection, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    lock.lock();
    if (state_ == State::copying) state_ = State::copied;
  }
  lock.unlock();
  sqlite3_close(connection);
}

}  // namespace handschlag::db
