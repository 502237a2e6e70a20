// The overview as it changes, for staff who have it open: told again whenever a number changed, at most about once a
// second. One thread reads for all who watch; where nobody does, it sleeps.
//
// What one node takes in, all others tell a moment later: they see it in the databases.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "features/events/overview.h"
#include "platform/http/http.h"

namespace handschlag::events::overview {

// Thread-safe.
class Live {
 public:
  static constexpr std::size_t kMaxWatchers = 100;
  static constexpr std::size_t kMaxOfOne = 6;  // windows of one principal
  struct Pace {
    std::chrono::milliseconds look{1'000};   // between two looks at the databases
    std::chrono::milliseconds beat{10'000};  // so that a page notices a connection that is gone
    int rest = 20;  // times as long as a look took it rests after it, so that looks never take much of a processor
  };

  // Everything handed over must outlive this.
  Live(Events& events, const sources::Sources& sources, const Clock& clock) : Live(events, sources, clock, Pace{}) {}
  Live(Events& events, const sources::Sources& sources, const Clock& clock, Pace pace);
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // The overview as it is now. Errors: invalid.
  Result<json::Value> once(const http::Request& request);

  // Errors: too_many "watchers_many"; invalid "zone_invalid".
  Result<void> admit(const http::Request& request, const Query& query);
  // After admit(): sends "overview" at once and after each change, and "beat" in between.
  void watch(std::string_view principal, const Query& query, std::shared_ptr<http::EventSink> sink);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Watcher {
    std::string principal;
    Query query;
    std::shared_ptr<http::EventSink> sink;
    std::string told;  // last
    SteadyTime beaten{};
  };
  using Texts = std::map<Query, std::string>;

  void loop();
  void look(SteadyTime now);
  void tell(const Texts& texts, SteadyTime now);
  Result<std::string> state();
  Result<Texts> texts_for(const std::vector<Query>& queries);

  Events& events_;
  const sources::Sources& sources_;
  const Clock& clock_;
  const Pace pace_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Watcher> watchers_;
  std::string seen_;    // the state at the last look; only used by the thread
  SteadyTime rests_{};  // until then; likewise
  bool fresh_ = false;  // somebody came who was told nothing yet
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace handschlag::events::overview
