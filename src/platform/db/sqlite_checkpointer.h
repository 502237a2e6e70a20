// Moves what the write-ahead log holds into the database file, in small portions of the writer's time: a thread of its
// own copies the bulk while the writer goes on, then the writer copies the little that came meanwhile, and so can begin
// the log anew. The log stays bounded also where readers follow each other without a gap.
#pragma once

#include <sqlite3.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace handschlag::db {

class SqliteCheckpointer {
 public:
  explicit SqliteCheckpointer(std::string path) : path_(std::move(path)) {}
  // Waits for a copy that is under way.
  ~SqliteCheckpointer();
  SqliteCheckpointer(const SqliteCheckpointer&) = delete;
  SqliteCheckpointer& operator=(const SqliteCheckpointer&) = delete;

  // On the writer's connection after each of its commits: `pages` is how many the log has. Never fails: a commit stands
  // whatever becomes of the copy, and the next commit tries again.
  void on_commit(sqlite3* writer, const char* name, int pages);

 private:
  enum class State { idle, wanted, copying, copied, stopping };

  void loop();

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable wake_;
  State state_ = State::idle;
  std::thread thread_;  // begins with the first copy: most databases never need one
};

}  // namespace handschlag::db
