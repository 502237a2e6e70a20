#include "platform/jobs/jobs.h"

#include <algorithm>

#include "embedded/migrations.h"
#include "platform/jobs/lease_state.h"
#include "platform/jobs/store.h"

namespace handschlag::jobs {
namespace {

Result<void> must_hold(bool held) {
  if (held) return {};
  return fail(ErrorKind::conflict, "lease_lost", "Another runner has taken this job over.");
}

}  // namespace

std::span<const db::Migration> migrations() {
  return embedded::jobs_migrations;
}

Result<JobId> enqueue(db::Transaction& tx, const NewJob& job) {
  return store::insert(tx, job);
}

std::chrono::milliseconds backoff(const Options& options, int attempt) {
  auto pause = options.first_backoff;
  for (int i = 1; i < attempt && pause < options.max_backoff; ++i) pause *= 2;
  return std::min(pause, options.max_backoff);
}

const Job& Lease::job() const {
  return state_->job;
}

Result<void> Lease::check(db::Transaction& tx) const {
  return must_hold(TRY(store::lock(tx, state_->hold)));
}

Result<void> Lease::complete(db::Transaction& tx) const {
  return must_hold(TRY(store::finish(tx, state_->hold, state_->period_ms)));
}

bool Lease::should_stop() const {
  return state_->stopping || state_->lost;
}

std::unexpected<Error> Lease::interrupted() {
  return fail(ErrorKind::unavailable, "interrupted", "The job was interrupted and will go on later.");
}

}  // namespace handschlag::jobs
