// What arrives from a source at this moment and what becomes of it, for staff who watch.
//
// Nothing personal is told: the type, the name of a track event (which a plan declares), the outcome and its reasons;
// no id, no property, no page. It tells of what this node took in. Nothing is kept, and where nobody watches, it costs
// one look at a number.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/events/prepare.h"
#include "platform/http/http.h"
#include "platform/json/json.h"

namespace handschlag::events {

// What is to be told of one submission. Not thread-safe.
class TailReport {
 public:
  static constexpr std::size_t kMaxEvents = 20;  // of one submission; the others are only counted

  TailReport(std::int64_t source, Time at) : source_(source), at_(at) {}
  void add(const Prepared& event);
  // `detail`: of the error, in English, for whoever mends what is sent.
  void add_rejected(EventType type, std::string_view name, std::string_view code, std::string_view detail);
  void add_undecodable(std::string_view code, std::string_view detail);

  std::int64_t source() const { return source_; }
  // With what became of all of them: nullptr where they were not stored and are to be sent again.
  std::string to_text(const Outcome* outcome, std::uint64_t skipped) const;

 private:
  void add(json::Value event);

  std::int64_t source_;
  Time at_;
  std::size_t count_ = 0;
  json::Value events_ = json::Value::array();
};

// Thread-safe.
class Tail {
 public:
  static constexpr std::size_t kMaxWatchers = 50;
  static constexpr std::size_t kMaxOfOne = 5;    // of one principal: so that nobody takes all places
  static constexpr int kMaxReportsASecond = 20;  // of a source; those between are counted
  // Then a watcher has to ask again, so that who may not watch any more does not.
  static constexpr std::chrono::minutes kWatchLife{15};

  // Errors: too_many "watchers_many", or "watching_many" where `principal` watches as much as one may.
  Result<void> admit(std::string_view principal);
  // After admit(): sends a message "taken" for each submission from now on, and "over" in the end.
  void watch(std::int64_t source, std::string_view principal, std::shared_ptr<http::EventSink> sink);
  // Nothing where nobody watches this source.
  std::shared_ptr<TailReport> begin(const sources::Source& source, Time at);
  void tell(const TailReport& report, const Outcome* outcome);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Watcher {
    std::int64_t source;
    std::string principal;
    std::shared_ptr<http::EventSink> sink;
    SteadyTime until;
    SteadyTime second{};  // when the current second of reports began
    int reports = 0;      // in it
    std::uint64_t skipped = 0;
  };
  void drop_closed(SteadyTime now);

  std::mutex mutex_;
  std::vector<Watcher> watchers_;
  std::atomic<std::size_t> count_{0};  // of watchers
};

}  // namespace handschlag::events
