#include "features/test_data/test_data.h"

#include <algorithm>
#include <mutex>

#include "features/customers/customers.h"
#include "features/identity/identity.h"
#include "features/test_data/store.h"
#include "platform/db/pace.h"
#include "platform/log/log.h"

namespace handschlag::test_data {
namespace {

constexpr std::string_view kDeleteJob = "test_data_delete";
constexpr std::chrono::hours kRetentionEvery{1};

constexpr std::int64_t kIdentitiesAtOnce = 32;    // whose events one snapshot looks for
constexpr std::int64_t kIdentityWindow = 10'000;  // looked at for their source in one snapshot
constexpr std::int64_t kRowsOfOne = 200;          // words and keys of one that is gone, in one step
constexpr std::int64_t kKeysAtOnce = 256;         // destroyed together: each time is a sync

class TestDataImpl final : public TestData {
 public:
  TestDataImpl(events::Events& events, sources::Sources& sources, subjects::Subjects& subjects, staff::Staff& staff,
               db::Database& control, const Clock& clock)
      : events_(events), sources_(sources), subjects_(subjects), staff_(staff), control_(control), clock_(clock) {}

  Result<void> delete_all(const staff::Actor& actor) override {
    TRY(staff_.check_four_eyes(actor, "delete_test_data", "test-data"));
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      return staff_.record(tx, {actor.principal, "deleteTestData", "test-data", actor.trace_id});
    }));
    for (events::Cell& cell : events_.cells()) TRY(begin(cell, std::nullopt));
    // The job after what it is to do: found unfinished, a deletion is also taken up by the hourly job.
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      TRY(jobs::enqueue(tx, {.kind = kDeleteJob, .unique_key = kDeleteJob, .trace_id = actor.trace_id}));
      return {};
    }));
    if (jobs::Runner* runner = runner_.load()) runner->wake();
    return {};
  }

  void set_retention(std::chrono::days days) override { retention_days_ = days.count(); }

  Result<std::vector<Deletion>> deletions() override {
    std::vector<Deletion> out;
    for (events::Cell& cell : events_.cells()) {
      auto row = TRY(find(cell));
      if (!row) continue;
      row->deletion.region = cell.region->id();
      out.push_back(std::move(row->deletion));
    }
    return out;
  }

  Result<void> run(const std::function<bool()>& should_stop) override {
    for (events::Cell& cell : events_.cells()) TRY(run(cell, should_stop));
    return {};
  }

  Result<void> run_retention(const std::function<bool()>& should_stop) override {
    const std::chrono::days days{retention_days_.load()};
    for (events::Cell& cell : events_.cells()) {
      TRY(run(cell, should_stop));  // what was cut short
      if (days.count() == 0) continue;
      TRY(begin(cell, Time{std::chrono::floor<std::chrono::days>(clock_.now()) - days}));
      TRY(run(cell, should_stop));
    }
    return {};
  }

  void bind_jobs(jobs::Runner& runner) override {
    runner_ = &runner;
    runner.on(std::string(kDeleteJob), [this](jobs::Lease& lease) { return run([&] { return lease.should_stop(); }); });
    runner.every("test_data_retention", kRetentionEvery,
                 [this](jobs::Lease& lease) { return run_retention([&] { return lease.should_stop(); }); });
  }

 private:
  events::Selection selection() const {
    events::Selection out;
    for (const sources::SourcePointer& source : sources_.list()) {
      if (source->mode == sources::Mode::test) out.sources.push_back(source->number.value);
    }
    return out;
  }

  Result<std::optional<store::Row>> find(events::Cell& cell) {
    std::optional<store::Row> out;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(store::find(tx));
      return {};
    }));
    return out;
  }

  // Takes the position and removes the sums, which from then on are those of what comes later. By age there may be
  // nothing to do, and then nothing is begun.
  Result<void> begin(events::Cell& cell, std::optional<Time> before) {
    events::Selection what = selection();
    what.before = before;
    if (what.sources.empty()) return {};
    return cell.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      const auto former = TRY(store::find(tx));
      const bool under_way = former && !former->deletion.finished_at;
      if (before && under_way && !former->deletion.before) return {};  // all goes already, up to an earlier position
      what.through = TRY(events::begin_removal(tx));
      const std::int64_t sums = TRY(events::remove_sums(tx, what));
      if (before && sums == 0) return {};
      store::Row row{what.through, {"", before, clock_.now(), std::nullopt, 0, 0}};
      if (under_way) {  // goes on as this one, which covers it
        row.deletion.events = former->deletion.events;
        row.deletion.people = former->deletion.people;
      }
      return store::begin(tx, row);
    });
  }

  Result<void> run(events::Cell& cell, const std::function<bool()>& should_stop) {
    std::lock_guard running(running_);
    TRY(destroy_keys(cell, should_stop));
    for (;;) {
      auto row = TRY(find(cell));
      if (!row || row->deletion.finished_at) return {};
      events::Selection what = selection();
      what.through = row->through;
      what.before = row->deletion.before;
      db::Pace pace;
      TRY(remove_people(cell, what, pace, should_stop));
      TRY(remove_unlinked(cell, what, pace, should_stop));
      TRY(cell.region->writer().run(
          [&](db::Transaction& tx) -> Result<void> { return store::finish(tx, row->through, clock_.now()); }));
      log::info("test data was deleted", {{"region", std::string_view(cell.region->id())}});
    }
  }

  Result<void> remove_people(events::Cell& cell, const events::Selection& what, db::Pace& pace,
                             const std::function<bool()>& should_stop) {
    IdentityId after{0};
    for (bool more = true; more;) {
      std::vector<IdentityId> people;
      TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
        auto page = TRY(identity::of_sources(tx, what.sources, after, kIdentityWindow));
        people = std::move(page.identities);
        after = page.through;
        more = page.more;
        return {};
      }));
      std::span<const IdentityId> rest = people;
      while (!rest.empty()) {
        const auto some = rest.first(std::min<std::size_t>(rest.size(), kIdentitiesAtOnce));
        while (!TRY(remove_some(cell, what, some, pace))) {
          if (should_stop && should_stop()) return jobs::Lease::interrupted();
        }
        rest = rest.subspan(some.size());
        if (should_stop && should_stop()) return jobs::Lease::interrupted();
      }
      TRY(destroy_keys(cell, should_stop));
    }
    return {};
  }

  // One step for some identities: looks, then removes. Answers whether nothing is left to do for them.
  Result<bool> remove_some(events::Cell& cell, const events::Selection& what, std::span<const IdentityId> people,
                           db::Pace& pace) {
    events::Holdings held;
    std::int64_t seen = 0;
    const auto limit = static_cast<std::size_t>(pace.limit());
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      seen = TRY(events_.last_seq(tx));
      held = TRY(events_.holdings(tx, cell, people, what, limit));
      return {};
    }));
    if (held.found.empty() && held.alone.empty()) return true;
    bool done = held.whole;
    auto began = std::chrono::steady_clock::now();
    TRY(cell.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      began = std::chrono::steady_clock::now();
      done = held.whole;
      const std::int64_t removed = TRY(events::remove_events(tx, held.found));
      TRY(customers::forget_folded(tx, held.touched));
      std::vector<IdentityId> gone;
      for (IdentityId identity : held.alone) {
        if (TRY(events::any_since(tx, identity, seen))) continue;  // came meanwhile: it stays
        if (TRY(subjects_.vanish(tx, identity, kRowsOfOne))) {
          gone.push_back(identity);
        } else {
          done = false;
        }
      }
      TRY(store::add_keys(tx, gone));
      return store::count(tx, removed, std::ssize(gone));
    }));
    pace.took(std::chrono::steady_clock::now() - began);
    return done;
  }

  Result<void> remove_unlinked(events::Cell& cell, const events::Selection& what, db::Pace& pace,
                               const std::function<bool()>& should_stop) {
    std::int64_t after = 0;
    while (after < what.through) {
      if (should_stop && should_stop()) return jobs::Lease::interrupted();
      events::UnlinkedPage page;
      TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
        page = TRY(events::find_unlinked(tx, what, after));
        return {};
      }));
      after = page.through;
      std::span<const std::int64_t> rest = page.found;
      while (!rest.empty()) {
        const auto some = rest.first(std::min(rest.size(), static_cast<std::size_t>(pace.limit())));
        TRY(cell.region->writer().run([&](db::Transaction& tx) -> Result<void> {
          const std::int64_t removed = TRY(events::remove_unlinked(tx, some));
          return store::count(tx, removed, 0);
        }));
        rest = rest.subspan(some.size());
      }
    }
    return {};
  }

  Result<void> destroy_keys(events::Cell& cell, const std::function<bool()>& should_stop) {
    for (;;) {
      std::vector<IdentityId> due;
      TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
        due = TRY(store::keys(tx, kKeysAtOnce));
        return {};
      }));
      if (due.empty()) return {};
      if (should_stop && should_stop()) return jobs::Lease::interrupted();
      TRY(cell.identities->vault().destroy(due, vault::RetentionClass::ordinary));
      TRY(cell.region->writer().run([&](db::Transaction& tx) { return store::remove_keys(tx, due); }));
    }
  }

  events::Events& events_;
  sources::Sources& sources_;
  subjects::Subjects& subjects_;
  staff::Staff& staff_;
  db::Database& control_;
  const Clock& clock_;
  std::mutex running_;  // two jobs at once would count people twice
  std::atomic<std::int64_t> retention_days_{0};
  std::atomic<jobs::Runner*> runner_ = nullptr;
};

}  // namespace

std::unique_ptr<TestData> TestData::create(events::Events& events, sources::Sources& sources,
                                           subjects::Subjects& subjects, staff::Staff& staff, db::Database& control,
                                           const Clock& clock) {
  return std::make_unique<TestDataImpl>(events, sources, subjects, staff, control, clock);
}

}  // namespace handschlag::test_data
