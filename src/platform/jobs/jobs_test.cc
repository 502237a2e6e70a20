#include "platform/jobs/jobs.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "platform/db/testing/testing.h"
#include "platform/log/trace.h"

namespace handschlag::jobs {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr db::Migration kEffects{"effect", 1, "0001_effect", "CREATE TABLE effect (note TEXT NOT NULL)"};

class JobsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    std::vector<db::Migration> all(migrations().begin(), migrations().end());
    all.push_back(kEffects);
    auto migrated = database().migrate(all);
    ASSERT_TRUE(migrated.has_value()) << migrated.error().detail;
  }

  // What the tests leave to chance is only when the poll comes; so it comes often.
  static Options quick() {
    Options options;
    options.poll = 20ms;
    options.first_backoff = 1ms;
    options.max_backoff = 4ms;
    options.max_attempts = 3;
    return options;
  }

  JobId add(NewJob job) {
    JobId id;
    auto done = database().write([&](db::Transaction& tx) -> Result<void> {
      id = TRY(enqueue(tx, job));
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().detail;
    return id;
  }

  void run_sql(std::string_view sql) {
    auto done = database().write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.execute(sql, {}));
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().detail;
  }

  std::int64_t ask(std::string_view sql) {
    std::int64_t answer = -1;
    auto read = database().read(
        [&](db::Transaction& tx) { return tx.query(sql, {}, [&](const db::Row& row) { answer = row.integer(0); }); });
    EXPECT_TRUE(read.has_value()) << read.error().detail;
    return answer;
  }

  KindStatus status_of(std::string_view kind) {
    KindStatus found;
    auto read = database().read([&](db::Transaction& tx) -> Result<void> {
      for (const KindStatus& each : TRY(status(tx))) {
        if (each.kind == kind) found = each;
      }
      return {};
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }

  // A handler as the header shows it: the effect and the end of the job in one transaction.
  static Runner::Handler noting(db::Database& database, const std::function<void()>& after = [] {}) {
    return [&database, after](Lease& lease) -> Result<void> {
      TRY(database.write([&](db::Transaction& tx) -> Result<void> {
        TRY(lease.check(tx));
        TRY(tx.execute("INSERT INTO effect (note) VALUES ($1)", {lease.job().payload}));
        return lease.complete(tx);
      }));
      after();
      return {};
    };
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, JobsTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(JobsTest, AJobRunsWithItsPayloadAndIsGone) {
  std::promise<std::string> payload;
  Runner runner(database(), quick());
  runner.on("greet", [&](Lease& lease) -> Result<void> {
    payload.set_value(lease.job().payload);
    return {};
  });
  ASSERT_TRUE(runner.start().has_value());
  add({.kind = "greet", .payload = "hello"});
  runner.wake();
  EXPECT_EQ(payload.get_future().get(), "hello");
  runner.stop();
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 0);
}

TEST_P(JobsTest, AJobKeepsTheTraceOfWhoAsked) {
  std::promise<std::pair<std::string, std::string>> trace;
  Runner runner(database(), quick());
  runner.on("greet", [&](Lease& lease) -> Result<void> {
    trace.set_value({lease.job().trace_id, std::string(log::Trace::current())});
    return {};
  });
  ASSERT_TRUE(runner.start().has_value());
  add({.kind = "greet", .trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"});
  runner.wake();
  const auto [kept, logged] = trace.get_future().get();
  EXPECT_EQ(kept, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(logged, kept);
  runner.stop();
}

TEST_P(JobsTest, AJobOfATransactionThatFailsIsNotThere) {
  auto failed = database().write([&](db::Transaction& tx) -> Result<void> {
    TRY(enqueue(tx, {.kind = "greet"}));
    return fail(ErrorKind::invalid, "changed_my_mind", "");
  });
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 0);
}

TEST_P(JobsTest, TwoRunnersOnOneDatabaseRunEachJobOnce) {
  constexpr int kJobs = 60;
  for (int i = 0; i < kJobs; ++i) add({.kind = "note", .payload = std::to_string(i)});
  auto other = test_database().open_again();
  std::latch all_done(kJobs);
  Runner one(database(), quick());
  Runner two(*other, quick());
  one.on("note", noting(database(), [&] { all_done.count_down(); }));
  two.on("note", noting(*other, [&] { all_done.count_down(); }));
  ASSERT_TRUE(one.start().has_value());
  ASSERT_TRUE(two.start().has_value());
  all_done.wait();
  one.stop();
  two.stop();
  EXPECT_EQ(ask("SELECT count(*) FROM effect"), kJobs);
  EXPECT_EQ(ask("SELECT count(DISTINCT note) FROM effect"), kJobs);
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 0);
}

TEST_P(JobsTest, ARunnerWhoseLeaseExpiredCannotCommitItsEffect) {
  auto other = test_database().open_again();
  std::promise<void> slow_has_it, go_on, taken_over;
  std::promise<Result<void>> effect;
  Options one_worker = quick();
  one_worker.workers = 1;  // or its other worker would take the job over
  Runner slow(database(), one_worker);
  slow.on("note", [&](Lease& lease) -> Result<void> {
    slow_has_it.set_value();
    go_on.get_future().wait();
    auto result = noting(database())(lease);
    effect.set_value(result);
    return result;
  });
  Runner quick_one(*other, quick());
  quick_one.on("note", noting(*other, [&] { taken_over.set_value(); }));
  add({.kind = "note", .payload = "once"});
  ASSERT_TRUE(slow.start().has_value());
  slow_has_it.get_future().wait();
  run_sql("UPDATE jobs_job SET due_at = 1");  // the lease expires, as it would while this node stands still
  ASSERT_TRUE(quick_one.start().has_value());
  taken_over.get_future().wait();
  quick_one.stop();
  go_on.set_value();
  auto refused = effect.get_future().get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "lease_lost");
  slow.stop();
  EXPECT_EQ(ask("SELECT count(*) FROM effect"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 0);
}

TEST_P(JobsTest, AnExpiredLeaseHoldsNothingEvenWhenNobodyTookTheJobOver) {
  std::promise<Result<void>> effect;
  Options options = quick();
  options.workers = 1;
  Runner runner(database(), options);
  std::atomic<int> runs{0};
  runner.on("note", [&](Lease& lease) -> Result<void> {
    if (++runs > 1) return {};
    run_sql("UPDATE jobs_job SET due_at = 1");
    auto result = noting(database())(lease);
    effect.set_value(result);
    return result;
  });
  add({.kind = "note"});
  ASSERT_TRUE(runner.start().has_value());
  EXPECT_FALSE(effect.get_future().get().has_value());
  runner.stop();
  EXPECT_EQ(ask("SELECT count(*) FROM effect"), 0);
}

TEST_P(JobsTest, AfterARestartWaitingAndAbandonedJobsAreRun) {
  add({.kind = "note", .payload = "waiting"});
  add({.kind = "note", .payload = "abandoned"});
  // As a process leaves it that was killed while it ran the job, once its lease is over.
  run_sql("UPDATE jobs_job SET state = 'running', attempt = 1, token = 1, due_at = 1 WHERE payload = 'abandoned'");
  test_database().reopen();
  std::latch both(2);
  Runner runner(database(), quick());
  runner.on("note", noting(database(), [&] { both.count_down(); }));
  ASSERT_TRUE(runner.start().has_value());
  both.wait();
  runner.stop();
  EXPECT_EQ(ask("SELECT count(DISTINCT note) FROM effect"), 2);
}

TEST_P(JobsTest, AJobThatFailsIsTriedAgainAndThenDead) {
  std::vector<int> attempts;
  std::latch tries(3);
  Runner runner(database(), quick());
  runner.on("fail", [&](Lease& lease) -> Result<void> {
    attempts.push_back(lease.job().attempt);
    tries.count_down();
    if (lease.job().attempt == 2) throw std::runtime_error("not foreseen");
    return fail(ErrorKind::unavailable, "far_side_down", "");
  });
  add({.kind = "fail"});
  ASSERT_TRUE(runner.start().has_value());
  tries.wait();
  runner.stop();  // waits until the last attempt is settled
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3));
  EXPECT_EQ(status_of("fail").dead, 1);
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job WHERE last_error = 'far_side_down'"), 1);
}

TEST_P(JobsTest, AFailedJobWaitsForItsPause) {
  Options options = quick();
  options.first_backoff = 3'600'000ms;
  options.max_backoff = 7'200'000ms;
  std::promise<void> failed;
  Runner runner(database(), options);
  runner.on("fail", [&](Lease&) -> Result<void> {
    failed.set_value();  // a second time would throw
    return fail(ErrorKind::unavailable, "far_side_down", "");
  });
  add({.kind = "fail"});
  ASSERT_TRUE(runner.start().has_value());
  failed.get_future().wait();
  runner.stop();
  EXPECT_EQ(status_of("fail").waiting, 1);
  EXPECT_GT(ask("SELECT due_at - created_at FROM jobs_job"), 3'500'000);
}

TEST_P(JobsTest, AJobThatEndsItsProcessEachTimeIsDeadInTheEnd) {
  add({.kind = "crash"});
  run_sql("UPDATE jobs_job SET state = 'running', attempt = 3, token = 3, due_at = 1");
  add({.kind = "after"});
  std::promise<void> after;
  Options options = quick();
  options.workers = 1;
  Runner runner(database(), options);
  runner.on("crash", [&](Lease&) -> Result<void> {
    ADD_FAILURE() << "was run once more";
    return {};
  });
  runner.on("after", [&](Lease&) -> Result<void> {
    after.set_value();
    return {};
  });
  ASSERT_TRUE(runner.start().has_value());
  after.get_future().wait();
  runner.stop();
  EXPECT_EQ(status_of("crash").dead, 1);
}

TEST_P(JobsTest, ADeadJobCanBeRevived) {
  add({.kind = "note", .payload = "late"});
  run_sql("UPDATE jobs_job SET state = 'dead', due_at = 9000000000000000000, attempt = 3");
  auto revived = database().write([](db::Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(revive(tx, "note")), 1);
    return {};
  });
  ASSERT_TRUE(revived.has_value());
  std::promise<void> done;
  Runner runner(database(), quick());
  runner.on("note", noting(database(), [&] { done.set_value(); }));
  ASSERT_TRUE(runner.start().has_value());
  done.get_future().wait();
}

TEST_P(JobsTest, AJobIsNotRunBeforeItsTime) {
  const Time later = SystemClock().now() + 1h;
  std::promise<void> done;
  Runner runner(database(), quick());
  runner.on("note", [&](Lease& lease) -> Result<void> {
    EXPECT_EQ(lease.job().payload, "now");
    done.set_value();
    return {};
  });
  add({.kind = "note", .payload = "later", .run_at = later});
  add({.kind = "note", .payload = "now"});
  ASSERT_TRUE(runner.start().has_value());
  done.get_future().wait();
  runner.stop();
  EXPECT_EQ(status_of("note").waiting, 1);
  EXPECT_EQ(ask("SELECT due_at FROM jobs_job"), to_millis(later));
}

TEST_P(JobsTest, OfOneKeyOnlyOneJobWaitsWithTheEarlierTime) {
  const Time soon = SystemClock().now() + 1h;
  const JobId first = add({.kind = "note", .run_at = soon + 1h, .unique_key = "a"});
  EXPECT_EQ(add({.kind = "note", .run_at = soon, .unique_key = "a"}), first);
  EXPECT_EQ(add({.kind = "note", .run_at = soon + 2h, .unique_key = "a"}), first);
  EXPECT_EQ(ask("SELECT due_at FROM jobs_job"), to_millis(soon));
  EXPECT_NE(add({.kind = "note", .unique_key = "b"}), first);
  EXPECT_NE(add({.kind = "other", .unique_key = "a"}), first);
  EXPECT_NE(add({.kind = "note"}), add({.kind = "note"}));
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 5);
}

