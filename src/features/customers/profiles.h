// Profiles as they are kept: sealed under the key of their identity, and brought up to date with the events that came
// since.
#pragma once

#include <cstddef>
#include <cstdint>

#include "features/customers/profile.h"
#include "features/events/events.h"
#include "platform/db/db.h"

namespace handschlag::customers {

// Thread-safe.
class Profiles {
 public:
  // `events` must outlive this.
  explicit Profiles(events::Events& events) : events_(events) {}

  // What the events of an identity add up to, as the transaction sees them; nothing of somebody erased. A saved profile
  // spares reading what it counts: `saved_through` is how far it went.
  Result<Profile> fold(db::Transaction& tx, std::size_t place, IdentityId id, std::int64_t& saved_through);

  // Saves what was folded, where that spares enough. Nobody waits for it, and when it is lost it is folded again.
  // `removals`: as they were when it was folded.
  void save(std::size_t place, IdentityId id, const Profile& profile, std::int64_t saved_through,
            std::int64_t removals);

 private:
  events::Cell& cell(std::size_t place) { return events_.cells()[place]; }

  events::Events& events_;
};

}  // namespace handschlag::customers
