#include "features/webhooks/watcher.h"

#include "features/webhooks/store.h"
#include "platform/log/log.h"

namespace handschlag::webhooks {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kEvery{250};
constexpr std::chrono::milliseconds kRegionsEvery{5'000};  // how late is noticed what another node has changed

}  // namespace

Result<void> ask_to_deliver(db::Transaction& tx, std::string_view endpoint, std::optional<Time> at) {
  TRY(jobs::enqueue(tx, {.kind = kDeliverJob, .payload = endpoint, .run_at = at, .unique_key = endpoint}));
  return {};
}

Watcher::Watcher(db::Database& control, feed::Feed& feed, jobs::Runner& runner, const Clock& clock)
    : control_(control), feed_(feed), runner_(runner), clock_(clock), thread_([this] { run(); }) {}

Watcher::~Watcher() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watcher::look_anew() {
  {
    std::lock_guard lock(mutex_);
    anew_ = true;
  }
  changed_.notify_all();
}

void Watcher::run() {
  Steady::time_point regions_due = Steady::now();
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      // Where nobody wants events there is nothing to look for.
      changed_.wait_for(lock, regions_.empty() ? kRegionsEvery : kEvery, [this] { return stopping_ || anew_; });
      if (stopping_) return;
      if (anew_) regions_due = Steady::now();
      anew_ = false;
    }
    if (Steady::now() >= regions_due) {
      auto read = control_.read([this](db::Transaction& tx) -> Result<void> {
        regions_ = TRY(store::regions(tx));
        return {};
      });
      if (!read) continue;
      regions_due = Steady::now() + kRegionsEvery;
    }
    if (auto looked = look(); !looked) {
      log::warning("webhooks can't be looked after", {{"code", std::string_view(looked.error().code)}});
    }
  }
}

Result<void> Watcher::look() {
  for (const std::string& region : regions_) {
    auto last = feed_.last(region);
    if (!last || *last == seen_[region]) continue;  // a region that is no longer in the settings has nothing new
    std::vector<std::string> behind;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      behind = TRY(store::behind(tx, region, *last, clock_.now()));
      return {};
    }));
    if (!behind.empty()) {
      TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
        for (const std::string& endpoint : behind) TRY(ask_to_deliver(tx, endpoint));
        return {};
      }));
      runner_.wake();
    }
    seen_[region] = *last;
  }
  return {};
}

}  // namespace handschlag::webhooks
