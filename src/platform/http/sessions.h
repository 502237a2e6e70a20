// The connections that are open, so that a stop can reach and await them, and the gate between them and other threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace handschlag::http {

// One connection. Its methods may be called from any thread.
class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  // Closes once the request that it has, if any, is answered.
  virtual void finish() = 0;
  // Closes now.
  virtual void abort() = 0;
};

// Keeps the open connections alive. Thread-safe.
class Sessions {
 public:
  // False once finish_all() was called.
  bool add(std::shared_ptr<Session> session);
  void remove(Session* session);
  std::size_t size() const;
  void finish_all();
  void abort_all();
  // Waits until there is none, or for `timeout`; whether there is none.
  bool await_none(std::chrono::milliseconds timeout);

 private:
  std::vector<std::shared_ptr<Session>> all() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Session*, std::shared_ptr<Session>> open_;
  bool finishing_ = false;
};

// Answers and events may come when the server is gone: whoever sends them outlives it. Inside enter() it is there.
class Gate {
 public:
  // Runs `action` unless the gate is shut.
  template <class Action>
  void enter(Action action) {
    std::shared_lock lock(mutex_);
    if (open_) action();
  }
  // Waits for those inside.
  void shut() {
    std::unique_lock lock(mutex_);
    open_ = false;
  }

 private:
  std::shared_mutex mutex_;
  bool open_ = true;
};

}  // namespace handschlag::http