TEST_P(JobsTest, AskedForAgainWhileItRunsItRunsOnceMore) {
  std::atomic<int> runs{0};
  std::latch both(2);
  Runner runner(database(), quick());
  runner.on("note", [&](Lease&) -> Result<void> {
    if (++runs == 1) {
      add({.kind = "note", .unique_key = "a"});
      add({.kind = "note", .unique_key = "a"});
    }
    both.count_down();
    return {};
  });
  add({.kind = "note", .unique_key = "a"});
  ASSERT_TRUE(runner.start().has_value());
  both.wait();
  runner.stop();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(ask("SELECT count(*) FROM jobs_job"), 0);
}

TEST_P(JobsTest, ARecurringJobRunsOnceAPeriodAcrossNodes) {
  auto other = test_database().open_again();
  std::atomic<int> runs{0};
  std::promise<void> ran;
  auto handler = [&](Lease&) -> Result<void> {
    ++runs;
    ran.set_value();  // a second time would throw
    return {};
  };
  Runner one(database(), quick());
  Runner two(*other, quick());
  one.every("sweep", 24h, handler);
  two.every("sweep", 24h, handler);
  ASSERT_TRUE(one.start().has_value());
  ASSERT_TRUE(two.start().has_value());
  ran.get_future().wait();
  one.stop();
  two.stop();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(status_of("sweep").waiting, 1);
  EXPECT_GT(ask("SELECT due_at - created_at FROM jobs_job"), 86'000'000);
}

