// Those who watch something live, for as long as they may: every few seconds it is asked whether each is still in, and
// still sees what they watch. Whoever does not is told that it is over, and nothing from then on.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "features/events/events.h"
#include "platform/http/http.h"

namespace handschlag::events {

// Thread-safe.
class Keeper {
 public:
  static constexpr std::chrono::milliseconds kUsualPace{5'000};

  // Whether whoever asked may still see what they watch, besides being in. Asked on the keeper's thread.
  using StillSees = std::function<bool(const http::Request& request)>;

  explicit Keeper(StillIn still_in, std::chrono::milliseconds pace = kUsualPace);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // What to tell in place of `sink`: the same, and closed once whoever made this request may not watch any more, which
  // they are told by "over". `still_sees` may be empty, and must work as long as this lives.
  std::shared_ptr<http::EventSink> keep(const http::Request& request, std::shared_ptr<http::EventSink> sink,
                                        StillSees still_sees = {});

 private:
  class Kept;
  struct Watcher {
    http::Request request;  // without its body
    StillSees still_sees;
    std::weak_ptr<Kept> sink;
  };

  void loop();
  void look();
  bool may_watch(const Watcher& watcher) const;

  const StillIn still_in_;
  const std::chrono::milliseconds pace_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Watcher> watchers_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace handschlag::events
