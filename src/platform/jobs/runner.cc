#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>

#include "platform/jobs/lease_state.h"
#include "platform/jobs/store.h"
#include "platform/log/log.h"
#include "platform/log/trace.h"

namespace handschlag::jobs {
namespace {

constexpr std::chrono::minutes kClockBack{1};  // more than any correction of a running clock

}  // namespace

struct Runner::Impl {
  struct Kind {
    Handler handler;
    std::optional<std::int64_t> period_ms;
  };

  Impl(db::Database& db, Options wanted) : database(db), options(wanted) {}

  void add(std::string name, Kind kind);
  Result<void> start();
  void stop();
  void wake();

  void work();
  std::shared_ptr<Lease::State> wait_for_job();
  Result<std::optional<store::Leased>> take_due(std::chrono::milliseconds& pause);
  std::shared_ptr<Lease::State> begin(store::Leased leased);
  void run(const std::shared_ptr<Lease::State>& state);
  static Result<void> call(const Handler& handler, Lease& lease);
  Result<bool> settle(db::Transaction& tx, const Lease::State& state, const Result<void>& outcome);
  Result<bool> settle_failure(db::Transaction& tx, const Lease::State& state, const std::string& code);
  void heartbeat();
  void renew(Lease::State& state);
  Result<void> correct_dates();
  Result<void> watch_clock(std::int64_t now_ms);

  db::Database& database;
  const Options options;
  std::map<std::string, Kind> kinds;
  std::optional<store::Queue> queue;
  std::vector<std::thread> threads;
  std::optional<std::chrono::milliseconds> clock_offset;  // of the database's clock to the steady one; the leader's

  std::mutex leader;  // of the idle workers one looks for jobs
  std::mutex mutex;   // guards what follows
  std::condition_variable changed;
  bool woken = false;
  std::atomic<bool> stopping{false};
  std::set<std::shared_ptr<Lease::State>> running;
};

Runner::Runner(db::Database& database, Options options) : impl_(std::make_unique<Impl>(database, options)) {}
Runner::~Runner() {
  stop();
}
void Runner::on(std::string kind, Handler handler) {
  impl_->add(std::move(kind), {std::move(handler), {}});
}
void Runner::every(std::string kind, std::chrono::milliseconds period, Handler handler) {
  impl_->add(std::move(kind), {std::move(handler), period.count()});
}
Result<void> Runner::start() {
  return impl_->start();
}
void Runner::wake() {
  impl_->wake();
}
void Runner::stop() {
  impl_->stop();
}

void Runner::Impl::add(std::string name, Kind kind) {
  if (!threads.empty()) throw std::logic_error("a kind of job must be named before the runner starts");
  kinds[std::move(name)] = std::move(kind);
}

Result<void> Runner::Impl::start() {
  if (kinds.empty()) return {};
  TRY(correct_dates());
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds) names.push_back(name);
  queue.emplace(std::move(names));
  threads.emplace_back([this] { heartbeat(); });
  for (int i = 0; i < options.workers; ++i) threads.emplace_back([this] { work(); });
  return {};
}

// Recurring jobs are there, and no date lies farther ahead than it can.
Result<void> Runner::Impl::correct_dates() {
  return database.write([&](db::Transaction& tx) -> Result<void> {
    for (const auto& [name, kind] : kinds) {
      if (kind.period_ms.has_value()) TRY(store::ensure_recurring(tx, name, *kind.period_ms));
    }
    return store::correct_dates(tx, 2 * options.lease.count(), 2 * options.max_backoff.count());
  });
}

// A clock that was ahead and has been set right leaves dates behind that would be waited for in vain. Looked at before
// each lease, so that none is taken under a clock that nobody noticed.
Result<void> Runner::Impl::watch_clock(std::int64_t now_ms) {
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto offset = std::chrono::milliseconds{now_ms} - std::chrono::duration_cast<std::chrono::milliseconds>(steady);
  if (clock_offset && *clock_offset - offset > kClockBack) {
    TRY(correct_dates());
    log::warning("the clock was set back; the dates of jobs were corrected");
  }
  clock_offset = offset;
  return {};
}

void Runner::Impl::wake() {
  {
    std::lock_guard guard(mutex);
    woken = true;
  }
  changed.notify_all();
}

void Runner::Impl::stop() {
  {
    std::lock_guard guard(mutex);
    stopping = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) {
    if (thread.joinable()) thread.join();
  }
}

void Runner::Impl::work() {
  for (;;) {
    auto state = wait_for_job();
    if (!state) return;
    run(state);
    {
      std::lock_guard guard(mutex);
      running.erase(state);
    }
    changed.notify_all();
  }
}

