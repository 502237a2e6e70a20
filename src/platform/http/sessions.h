// The connections that are open, so that a stop can reach and await them, and the gate between them and other threads.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
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

  // Since when it waits for its client: for the next request, the rest of one, or that the answer is taken. Nothing
  // while it is at work, or sends events.
  std::optional<std::chrono::steady_clock::time_point> waits_since() const;
  // What it keeps in memory of the body that it reads or sends.
  std::size_t held_bytes() const { return held_bytes_; }

 protected:
  // Returns what was held before.
  std::size_t hold(std::size_t bytes) { return held_bytes_.exchange(bytes); }
  void waits();
  void works() { waiting_ = 0; }

 private:
  std::atomic<std::chrono::steady_clock::rep> waiting_{0};
  std::atomic<std::size_t> held_bytes_{0};
};

// Keeps the open connections alive. Thread-safe.
class Sessions {
 public:
  // False once finish_all() was called.
  bool add(std::shared_ptr<Session> session);
  void remove(Session* session);
  std::size_t size() const;
  // Closes the one that has waited longest for its client among some taken at random that hold so many bytes or more,
  // if it has waited for `patience`; whether there was one. So a quick client finds room, however many are slow.
  bool close_slow(std::chrono::steady_clock::duration patience, std::size_t least_bytes = 0);
  void finish_all();
  void abort_all();
  // Waits until there is none, or for `timeout`; whether there is none.
  bool await_none(std::chrono::milliseconds timeout);

 private:
  std::vector<std::shared_ptr<Session>> all() const;
  std::shared_ptr<Session> slowest_of_some(std::size_t least_bytes);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Session*, std::shared_ptr<Session>> open_;
  bool finishing_ = false;
  std::minstd_rand random_;
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
