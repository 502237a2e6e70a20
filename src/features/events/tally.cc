#include "features/events/tally.h"

#include <utility>

#include "platform/log/log.h"

namespace handschlag::events {

Tally::Tally(db::Writer& writer) : writer_(writer), thread_([this] { loop(); }) {}

Tally::~Tally() {
  stop();
}

void Tally::reject(const sources::Source* source, std::string_view code, Time at) {
  if (source != nullptr && source->mode == sources::Mode::test) return;
  store::HourKey key{store::hour_of(at), source == nullptr ? 0 : source->number.value, store::HourMeasure::rejected, "",
                     std::string(code)};
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaiting && !waiting_.contains(key)) return;
  const bool first = waiting_.empty();
  ++waiting_[std::move(key)];
  if (first) wake_.notify_all();
}

Result<void> Tally::flush() {
  std::lock_guard flushing(flush_mutex_);
  store::HourCounts counts;
  {
    std::lock_guard lock(mutex_);
    counts.swap(waiting_);
  }
  if (counts.empty()) return {};
  auto written = writer_.run([&](db::Transaction& tx) { return store::add_hours(tx, counts); });
  if (written) {
    ++written_;
    return {};
  }
  std::lock_guard lock(mutex_);
  for (auto& [key, events] : counts) waiting_[key] += events;
  return written;
}

void Tally::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Tally::loop() {
  bool failing = false;
  for (;;) {
    bool last = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      wake_.wait_for(lock, kEvery, [this] { return stopping_; });
      last = stopping_;
    }
    auto done = flush();
    if (!done && !failing) log::warning("rejected input is not counted for now", {{"code", done.error().code}});
    failing = !done.has_value();
    if (last) return;
  }
}

}  // namespace handschlag::events
