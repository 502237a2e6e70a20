#include "platform/http/workers.h"

#include <algorithm>
#include <exception>
#include <typeinfo>
#include <utility>

#include "platform/log/log.h"

namespace handschlag::http {

Workers::Workers(std::size_t threads, std::size_t capacity) : capacity_(capacity) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) threads_.emplace_back([this] { loop(); });
}

Workers::~Workers() {
  stop();
}

bool Workers::try_post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void Workers::stop() {
  std::deque<Task> dropped;  // destroyed without the lock: what a task holds may answer when it goes
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::loop() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      task();
    } catch (const std::exception& exception) {
      log::error("a task of the web server failed", {{"exception", typeid(exception).name()}});
    }
  }
}

}  // namespace handschlag::http
