// Counts input that was rejected, by the hour, source and code of the error. What is accepted is counted in the
// transaction that stores it; what is rejected has none, and must cost nothing: it is gathered in memory and written
// once a second. So a killed process loses what it rejected in its last second, and nothing else.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <thread>

#include "features/events/hours_store.h"
#include "features/sources/sources.h"
#include "platform/db/writer.h"

namespace handschlag::events {

class Tally {
 public:
  static constexpr std::chrono::seconds kEvery{1};
  static constexpr std::size_t kMaxWaiting = 10'000;  // lines; beyond, while nothing can be written, they are dropped

  // `writer`: of the home region; must outlive this.
  explicit Tally(db::Writer& writer);
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  // `source`: nullptr where nobody knows who sent it. Of test sources nothing is counted.
  void reject(const sources::Source* source, std::string_view code, Time at);

  // Writes what was counted; it waits on where that fails. Errors: those of the writer.
  Result<void> flush();
  // Grows whenever something was written.
  std::uint64_t written() const { return written_; }
  // Writes what waits, and ends. Idempotent.
  void stop();

 private:
  void loop();

  db::Writer& writer_;
  std::mutex mutex_;
  std::condition_variable wake_;
  store::HourCounts waiting_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> written_{0};
  std::mutex flush_mutex_;  // one at a time
  std::thread thread_;
};

}  // namespace handschlag::events
