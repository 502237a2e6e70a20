// Those who watch a source, for as long as they may: every few seconds they are asked for again, and whoever's session
// is over, or who does not see the source any more, is told nothing from then on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "features/events/events.h"
#include "features/events/tail.h"
#include "platform/http/http.h"

namespace handschlag::events {

// Thread-safe.
class TailGuard {
 public:
  static constexpr std::chrono::milliseconds kUsualPace{5'000};

  // Everything handed over must outlive this.
  TailGuard(Tail& tail, const sources::Sources& sources, StillIn still_in, std::chrono::milliseconds pace = kUsualPace);
  ~TailGuard();
  TailGuard(const TailGuard&) = delete;
  TailGuard& operator=(const TailGuard&) = delete;

  // After Tail::admit(), of a source that `request` may see.
  void watch(const http::Request& request, const sources::Source& source, std::shared_ptr<http::EventSink> sink);

 private:
  struct Watcher {
    http::Request request;  // without its body
    std::string source;
    std::weak_ptr<http::EventSink> sink;
  };

  void loop();
  void look();
  bool may_watch(const Watcher& watcher) const;

  Tail& tail_;
  const sources::Sources& sources_;
  const StillIn still_in_;
  const std::chrono::milliseconds pace_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Watcher> watchers_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace handschlag::events
