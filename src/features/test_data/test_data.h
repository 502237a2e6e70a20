// Deletes what test sources made up: all of it, or what is older than some days, as if it had never been sent.
//
//   TRY(test_data.delete_all(actor));   // from here on it happens, whatever comes; in the background
//
// Thread-safe after bind_jobs().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/events/events.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/jobs/jobs.h"
#include "platform/json/json.h"

namespace handschlag::test_data {

// The deletion in one region that is under way, or else the last one.
struct Deletion {
  std::string region;
  std::optional<Time> before;  // by age: only what occurred before; nothing: all
  Time started_at{};
  std::optional<Time> finished_at;
  std::int64_t events = 0;  // removed so far, also those that were kept unlinked
  std::int64_t people = 0;
};

std::span<const db::Migration> migrations();  // of a region's data database

class TestData {
 public:
  // Everything must outlive this. `control` holds the jobs.
  static std::unique_ptr<TestData> create(events::Events& events, sources::Sources& sources,
                                          subjects::Subjects& subjects, staff::Staff& staff, db::Database& control,
                                          const Clock& clock);
  virtual ~TestData() = default;

  // Deletes all that test sources have sent until now, in every region; what they send afterwards stays. When it
  // returns, sums leave it out, and a job removes the rest, whatever comes. Errors: forbidden "four_eyes", see
  // features/approvals; unavailable, too_many.
  virtual Result<void> delete_all(const staff::Actor& actor) = 0;

  // Deletes by itself, once an hour, what occurred more than so many whole days (UTC) ago; 0: nothing.
  virtual void set_retention(std::chrono::days days) = 0;

  // What is under way or was done last, for each region where there was something to do.
  virtual Result<std::vector<Deletion>> deletions() = 0;

  // Does what is under way, in every region, and waits for it; what the jobs do. Errors: also unavailable, code
  // "interrupted", when `should_stop` says so; a job does the rest.
  virtual Result<void> run(const std::function<bool()>& should_stop) = 0;
  // Begins what the retention asks for, and runs it.
  virtual Result<void> run_retention(const std::function<bool()>& should_stop) = 0;

  // Names the handlers of this slice's jobs; before runner.start().
  virtual void bind_jobs(jobs::Runner& runner) = 0;
};

json::Value to_json(const Deletion& deletion);
void bind_routes(http::Router& router, TestData& test_data);

}  // namespace handschlag::test_data
