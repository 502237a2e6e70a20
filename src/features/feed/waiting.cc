#include "features/feed/waiting.h"

#include <map>
#include <utility>

namespace handschlag::feed {

Waiting::~Waiting() {
  stop();
}

bool Waiting::add(std::string region, std::int64_t after, std::chrono::milliseconds wait, std::function<void()> ready) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || waiters_.size() >= capacity_) return false;
    waiters_.push_back({std::move(region), after, Steady::now() + wait, std::move(ready)});
  }
  changed_.notify_all();
  return true;
}

void Waiting::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  std::lock_guard joining(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void Waiting::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiters_.empty(); });
    std::list<Waiter> ready = take_ready(lock);
    const bool stop = stopping_;
    lock.unlock();
    for (const Waiter& waiter : ready) waiter.ready();
    ready.clear();
    lock.lock();
    if (stop && waiters_.empty()) return;
    changed_.wait_for(lock, every_, [this] { return stopping_; });
  }
}

// Those whose region has something new, or whose time is over; at the stop, all.
std::list<Waiting::Waiter> Waiting::take_ready(std::unique_lock<std::mutex>& lock) {
  std::map<std::string, std::int64_t> last;
  for (const Waiter& waiter : waiters_) last.emplace(waiter.region, 0);
  lock.unlock();
  for (auto& [region, position] : last) position = last_(region);
  lock.lock();
  const auto now = Steady::now();
  std::list<Waiter> ready;
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    const auto next = std::next(it);
    const auto known = last.find(it->region);
    const bool due = stopping_ || it->until <= now || (known != last.end() && known->second > it->after);
    if (due) ready.splice(ready.end(), waiters_, it);
    it = next;
  }
  return ready;
}

}  // namespace handschlag::feed
