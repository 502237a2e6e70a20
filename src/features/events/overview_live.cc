#include "features/events/overview_live.h"

#include <algorithm>
#include <set>
#include <utility>

#include "features/events/store.h"
#include "features/events/tally.h"
#include "platform/log/log.h"

namespace handschlag::events::overview {

Live::Live(Events& events, const sources::Sources& sources, const Clock& clock, Pace pace)
    : events_(events), sources_(sources), clock_(clock), pace_(pace), thread_([this] { loop(); }) {}

Live::~Live() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Result<json::Value> Live::once(const http::Request& request) {
  const Frame frame = TRY(frame_of(TRY(query_of(request)), clock_.now()));
  return to_json(frame, TRY(read(events_, frame.first_hour)), sources_);
}

Result<void> Live::admit(const http::Request& request, const Query& query) {
  TRY(frame_of(query, clock_.now()));
  std::lock_guard lock(mutex_);
  std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.sink->closed(); });
  const auto own =
      static_cast<std::size_t>(std::count_if(watchers_.begin(), watchers_.end(), [&](const Watcher& watcher) {
        return watcher.principal == request.principal.id;
      }));
  if (watchers_.size() < kMaxWatchers && own < kMaxOfOne) return {};
  Error error{ErrorKind::too_many, "watchers_many",
              "Too many windows watch the overview at this moment; close some, or try again later."};
  error.retry_after = std::chrono::seconds{30};
  return std::unexpected(std::move(error));
}

void Live::watch(std::string_view principal, const Query& query, std::shared_ptr<http::EventSink> sink) {
  Watcher watcher{std::string(principal), query, std::move(sink), "", std::chrono::steady_clock::now()};
  {
    std::lock_guard lock(mutex_);
    watchers_.push_back(std::move(watcher));
    fresh_ = true;
  }
  wake_.notify_all();
}

void Live::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watchers_.empty()) {
      wake_.wait(lock, [this] { return stopping_ || fresh_; });
    } else {
      wake_.wait_for(lock, pace_.look, [this] { return stopping_ || fresh_; });
    }
    if (stopping_) return;
    lock.unlock();
    look(std::chrono::steady_clock::now());
    lock.lock();
  }
}

void Live::look(SteadyTime now) {
  std::vector<Query> queries;
  bool fresh = false;
  {
    std::lock_guard lock(mutex_);
    fresh = std::exchange(fresh_, false);
    std::erase_if(watchers_, [](const Watcher& watcher) { return watcher.sink->closed(); });
    for (const Watcher& watcher : watchers_) queries.push_back(watcher.query);
  }
  Texts texts;
  auto now_state = queries.empty() ? Result<std::string>(seen_) : state();
  if (now_state && (fresh || (*now_state != seen_ && now >= rests_))) {
    auto made = texts_for(queries);
    if (made) {
      texts = *std::move(made);
      seen_ = *now_state;
    } else {
      log::warning("the overview can't be read", {{"code", made.error().code}});
    }
    rests_ = now + (std::chrono::steady_clock::now() - now) * pace_.rest;
  }
  tell(texts, now);
}

void Live::tell(const Texts& texts, SteadyTime now) {
  std::lock_guard lock(mutex_);
  for (Watcher& watcher : watchers_) {
    auto text = texts.find(watcher.query);
    if (text != texts.end() && text->second != watcher.told) {
      watcher.told = text->second;
      watcher.beaten = now;
      watcher.sink->send("overview", watcher.told);
    } else if (now - watcher.beaten >= pace_.beat) {
      watcher.beaten = now;
      watcher.sink->send("beat", "{}");
    }
  }
}

// Changes with whatever may change a number: what any node stored, what this one rejected, the hour, and whose each
// source is.
Result<std::string> Live::state() {
  std::string out = std::to_string(store::hour_of(clock_.now())) + "|" + std::to_string(events_.tally().written());
  for (const auto& source : sources_.list()) out += "|" + source->unit;
  for (Cell& cell : events_.cells()) {
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      out += "|" + std::to_string(TRY(store::last_seq(tx)));
      return {};
    }));
  }
  return out;
}

Result<Live::Texts> Live::texts_for(const std::vector<Query>& queries) {
  std::map<Query, Frame> frames;
  std::int64_t first_hour = 0;
  for (const Query& query : queries) {
    if (frames.contains(query)) continue;
    Frame frame = TRY(frame_of(query, clock_.now()));
    first_hour = frames.empty() ? frame.first_hour : std::min(first_hour, frame.first_hour);
    frames.emplace(query, std::move(frame));
  }
  Texts out;
  if (frames.empty()) return out;
  const std::vector<Row> rows = TRY(read(events_, first_hour));
  for (const auto& [query, frame] : frames) out.emplace(query, json::dump(to_json(frame, rows, sources_)));
  return out;
}

}  // namespace handschlag::events::overview
