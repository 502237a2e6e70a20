// Durable scheduled work: a job survives restarts, runs on one node at a time, is tried again when it fails.
//
//   jobs::enqueue(tx, {.kind = "case_reminder", .payload = id});      // joins the caller's transaction
//
//   jobs::Runner runner(database, {});
//   runner.on("case_reminder", [&](jobs::Lease& lease) {              // before start()
//     return database.write([&](db::Transaction& tx) -> Result<void> {
//       TRY(lease.check(tx));                                         // first: fences out a runner that lost its lease
//       ... the effect ...
//       return lease.complete(tx);                                    // the effect and the end of the job, together
//     });
//   });
//   runner.every("retention", std::chrono::hours{24}, ...);
//   TRY(runner.start());
//
// A job runs at least once; its effect happens once if it stands in a transaction with check() and complete(), as
// above. An effect elsewhere (another database, a mail) must bear being repeated. Time is the database's own, so that
// nodes need not agree about the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/id.h"
#include "platform/base/result.h"
#include "platform/db/db.h"

namespace handschlag::jobs {

struct JobTag;
using JobId = Id<JobTag>;

std::span<const db::Migration> migrations();

struct NewJob {
  std::string_view kind;
  std::string_view payload = {};  // what the handler needs; ids, never personal data
  // Not before this; nothing: as soon as possible.
  std::optional<Time> run_at = std::nullopt;
  // If not empty: while a job of this kind and key is waiting, it stays the only one (with the earlier of both times).
  // One that is running is run once more afterwards, since it may have looked before what is new was there. A dead one
  // is brought back to life.
  std::string_view unique_key = {};
  // Of the request that asks (http::Request::trace_id): joins the job's log lines with the request's.
  std::string_view trace_id = {};
};

// Asks for a job, when the transaction commits. Runner::wake() after the commit saves the wait for the next poll.
Result<JobId> enqueue(db::Transaction& tx, const NewJob& job);

struct KindStatus {
  std::string kind;
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  std::int64_t dead = 0;
};
// By kind, in order of their names; kinds without jobs are absent.
Result<std::vector<KindStatus>> status(db::Transaction& tx);

// Lets the dead jobs of a kind run again; answers how many.
Result<std::int64_t> revive(db::Transaction& tx, std::string_view kind);

// Ends the leases of processes that are gone, so that their jobs run again at once and not when the leases run out.
// Answers how many. Only for a process that knows itself to be the only one on this database, before its runner starts.
Result<std::int64_t> end_leases(db::Transaction& tx);

struct Job {
  JobId id;
  std::string kind;
  std::string payload;
  int attempt = 1;
  std::string trace_id = {};  // of the request that asked; "" otherwise
};

// The right to run a job, for the duration of a handler. It is renewed by the runner as long as the handler runs; it is
// lost when this node stands still for too long. Thread-safe.
class Lease {
 public:
  const Job& job() const;

  // Whether this lease still holds; from here to its end the transaction keeps others from taking the job over.
  // Errors: conflict, code "lease_lost".
  Result<void> check(db::Transaction& tx) const;

  // Ends the job (or sets the next date of one that recurs) within the caller's transaction; includes check(). A
  // handler that does not call it is ended by the runner, after it returned.
  Result<void> complete(db::Transaction& tx) const;

  // True when the runner stops or the lease is lost: a long handler then returns interrupted(), and the job is
  // run again without having used up an attempt.
  bool should_stop() const;
  static std::unexpected<Error> interrupted();

 private:
  friend class Runner;
  struct State;
  explicit Lease(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

struct Options {
  int workers = 2;                                 // jobs that run at the same time on this node
  std::chrono::milliseconds lease{30'000};         // renewed at a third of it
  std::chrono::milliseconds poll{1'000};           // how late a job of another node may be noticed
  std::chrono::milliseconds first_backoff{1'000};  // after the first failure; doubled with each
  std::chrono::milliseconds max_backoff{3'600'000};
  int max_attempts = 12;  // then the job is dead; a recurring one waits for its next date
};

// The pause after the attempt-th failure (from 1).
std::chrono::milliseconds backoff(const Options& options, int attempt);

// Runs jobs of the kinds it knows, on threads of its own. Thread-safe after start().
class Runner {
 public:
  using Handler = std::function<Result<void>(Lease&)>;

  // `database` must outlive the runner, and have this part's migrations.
  Runner(db::Database& database, Options options);
  ~Runner();  // stop()
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Names the handler of a kind. Before start() only.
  void on(std::string kind, Handler handler);
  // The same for a kind that runs by itself, once across nodes: at first at once, then `period` after each success.
  void every(std::string kind, std::chrono::milliseconds period, Handler handler);

  // Errors: those of the database.
  Result<void> start();
  // Looks for due jobs now.
  void wake();
  // Takes no more jobs and waits for those that run. Idempotent. Not to be called from a handler.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace handschlag::jobs
