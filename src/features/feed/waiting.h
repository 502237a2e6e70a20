// Those who wait for new events, with one thread for all of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace handschlag::feed {

// Thread-safe.
class Waiting {
 public:
  // `last` answers the last position of a region; asked every `every` for each region that somebody waits for.
  using Last = std::function<std::int64_t(const std::string& region)>;
  Waiting(Last last, std::chrono::milliseconds every, std::size_t capacity)
      : last_(std::move(last)), every_(every), capacity_(capacity), thread_([this] { run(); }) {}
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // See Feed::wait().
  bool add(std::string region, std::int64_t after, std::chrono::milliseconds wait, std::function<void()> ready);
  void stop();

 private:
  using Steady = std::chrono::steady_clock;
  struct Waiter {
    std::string region;
    std::int64_t after;
    Steady::time_point until;
    std::function<void()> ready;
  };
  void run();
  std::list<Waiter> take_ready(std::unique_lock<std::mutex>& lock);

  const Last last_;
  const std::chrono::milliseconds every_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiter> waiters_;
  bool stopping_ = false;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace handschlag::feed
