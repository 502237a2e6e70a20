// Server-sent events (the HTML standard, section 9.2): their text, and the queue between those who send and the
// connection that writes.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace handschlag::http {

// One event; `event` and `id` are left out where empty. Line breaks in `data` become several data lines; in `event`
// and `id`, which must not have any, they are dropped.
std::string format_event(std::string_view event, std::string_view data, std::string_view id);

// A comment, which clients ignore; keeps proxies from closing a quiet stream.
inline constexpr std::string_view kHeartbeat = ":\n\n";

inline constexpr std::size_t kMaxEventBacklogBytes = 1 << 20;

// Thread-safe.
class EventQueue final : public EventSink {
 public:
  // `wake` tells the connection, from any thread, that there is something to take or that the queue has overflowed.
  explicit EventQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool send(std::string_view event, std::string_view data, std::string_view id) override;
  bool closed() const override;

  // Everything that waits; it counts as waiting until the next take(). "" where there is nothing.
  std::string take();
  // No more is accepted; by the connection, when the client is gone.
  void close();

 private:
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string waiting_;
  std::size_t taken_bytes_ = 0;  // given to the connection and perhaps not yet written
  bool closed_ = false;
};

}  // namespace handschlag::http
