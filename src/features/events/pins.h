// Where nodes that share databases agree to which region a person belongs whom none of them knows yet: the first one to
// ask says, for all. Thread-safe.
#pragma once

#include <map>
#include <string>

#include "features/events/events.h"

namespace handschlag::events {

class Pins {
 public:
  // `home` must outlive this.
  explicit Pins(Cell& home) : home_(home) {}

  // Whether there may be other nodes at all.
  bool needed() const;

  // The key of the digests: the same on every node.
  Result<crypto::Key> key();

  // Asks for a region for each digest, and changes it to what was asked for first. Durable when it returns.
  Result<void> settle(std::map<std::string, std::string>& regions, Time now);

  // Removes those that are over, in small steps.
  static Result<void> purge(Cell& home, Time now);

 private:
  Cell& home_;
};

}  // namespace handschlag::events
