// The SQL of jobs. Private to platform/jobs. Times are in ms of the database's clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/jobs/jobs.h"

namespace handschlag::jobs::store {

// What a lease rests on.
struct Hold {
  JobId id;
  std::int64_t token = 0;
};

struct Leased {
  Job job;
  std::int64_t token = 0;
};

Result<JobId> insert(db::Transaction& tx, const NewJob& job);

// A recurring job is there, and due at the latest `period_ms` from now.
Result<void> ensure_recurring(db::Transaction& tx, std::string_view kind, std::int64_t period_ms);

// Leases and pauses that reach farther than they can, since they were made when the clock was ahead, end now.
Result<void> correct_dates(db::Transaction& tx, std::int64_t longest_lease_ms, std::int64_t longest_pause_ms);

// The statements that look for jobs of certain kinds.
class Queue {
 public:
  explicit Queue(std::vector<std::string> kinds);
  // How many ms until the next job of these kinds is due (0: it is); nothing: there is none.
  Result<std::optional<std::int64_t>> next_due_in_ms(db::Transaction& tx) const;
  // Leases the job that has been due the longest; nothing when there is none.
  Result<std::optional<Leased>> lease(db::Transaction& tx, std::int64_t lease_ms) const;

 private:
  std::vector<db::Param> with_kinds(std::initializer_list<db::Param> params) const;

  std::vector<std::string> kinds_;
  std::string next_sql_;
  std::string lease_sql_;
};

// Each of these answers whether the hold was still good; if not, nothing was changed.
Result<bool> lock(db::Transaction& tx, Hold hold);
Result<bool> renew(db::Transaction& tx, Hold hold, std::int64_t lease_ms);
// The job is done: it goes, or is due again (asked for once more, or recurring).
Result<bool> finish(db::Transaction& tx, Hold hold, std::optional<std::int64_t> period_ms);
// It failed: due again after a pause. `fresh`: attempts are counted from zero.
Result<bool> postpone(db::Transaction& tx, Hold hold, std::int64_t pause_ms, std::string_view error, bool fresh);
Result<bool> bury(db::Transaction& tx, Hold hold, std::string_view error);
// It was interrupted: due at once, the attempt not counted.
Result<bool> release(db::Transaction& tx, Hold hold);

}  // namespace handschlag::jobs::store
