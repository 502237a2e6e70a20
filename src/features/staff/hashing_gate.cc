#include "features/staff/hashing_gate.h"

namespace handschlag::staff {

std::unexpected<Error> too_many_sign_ins() {
  Error error{ErrorKind::too_many, "sign_ins_busy",
              "Too many people sign in at this moment; try again in a few seconds."};
  error.retry_after = std::chrono::seconds(5);
  return std::unexpected(std::move(error));
}

HashingGate::Slot::~Slot() {
  if (gate_ == nullptr) return;
  {
    std::lock_guard lock(gate_->mutex_);
    ++gate_->free_;
  }
  gate_->freed_.notify_one();
}

Result<HashingGate::Slot> HashingGate::enter() {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, wait_, [this] { return free_ > 0; })) return too_many_sign_ins();
  --free_;
  return Slot(*this);
}

}  // namespace handschlag::staff
