// The one writer of a database: a thread that runs tasks in the order they came, each in a transaction of its own,
// and tells each when its commit is durable. Whoever has many small writes gathers them into one task (group commit).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "platform/db/db.h"

namespace handschlag::db {

// Thread-safe.
class Writer {
 public:
  using Body = std::function<Result<void>(Transaction&)>;
  using Done = std::function<void(Result<void>)>;

  // At most `capacity` tasks wait; `database` must outlive the writer.
  Writer(Database& database, std::size_t capacity);
  // Finishes what was accepted.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Queues a task. `done` is called on the writer's thread after the commit, or with what went wrong.
  // Errors (then neither is called): too_many, when the queue is full; unavailable, after stop().
  Result<void> post(Body body, Done done);

  // Queues a task and waits for it. Not to be called on the writer's own thread.
  Result<void> run(Body body);

  // Refuses new tasks, finishes the queued ones. Idempotent. Not to be called on the writer's own thread.
  void stop();

  std::size_t queued() const;
  // For how long the oldest task that is not done has waited, or run; 0 when there is none.
  std::chrono::steady_clock::duration oldest_wait() const;

 private:
  struct Task {
    Body body;
    Done done;
    std::chrono::steady_clock::time_point since;
  };
  void loop();
  Result<void> write(const Body& body);

  Database& database_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  std::optional<std::chrono::steady_clock::time_point> running_since_;  // when the task that runs was queued
  bool stopping_ = false;
  std::mutex join_mutex_;  // stop() may be called by several threads; only one can join
  std::thread thread_;
};

}  // namespace handschlag::db