TEST_P(JobsTest, ARecurringJobComesBackAlsoAfterFailures) {
  std::latch five(5);
  std::atomic<int> runs{0};
  Runner runner(database(), quick());
  runner.every("sweep", 1ms, [&](Lease&) -> Result<void> {
    if (++runs <= 5) five.count_down();
    return fail(ErrorKind::unavailable, "far_side_down", "");
  });
  ASSERT_TRUE(runner.start().has_value());
  five.wait();
  runner.stop();
  EXPECT_EQ(status_of("sweep").dead, 0);
  EXPECT_EQ(status_of("sweep").waiting, 1);
}

TEST_P(JobsTest, AShorterPeriodTakesEffectAtTheNextStart) {
  for (auto period : {std::chrono::milliseconds(24h), std::chrono::milliseconds(1h)}) {
    std::promise<void> ran;
    Runner runner(database(), quick());
    runner.every("sweep", period, [&](Lease&) -> Result<void> {
      ran.set_value();
      return {};
    });
    ASSERT_TRUE(runner.start().has_value());
    if (period == 24h) ran.get_future().wait();
  }
  EXPECT_LT(ask("SELECT due_at - created_at FROM jobs_job"), 4'000'000);
}

TEST_P(JobsTest, StopLetsALongHandlerLeaveWithoutCostingAnAttempt) {
  std::promise<void> begun;
  Runner runner(database(), quick());
  runner.on("long", [&](Lease& lease) -> Result<void> {
    begun.set_value();
    while (!lease.should_stop()) std::this_thread::yield();
    return Lease::interrupted();
  });
  add({.kind = "long"});
  ASSERT_TRUE(runner.start().has_value());
  begun.get_future().wait();
  runner.stop();
  runner.stop();
  EXPECT_EQ(status_of("long").waiting, 1);
  EXPECT_EQ(ask("SELECT attempt FROM jobs_job"), 0);
}

