// The SQL of webhooks: tables webhooks_* of the control database. Every function joins the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/webhooks/webhooks.h"

namespace handschlag::webhooks::store {

// Errors: conflict "unique": the id is taken.
Result<void> insert(db::Transaction& tx, const Status& status, std::int64_t generation);
Result<std::vector<Status>> list(db::Transaction& tx);
Result<std::optional<Status>> find(db::Transaction& tx, std::string_view id);
// Everything but id, region, purpose; raises the version.
Result<void> update(db::Transaction& tx, const Status& status);
// Disables those that are enabled; answers how many.
Result<std::int64_t> disable_all(db::Transaction& tx, std::string_view reason, Time now);
Result<void> remove(db::Transaction& tx, std::string_view id);

// What a round of deliveries begins with.
struct Progress {
  std::int64_t position = 0;
  std::int64_t generation = 0;
  std::int64_t waiting = 0;   // events that were tried in vain and are due some time
  std::int64_t blocking = 0;  // of them, those that hold up a strict order
};
Result<std::optional<Progress>> progress(db::Transaction& tx, std::string_view id);
Result<void> move(db::Transaction& tx, std::string_view id, std::int64_t position, std::int64_t generation);

// Enabled endpoints of a region that have something new to send, and may.
Result<std::vector<std::string>> behind(db::Transaction& tx, std::string_view region, std::int64_t last, Time now);
// Regions that an enabled endpoint listens to.
Result<std::vector<std::string>> regions(db::Transaction& tx);
// Enabled endpoints with an attempt that is due.
Result<std::vector<std::string>> overdue(db::Transaction& tx, Time now);

struct Secret {
  std::int64_t number = 0;
  std::string sealed;
};
Result<void> insert_secret(db::Transaction& tx, std::string_view id, const Secret& secret, std::int64_t next_number);
// Those that are valid, the newest first.
Result<std::vector<Secret>> secrets(db::Transaction& tx, std::string_view id, Time now);
// Ends the current secrets at `until` and removes those that are over; answers the next number.
Result<std::int64_t> end_secrets(db::Transaction& tx, std::string_view id, Time until, Time now);

struct Pending {
  std::int64_t seq = 0;
  std::int64_t attempts = 0;
  Time next_at{};
  bool by_hand = false;
};
// Waiting events that are due, the longest first.
Result<std::vector<Pending>> due(db::Transaction& tx, std::string_view id, Time now, std::size_t limit);
// When the next waiting event is due.
Result<std::optional<Time>> next_due(db::Transaction& tx, std::string_view id);

// Lets all that waits be due now.
Result<void> hasten(db::Transaction& tx, std::string_view id, Time now);

// What became of one attempt.
struct Outcome {
  Attempt attempt;
  bool by_hand = false;
  std::optional<Time> next_at = {};  // of a failed one that will be tried again
};
struct Saved {
  bool exists = false;  // the endpoint is still there
  std::optional<Time> failing_since;
};
// Writes the log and what waits, and moves the position to `position` unless staff has moved it meanwhile.
Result<Saved> save(db::Transaction& tx, std::string_view id, std::int64_t generation, std::int64_t position,
                   std::span<const Outcome> outcomes, Time now);
// Writes a test to the log alone.
Result<void> log_test(db::Transaction& tx, std::string_view id, const Attempt& attempt);
// From when on something new may be sent, in strict order.
Result<void> set_blocked_until(db::Transaction& tx, std::string_view id, std::optional<Time> until);

Result<std::vector<Attempt>> attempts(db::Transaction& tx, std::string_view id, std::string_view outcome,
                                      std::int64_t before, std::size_t limit);
Result<std::vector<DeadLetter>> dead_letters(db::Transaction& tx, std::string_view id, std::int64_t after,
                                             std::size_t limit);
Result<std::int64_t> revive(db::Transaction& tx, std::string_view id, std::span<const std::int64_t> seqs, Time now);

// Removes at most `limit` entries of the log from before `log_before`, and dead letters from before `dead_before`;
// answers how many.
Result<std::int64_t> purge(db::Transaction& tx, Time log_before, Time dead_before, std::int64_t limit);

}  // namespace handschlag::webhooks::store
