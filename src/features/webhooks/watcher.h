// Asks for jobs when regions have new events for webhooks. A thread on each node; the jobs are done once.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "features/feed/feed.h"
#include "platform/jobs/jobs.h"

namespace handschlag::webhooks {

inline constexpr std::string_view kDeliverJob = "webhooks_deliver";

// Joins the caller's transaction.
Result<void> ask_to_deliver(db::Transaction& tx, std::string_view endpoint, std::optional<Time> at = std::nullopt);

class Watcher {
 public:
  // Everything must outlive this.
  Watcher(db::Database& control, feed::Feed& feed, jobs::Runner& runner, const Clock& clock);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  // Thread-safe: an endpoint may have come or gone.
  void look_anew();

 private:
  void run();
  Result<void> look();

  db::Database& control_;
  feed::Feed& feed_;
  jobs::Runner& runner_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool anew_ = true;
  std::vector<std::string> regions_;          // of the thread
  std::map<std::string, std::int64_t> seen_;  // up to where jobs were asked for; of the thread
  std::thread thread_;
};

}  // namespace handschlag::webhooks
