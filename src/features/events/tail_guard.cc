#include "features/events/tail_guard.h"

#include <utility>

#include "features/staff/staff.h"

namespace handschlag::events {

TailGuard::TailGuard(Tail& tail, const sources::Sources& sources, StillIn still_in, std::chrono::milliseconds pace)
    : tail_(tail), sources_(sources), still_in_(std::move(still_in)), pace_(pace), thread_([this] { loop(); }) {}

TailGuard::~TailGuard() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void TailGuard::watch(const http::Request& request, const sources::Source& source,
                      std::shared_ptr<http::EventSink> sink) {
  Watcher watcher{request, source.id, sink};
  watcher.request.body.clear();
  tail_.watch(source.number.value, std::move(sink));
  {
    std::lock_guard lock(mutex_);
    watchers_.push_back(std::move(watcher));
  }
  wake_.notify_all();
}

void TailGuard::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watchers_.empty()) {
      wake_.wait(lock, [this] { return stopping_ || !watchers_.empty(); });
    } else {
      wake_.wait_for(lock, pace_, [this] { return stopping_; });
      if (stopping_) return;
      lock.unlock();
      look();
      lock.lock();
    }
  }
}

// Whether they may is asked without the lock: it may take a question to the database.
void TailGuard::look() {
  std::vector<Watcher> all;
  {
    std::lock_guard lock(mutex_);
    // The tail holds on to those whom it still tells.
    std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.sink.expired(); });
    all = watchers_;
  }
  for (const Watcher& watcher : all) {
    auto sink = watcher.sink.lock();
    if (sink == nullptr) continue;
    if (!sink->closed() && may_watch(watcher)) continue;
    tail_.end(*sink);
    std::lock_guard lock(mutex_);
    std::erase_if(watchers_, [&](const Watcher& other) { return other.sink.lock() == sink; });
  }
}

bool TailGuard::may_watch(const Watcher& watcher) const {
  auto in = still_in_(watcher.request);
  // A database that does not answer ends nobody's session.
  if (!in && in.error().kind != ErrorKind::unavailable) return false;
  return sources::find_within(sources_, staff::unit_of(watcher.request.principal), watcher.source) != nullptr;
}

}  // namespace handschlag::events
