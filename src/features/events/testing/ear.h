// Somebody who listens to server-sent events. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "platform/http/http.h"
#include "platform/json/json.h"

namespace handschlag::events {

class Ear final : public http::EventSink {
 public:
  bool send(std::string_view event, std::string_view data, std::string_view) override {
    std::lock_guard lock(mutex_);
    if (gone_) return false;
    heard_.emplace_back(event, data);
    wake_.notify_all();
    return true;
  }
  bool closed() const override {
    std::lock_guard lock(mutex_);
    return gone_;
  }
  void go() {
    std::lock_guard lock(mutex_);
    gone_ = true;
  }
  // Waits for the next message of that name.
  json::Value next(std::string_view name) {
    std::unique_lock lock(mutex_);
    for (;;) {
      const bool any = wake_.wait_for(lock, std::chrono::seconds{30}, [this] { return !heard_.empty(); });
      if (!any) return nullptr;
      auto [event, data] = std::move(heard_.front());
      heard_.pop_front();
      if (event == name) return json::parse(data).value();
    }
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<std::string, std::string>> heard_;
  bool gone_ = false;
};

}  // namespace handschlag::events
