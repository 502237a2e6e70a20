// Subjects: what is done to all that a region holds about an identity, whichever slice keeps it: erasing, and removing
// what is left of somebody who moved away. Where people went and came from is in whereabouts.h.
//
//   TRY(subjects.erase("eu", identities));   // from here on nobody can read it; its rows go in the background
//
// Thread-safe after bind_jobs().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "features/regions/regions.h"
#include "features/subjects/whereabouts.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/jobs/jobs.h"

namespace handschlag::subjects {

// Why somebody's rows go. Of one who was erased each event leaves a tombstone; one who moved has it all elsewhere.
enum class Removal : std::uint8_t { erased, moved };

// What one slice holds about identities in a region's data database. Each slice with a table that names an identity
// there implements this; app connects them.
class SubjectData {
 public:
  virtual ~SubjectData() = default;

  // Takes an identity out of sight and keeps what is still to come for it from being stored: few rows, at once, in the
  // transaction that does the same for every slice. Of somebody erased the key is destroyed already. Idempotent.
  virtual Result<void> hide(db::Transaction& tx, IdentityId identity, Removal why) = 0;

  // Removes at most `limit` rows of a hidden identity; answers how many. 0: nothing is left.
  virtual Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit,
                                     Removal why) = 0;

  // Removes at most `limit` rows of an identity that has no events, so that it is as if it had never been known;
  // answers how many. 0: nothing is left.
  virtual Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) = 0;
};

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
  std::function<Result<void>(IdentityId)> settle = {};  // see whereabouts.h
};

class Subjects {
 public:
  // Everything must outlive this. `control` holds the jobs. Rows are removed slice by slice, in the order given.
  static std::unique_ptr<Subjects> create(std::vector<Place> places, std::vector<SubjectData*> slices,
                                          db::Database& control, const Clock& clock);
  virtual ~Subjects() = default;

  // Erases identities of one region. When it returns, their ordinary keys are destroyed, durably and for every node, no
  // view shows them, and what still arrives for them is refused; their rows are removed by a job that survives a
  // restart. What a duty holds under a key of another retention class is left. Who moved, or is moving, is erased in
  // every region that they are or were in. Erasing twice, or whom nobody knows, is a no-op. After an error nothing is
  // lost: call again, or leave it to the job, if it could be written down. Errors: not_found (region), unavailable,
  // too_many.
  virtual Result<void> erase(std::string_view region, std::span<const IdentityId> identities) = 0;

  // The same, and waits until the rows are gone. For tests, benchmarks and the command line. Errors: also
  // unavailable, code "interrupted", when `should_stop` says so; the job does the rest.
  virtual Result<void> erase_now(std::string_view region, std::span<const IdentityId> identities,
                                 const std::function<bool()>& should_stop = {}) = 0;

  // In the caller's transaction on the region's data: removes an identity that has no events as if it had never been
  // known, by at most `limit` rows; false, and it is there still, where it holds more: call again. Its key is left, to
  // be destroyed by the caller. For whom test sources made up, and nobody else: what arrives for them makes them anew.
  virtual Result<bool> vanish(db::Transaction& tx, IdentityId identity, std::int64_t limit) = 0;

  // What vaults destroyed when they were opened (a restored backup, an erasure that was cut short) is taken out of
  // sight, and its rows are left to a job. Once, before anything is stored or shown.
  virtual Result<void> settle() = 0;

  // For moving people: hides an identity that went to another region, in the transaction in which it goes; and removes
  // what is left of it: its key first, then its rows, in small steps. Errors of the latter: also unavailable, code
  // "interrupted".
  virtual Result<void> hide_moved(db::Transaction& tx, IdentityId identity) = 0;
  virtual Result<void> remove_moved(std::string_view region, IdentityId identity,
                                    const std::function<bool()>& should_stop) = 0;
  // Removes what was copied of an identity that is not to be seen here after all, or anew.
  virtual Result<void> remove_copied(std::string_view region, IdentityId identity,
                                     const std::function<bool()>& should_stop) = 0;

  // Names the handlers of this slice's jobs; before runner.start().
  virtual void bind_jobs(jobs::Runner& runner) = 0;
};

}  // namespace handschlag::subjects