TEST_P(JobsTest, TheLeaseOfALongHandlerIsRenewed) {
  Options options = quick();
  options.lease = 300ms;
  std::promise<Result<void>> effect;
  Runner runner(database(), options);
  runner.on("long", [&](Lease& lease) -> Result<void> {
    const std::int64_t first = ask("SELECT due_at FROM jobs_job");
    while (ask("SELECT due_at FROM jobs_job") == first) std::this_thread::yield();
    effect.set_value(noting(database())(lease));
    return {};
  });
  add({.kind = "long"});
  ASSERT_TRUE(runner.start().has_value());
  EXPECT_TRUE(effect.get_future().get().has_value());
}

// A disk that is full: everything can be read, nothing written.
class FullDatabase final : public db::Database {
 public:
  explicit FullDatabase(db::Database& real) : real_(real) {}
  using Body = std::function<Result<void>(db::Transaction&)>;
  Result<void> read(const Body& body) override { return real_.read(body); }
  Result<void> write(const Body& body) override {
    if (!full) return real_.write(body);
    ++refused;
    return fail(ErrorKind::unavailable, "disk_full", "The disk is full.");
  }
  Result<void> migrate(std::span<const db::Migration> all) override { return real_.migrate(all); }
  Result<db::SchemaState> schema_state(std::span<const db::Migration> all) override { return real_.schema_state(all); }
  Result<db::CopyReport> copy(const db::CopyOptions& options) override { return real_.copy(options); }
  Result<void> checkpoint() override { return real_.checkpoint(); }
  bool shared() const override { return real_.shared(); }
  Result<void> ping() override { return real_.ping(); }

  std::atomic<bool> full{false};
  std::atomic<int> refused{0};

 private:
  db::Database& real_;
};

