// Where people went who were moved to another region, and where they came from: in a region's data database, as numbers
// that tell nobody who it was. What moving is stands in features/moves.
//
// A forward stands in the region that is left, an arrival in the one that takes over. While a forward is `leaving`,
// everything is read and written where it always was; from the commit that makes it `gone` on, at the target. So one
// commit in one database decides. Whoever meets a forward that is `gone` lets its target settle first, should that not
// have been done yet (events::settle).
//
// Functions join the caller's transaction. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::subjects {

std::span<const db::Migration> migrations();

// Stored; never renumber.
enum class Going : std::int64_t {
  leaving = 0,  // being copied
  gone = 1,     // the target answers; what is left here waits to be removed
  cleared = 2,  // nothing is left here
};

struct Forward {
  IdentityId identity;
  std::string region;
  IdentityId target;
  Going state = Going::leaving;
};

struct Arrival {
  IdentityId identity;
  std::int64_t party = 0;
  std::string region;
  IdentityId origin;
  std::int64_t copied = 0;
  std::int64_t settled = 0;  // 0: nobody sees them yet
  std::string luggage;       // of those who are not settled
};

// The forwards of some identities; of those who have one.
Result<std::vector<Forward>> forwards(db::Transaction& tx, std::span<const IdentityId> identities);
Result<std::optional<Forward>> forward(db::Transaction& tx, IdentityId identity);
// Those who are gone and not cleared: of them there may still be a key. Mostly none.
Result<std::vector<IdentityId>> gone(db::Transaction& tx);
// Changes whenever somebody went.
Result<std::int64_t> departures(db::Transaction& tx);

// Writes down that an identity is leaving. Where it is leaving for that region already, the target is the newest one:
// a restored backup may know the forward, but not the arrival. Whoever is gone, or leaving for another one, stays so.
Result<void> leave(db::Transaction& tx, const Forward& forward);
// From here on the target answers.
Result<void> depart(db::Transaction& tx, std::span<const IdentityId> identities);
Result<void> clear(db::Transaction& tx, IdentityId identity);
// Takes a forward away that leads nowhere.
Result<void> drop(db::Transaction& tx, IdentityId identity);

Result<std::vector<Arrival>> arrivals(db::Transaction& tx, std::span<const IdentityId> identities);
// Those who come, or came, from a region.
Result<std::vector<Arrival>> arrivals_from(db::Transaction& tx, std::string_view region,
                                           std::span<const IdentityId> origins);
Result<std::vector<Arrival>> party(db::Transaction& tx, std::int64_t party);
// Whether anybody came so lately that a retry may meet a tombstone where they came from.
Result<bool> any_watched(db::Transaction& tx, Time now);
Result<std::vector<Arrival>> watched(db::Transaction& tx, std::span<const IdentityId> identities, Time now);

Result<void> expect(db::Transaction& tx, std::span<const Arrival> arrivals);
Result<void> set_copied(db::Transaction& tx, IdentityId identity, std::int64_t copied);
// `watched_until`: see any_watched().
Result<void> set_luggage(db::Transaction& tx, IdentityId identity, std::string_view luggage, Time watched_until);
// They can be seen from here on. `seq`: the last position of the region's events, at least 1.
Result<void> set_settled(db::Transaction& tx, std::int64_t party, std::int64_t seq);

}  // namespace handschlag::subjects
