#include "features/events/keeper.h"

#include <string_view>
#include <utility>

namespace handschlag::events {

class Keeper::Kept final : public http::EventSink {
 public:
  explicit Kept(std::shared_ptr<http::EventSink> sink) : sink_(std::move(sink)) {}

  bool send(std::string_view event, std::string_view data, std::string_view id) override {
    std::lock_guard lock(mutex_);
    return sink_ != nullptr && sink_->send(event, data, id);
  }
  bool closed() const override {
    std::lock_guard lock(mutex_);
    return sink_ == nullptr || sink_->closed();
  }
  void end() {
    std::lock_guard lock(mutex_);
    if (sink_ != nullptr) sink_->send("over", "{}");
    sink_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<http::EventSink> sink_;  // none once it is over
};

Keeper::Keeper(StillIn still_in, std::chrono::milliseconds pace)
    : still_in_(std::move(still_in)), pace_(pace), thread_([this] { loop(); }) {}

Keeper::~Keeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<http::EventSink> Keeper::keep(const http::Request& request, std::shared_ptr<http::EventSink> sink,
                                              StillSees still_sees) {
  auto kept = std::make_shared<Kept>(std::move(sink));
  Watcher watcher{request, std::move(still_sees), kept};
  watcher.request.body.clear();
  {
    std::lock_guard lock(mutex_);
    watchers_.push_back(std::move(watcher));
  }
  wake_.notify_all();
  return kept;
}

void Keeper::loop() {
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
void Keeper::look() {
  std::vector<Watcher> all;
  {
    std::lock_guard lock(mutex_);
    all = watchers_;
  }
  for (const Watcher& watcher : all) {
    auto sink = watcher.sink.lock();
    if (sink != nullptr && (sink->closed() || !may_watch(watcher))) sink->end();
  }
  std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [](const Watcher& watcher) {
    auto sink = watcher.sink.lock();
    return sink == nullptr || sink->closed();
  });
}

bool Keeper::may_watch(const Watcher& watcher) const {
  auto in = still_in_(watcher.request);
  // A database that does not answer ends nobody's session.
  if (!in && in.error().kind != ErrorKind::unavailable) return false;
  return !watcher.still_sees || watcher.still_sees(watcher.request);
}

}  // namespace handschlag::events