// Nothing when the runner stops.
std::shared_ptr<Lease::State> Runner::Impl::wait_for_job() {
  std::lock_guard leading(leader);
  while (!stopping) {
    auto pause = options.poll;
    auto leased = take_due(pause);
    if (!leased.has_value()) {
      log::warning("jobs cannot be read", {{"code", std::string_view(leased.error().code)}});
      pause = options.poll;  // a job may be due and not to be had, as on a full disk
    } else if (leased->has_value()) {
      return begin(*std::move(*leased));
    }
    std::unique_lock guard(mutex);
    changed.wait_for(guard, pause, [&] { return stopping || woken; });
    woken = false;
  }
  return nullptr;
}

// Leases the next job if one is due; else shortens the pause until one is. An idle runner only reads.
Result<std::optional<store::Leased>> Runner::Impl::take_due(std::chrono::milliseconds& pause) {
  std::optional<std::int64_t> due_in_ms;
  std::int64_t now_ms = 0;
  TRY(database.read([&](db::Transaction& tx) -> Result<void> {
    now_ms = TRY(tx.now_ms());
    due_in_ms = TRY(queue->next_due_in_ms(tx));
    return {};
  }));
  TRY(watch_clock(now_ms));
  std::optional<store::Leased> leased;
  if (!due_in_ms.has_value()) return leased;
  pause = std::min(pause, std::chrono::milliseconds{*due_in_ms});
  if (*due_in_ms > 0) return leased;
  TRY(database.write([&](db::Transaction& tx) -> Result<void> {
    leased.reset();           // this body may run again
    if (stopping) return {};  // asked within the writer's turn, so that a job given back at the stop is not taken again
    leased = TRY(queue->lease(tx, options.lease.count()));
    return {};
  }));
  return leased;
}

std::shared_ptr<Lease::State> Runner::Impl::begin(store::Leased leased) {
  const store::Hold hold{leased.job.id, leased.token};
  const auto period_ms = kinds.at(leased.job.kind).period_ms;
  std::shared_ptr<Lease::State> state(new Lease::State{std::move(leased.job), hold, period_ms, stopping});
  std::lock_guard guard(mutex);
  running.insert(state);
  return state;
}

void Runner::Impl::run(const std::shared_ptr<Lease::State>& state) {
  const log::Trace trace(state->job.trace_id);
  Result<void> outcome;
  if (state->job.attempt > options.max_attempts) {
    outcome = fail(ErrorKind::internal, "runner_crashed", "Every attempt ended with its runner.");
  } else {
    Lease lease(state);
    outcome = call(kinds.at(state->job.kind).handler, lease);
  }
  auto settled = database.write([&](db::Transaction& tx) -> Result<void> {
    // A job that its handler has completed is no longer held, and neither is one that another runner took over.
    TRY(settle(tx, *state, outcome));
    return {};
  });
  if (!settled.has_value()) {  // the lease runs out, and the job is run again
    log::warning("a job could not be settled",
                 {{"kind", std::string_view(state->job.kind)}, {"code", std::string_view(settled.error().code)}});
  }
}

// A job is a boundary: what a handler throws ends the attempt, not the runner.
Result<void> Runner::Impl::call(const Handler& handler, Lease& lease) {
  try {
    return handler(lease);
  } catch (const std::exception&) {
    return fail(ErrorKind::internal, "job_threw", "The job failed for a reason that was not foreseen.");
  }
}

Result<bool> Runner::Impl::settle(db::Transaction& tx, const Lease::State& state, const Result<void>& outcome) {
  if (outcome.has_value()) return store::finish(tx, state.hold, state.period_ms);
  const std::string& code = outcome.error().code;
  if (code == "interrupted") return store::release(tx, state.hold);
  return settle_failure(tx, state, code);
}

Result<bool> Runner::Impl::settle_failure(db::Transaction& tx, const Lease::State& state, const std::string& code) {
  const log::Fields fields = {{"kind", std::string_view(state.job.kind)},
                              {"attempt", std::int64_t{state.job.attempt}},
                              {"code", std::string_view(code)}};
  if (state.job.attempt < options.max_attempts) {
    log::warning("a job failed and will be tried again", fields);
    return store::postpone(tx, state.hold, backoff(options, state.job.attempt).count(), code, false);
  }
  log::error("a job failed too often", fields);
  if (state.period_ms.has_value()) return store::postpone(tx, state.hold, *state.period_ms, code, true);
  return store::bury(tx, state.hold, code);
}

void Runner::Impl::heartbeat() {
  std::unique_lock guard(mutex);
  while (!stopping || !running.empty()) {
    changed.wait_for(guard, options.lease / 3, [&] { return stopping && running.empty(); });
    const auto held = running;
    guard.unlock();
    for (const auto& state : held) renew(*state);
    guard.lock();
  }
}

void Runner::Impl::renew(Lease::State& state) {
  auto renewed = database.write([&](db::Transaction& tx) -> Result<void> {
    if (!TRY(store::renew(tx, state.hold, options.lease.count()))) state.lost = true;
    return {};
  });
  if (!renewed.has_value()) {
    log::warning("a lease could not be renewed",
                 {{"kind", std::string_view(state.job.kind)}, {"code", std::string_view(renewed.error().code)}});
  }
}

}  // namespace handschlag::jobs
