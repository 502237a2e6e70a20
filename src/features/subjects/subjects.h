// Subjects: what is done to all that a region holds about an identity, whichever slice keeps it. Today: erasing.
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
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/jobs/jobs.h"

namespace handschlag::subjects {

// What one slice holds about identities in a region's data database. Each slice with a table that names an identity
// there implements this; app connects them.
class SubjectData {
 public:
  virtual ~SubjectData() = default;

  // Takes an identity out of sight and keeps what is still to come for it from being stored: few rows, at once, in the
  // transaction that does the same for every slice. Its key is destroyed already. Idempotent.
  virtual Result<void> hide(db::Transaction& tx, IdentityId identity) = 0;

  // Removes at most `limit` rows of a hidden identity; answers how many. 0: nothing is left.
  virtual Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit) = 0;

  // Removes at most `limit` rows of an identity that has no events, so that it is as if it had never been known;
  // answers how many. 0: nothing is left.
  virtual Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) = 0;
};

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
};

class Subjects {
 public:
  // Everything must outlive this. `control` holds the jobs. Rows are removed slice by slice, in the order given.
  static std::unique_ptr<Subjects> create(std::vector<Place> places, std::vector<SubjectData*> slices,
                                          db::Database& control, const Clock& clock);
  virtual ~Subjects() = default;

  // Erases identities of one region. When it returns, their ordinary keys are destroyed, durably and for every node, no
  // view shows them, and what still arrives for them is refused; their rows are removed by a job that survives a
  // restart. What a duty holds under a key of another retention class is left. Erasing twice, or whom nobody knows, is
  // a no-op. After an error nothing is lost: call again, or leave it to the job, if it could be written down.
  // Errors: not_found (region), unavailable, too_many.
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

  // Names the handlers of this slice's jobs; before runner.start().
  virtual void bind_jobs(jobs::Runner& runner) = 0;
};

}  // namespace handschlag::subjects
