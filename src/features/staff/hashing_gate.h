// Bounds how many passwords are hashed at once: each takes about 64 MiB and a core for some tenths of a second.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

#include "platform/base/result.h"

namespace handschlag::staff {

// "Too many people sign in at this moment": too_many, with a time to come back.
std::unexpected<Error> too_many_sign_ins();

class HashingGate {
 public:
  HashingGate(std::size_t at_once, std::chrono::milliseconds wait) : free_(at_once), wait_(wait) {}

  // The right to hash one password, given back when it goes away.
  class Slot {
   public:
    explicit Slot(HashingGate& gate) : gate_(&gate) {}
    Slot(Slot&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot();

   private:
    HashingGate* gate_;
  };

  // Waits for a slot. Errors: too_many, when none came free in time.
  Result<Slot> enter();

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t free_;
  const std::chrono::milliseconds wait_;
};

}  // namespace handschlag::staff
