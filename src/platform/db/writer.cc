#include "platform/db/writer.h"

#include <exception>
#include <future>
#include <utility>

namespace handschlag::db {

Writer::Writer(Database& database, std::size_t capacity)
    : database_(database), capacity_(capacity), thread_([this] { loop(); }) {}

Writer::~Writer() {
  stop();
}

Result<void> Writer::post(Body body, Done done) {
  {
    std::lock_guard guard(mutex_);
    if (stopping_) return fail(ErrorKind::unavailable, "stopping", "The server is stopping; try again soon.");
    if (queue_.size() >= capacity_) {
      return fail(ErrorKind::too_many, "writer_full", "Too many writes are waiting; try again soon.");
    }
    queue_.push_back({std::move(body), std::move(done), std::chrono::steady_clock::now()});
  }
  wake_.notify_one();
  return {};
}

Result<void> Writer::run(Body body) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  TRY(post(std::move(body), [&](Result<void> result) { promise.set_value(std::move(result)); }));
  return future.get();
}

void Writer::stop() {
  {
    std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  std::lock_guard joining(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

std::size_t Writer::queued() const {
  std::lock_guard guard(mutex_);
  return queue_.size();
}

std::chrono::steady_clock::duration Writer::oldest_wait() const {
  std::lock_guard guard(mutex_);
  auto since = running_since_;
  if (!since && !queue_.empty()) since = queue_.front().since;
  return since ? std::chrono::steady_clock::now() - *since : std::chrono::steady_clock::duration{};
}

void Writer::loop() {
  for (;;) {
    Task task;
    {
      std::unique_lock guard(mutex_);
      running_since_.reset();
      wake_.wait(guard, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
      running_since_ = task.since;
    }
    task.done(write(task.body));
  }
}

// This thread is a boundary: what a body throws ends its own task, not the writer.
Result<void> Writer::write(const Body& body) {
  try {
    return database_.write(body);
  } catch (const std::exception&) {
    return fail(ErrorKind::internal, "write_failed", "The write failed for a reason that was not foreseen.");
  }
}

}  // namespace handschlag::db
