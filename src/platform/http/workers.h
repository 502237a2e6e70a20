// Threads that run handlers, with a bounded queue before them. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace handschlag::http {

class Workers {
 public:
  using Task = std::function<void()>;

  // `capacity` is how many tasks may wait; those that run are not counted.
  Workers(std::size_t threads, std::size_t capacity);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when the queue is full or after stop(); the task is then not run.
  bool try_post(Task task);
  // Drops the tasks that still wait, and waits for those that run. Idempotent; not to be called by a task.
  void stop();

 private:
  void loop();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace handschlag::http
