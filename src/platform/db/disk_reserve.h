// The part of a disk that is kept free, so that what shrinks the data (erasure above all) and what is small (ledger,
// audit, jobs) can still be written when everything else is refused. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>

#include "platform/base/result.h"

namespace handschlag::db {

class DiskReserve {
 public:
  // Answers the bytes that are free; nothing where that can't be found out.
  using Look = std::function<std::optional<std::uint64_t>()>;

  // `reserve` in bytes; 0: none is kept, and there is always room.
  DiskReserve(std::uint64_t reserve, Look look) : reserve_(reserve), look_(std::move(look)) {}

  // What a process that is not root may still write on the disk of `folder`.
  static Look space_of(std::filesystem::path folder);

  // Whether more may be stored. Below the reserve: no, until a tenth more than the reserve is free, so that it does not
  // change with every file that comes and goes. Looks at the disk five times a second at most. Errors: unavailable,
  // code "disk_nearly_full".
  Result<void> room();

  std::uint64_t reserve() const { return reserve_; }
  std::uint64_t free_bytes() const { return free_.load(); }  // as last looked at

 private:
  void look_again();

  const std::uint64_t reserve_;
  const Look look_;
  std::mutex looking_;
  std::atomic<std::chrono::steady_clock::rep> next_look_{0};
  std::atomic<std::uint64_t> free_{0};
  std::atomic<bool> low_{false};
};

}  // namespace handschlag::db