TEST_P(JobsTest, ADueJobThatCannotBeTakenIsTriedAgainAtThePoll) {
  FullDatabase full(database());
  Options options = quick();
  options.poll = 50ms;
  std::promise<void> done;
  Runner runner(full, options);
  runner.on("due", [&](Lease&) -> Result<void> {
    done.set_value();
    return {};
  });
  ASSERT_TRUE(runner.start().has_value());
  full.full = true;
  const auto began = std::chrono::steady_clock::now();
  add({.kind = "due"});
  while (full.refused < 4) std::this_thread::yield();
  EXPECT_GE(std::chrono::steady_clock::now() - began, 2 * options.poll) << "the runner keeps a processor busy";
  full.full = false;
  done.get_future().wait();
}

TEST_P(JobsTest, LeasesOfAProcessThatIsGoneAreEnded) {
  add({.kind = "held"});
  add({.kind = "waiting", .run_at = from_millis(4'000'000'000'000)});
  std::int64_t ended = 0;
  auto done = database().write([&](db::Transaction& tx) -> Result<void> {
    const std::int64_t now = TRY(tx.now_ms());
    TRY(tx.execute("UPDATE jobs_job SET state = 'running', token = 7, attempt = 1, due_at = $1 WHERE kind = 'held'",
                   {now + 20'000}));
    ended = TRY(end_leases(tx));
    return {};
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  EXPECT_EQ(ended, 1);
  std::promise<int> attempt;
  Runner runner(database(), quick());
  runner.on("held", [&](Lease& lease) -> Result<void> {
    attempt.set_value(lease.job().attempt);
    return {};
  });
  ASSERT_TRUE(runner.start().has_value());
  auto again = attempt.get_future();
  ASSERT_EQ(again.wait_for(10s), std::future_status::ready) << "it waits for a lease that nobody holds";
  EXPECT_EQ(again.get(), 2) << "the attempt that was cut short counts";
  runner.stop();
  EXPECT_EQ(status_of("waiting").waiting, 1);
}

TEST_P(JobsTest, ALostLeaseTellsTheHandlerToStop) {
  Options options = quick();
  options.lease = 60ms;
  std::promise<void> stopped;
  Runner runner(database(), options);
  runner.on("long", [&](Lease& lease) -> Result<void> {
    run_sql("UPDATE jobs_job SET token = token + 1, due_at = 9000000000000000000");  // another node has it now
    while (!lease.should_stop()) std::this_thread::yield();
    stopped.set_value();
    return Lease::interrupted();
  });
  add({.kind = "long"});
  ASSERT_TRUE(runner.start().has_value());
  stopped.get_future().wait();
  runner.stop();
  EXPECT_EQ(status_of("long").running, 1);  // the other node's
}

TEST_P(JobsTest, JobsOfKindsThatARunnerDoesNotKnowAreLeftAlone) {
  add({.kind = "unknown"});
  add({.kind = "note"});
  std::promise<void> done;
  Runner runner(database(), quick());
  runner.on("note", noting(database(), [&] { done.set_value(); }));
  ASSERT_TRUE(runner.start().has_value());
  done.get_future().wait();
  runner.stop();
  EXPECT_EQ(status_of("unknown").waiting, 1);
}

TEST_P(JobsTest, StatusCountsByKindAndState) {
  add({.kind = "b"});
  add({.kind = "a"});
  add({.kind = "a"});
  run_sql("UPDATE jobs_job SET state = 'dead' WHERE kind = 'b'");
  auto read = database().read([](db::Transaction& tx) -> Result<void> {
    auto kinds = TRY(status(tx));
    EXPECT_EQ(kinds.size(), 2u);
    EXPECT_EQ(kinds.at(0).kind, "a");
    EXPECT_EQ(kinds.at(0).waiting, 2);
    EXPECT_EQ(kinds.at(1).dead, 1);
    return {};
  });
  EXPECT_TRUE(read.has_value());
}

TEST(Backoff, DoublesUpToItsCap) {
  Options options;
  options.first_backoff = 1s;
  options.max_backoff = 10s;
  std::vector<std::chrono::milliseconds> pauses;
  for (int attempt = 1; attempt <= 6; ++attempt) pauses.push_back(backoff(options, attempt));
  EXPECT_THAT(pauses, ElementsAre(1s, 2s, 4s, 8s, 10s, 10s));
  EXPECT_EQ(backoff(options, 1'000'000), 10s);
}

}  // namespace
}  // namespace handschlag::jobs
