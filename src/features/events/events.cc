#include "features/events/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

#include "features/events/detour.h"
#include "features/events/feed.h"
#include "features/events/group.h"
#include "features/events/hours_store.h"
#include "features/events/moving.h"
#include "features/events/reader.h"
#include "features/events/removal.h"
#include "features/events/router.h"
#include "features/events/segments.h"
#include "features/events/tail.h"
#include "features/events/tally.h"
#include "platform/db/group_commit.h"

namespace handschlag::events {
namespace {

constexpr std::size_t kGroupEvents = 5'000;     // in one commit: the writer is held for tens of milliseconds
constexpr std::size_t kWaitingEvents = 50'000;  // in a region's queue; beyond: 429
constexpr std::int64_t kPurgeStep = 1'000;      // rows

struct TypeName {
  EventType type;
  std::string_view name;
};
constexpr TypeName kTypes[] = {{EventType::identify, "identify"}, {EventType::track, "track"},
                               {EventType::page, "page"},         {EventType::screen, "screen"},
                               {EventType::group, "group"},       {EventType::alias, "alias"}};

// A submission that went to one or more regions; answers when the last of them has committed.
struct Submission {
  explicit Submission(Events::Done callback) : done(std::move(callback)) {}

  void finish_part(const Result<void>& result, const Outcome& part) {
    std::unique_lock lock(mutex);
    if (!result && !error) error = result.error();
    outcome.stored += part.stored;
    outcome.unlinked += part.unlinked;
    outcome.refused += part.refused;
    outcome.duplicates += part.duplicates;
    if (--open_parts > 0) return;
    lock.unlock();
    if (error) {
      done(std::unexpected(*error));
    } else {
      done(std::move(outcome));
    }
  }

  std::mutex mutex;
  std::size_t open_parts = 0;
  Outcome outcome;
  std::optional<Error> error;
  Events::Done done;
};

class EventsImpl final : public Events {
 public:
  EventsImpl(std::vector<Cell> cells, regions::Regions& regions, sources::Sources& sources, const law::InForce& law,
             metrics::Registry& metrics, std::vector<Projection*> projections, const gate::Interests& interests,
             Listener* listener)
      : cells_(std::move(cells)),
        segments_(cells_.size()),
        regions_(regions),
        sources_(sources),
        law_(law),
        interests_(interests),
        listener_(listener),
        projections_(std::move(projections)),
        tally_(regions.home().writer()),
        router_(cells_, regions),
        prepare_(stage(metrics, "prepare")),
        route_(stage(metrics, "route")),
        queue_(stage(metrics, "queue")),
        commit_(stage(metrics, "commit")),
        damaged_(metrics.counter("handschlag_events_damaged_total",
                                 "Events that could not be opened when they were read, each time")) {
    for (Cell& cell : cells_) {
      auto apply = [this, &cell](db::Transaction& tx, std::span<Part*> parts) {
        for (Part* part : parts) part->since = end_stage(queue_, part->since);
        return GroupWriter(cell, cells_, {projections_, listener_, &law_, &interests_}).write(tx, parts);
      };
      groups_.push_back(
          std::make_unique<db::GroupCommit<Part>>(cell.region->writer(), apply, kGroupEvents, kWaitingEvents));
    }
    for (auto [slot, outcome] : {std::pair{&stored_, "stored"},
                                 {&unlinked_, "unlinked"},
                                 {&refused_, "refused"},
                                 {&duplicates_, "duplicate"},
                                 {&rejected_, "rejected"}}) {
      *slot = &metrics.counter("handschlag_events_total", "Events taken in, by what became of them",
                               {{"outcome", outcome}});
    }
  }

  void submit(sources::SourcePointer source, std::vector<Intake> batch, Done done,
              const Elsewhere& elsewhere) override {
    if (auto room = regions_.room(); !room) return done(std::unexpected(room.error()));
    StageTime since = std::chrono::steady_clock::now();
    std::vector<Prepared> events;
    std::vector<Rejected> rejected;
    events.reserve(batch.size());
    const auto law = law_.current();
    const gate::PurposeSet weighed = batch.empty() ? gate::PurposeSet() : interests_.weighed(batch.front().received);
    auto report = batch.empty() ? nullptr : tail_.begin(*source, batch.front().received);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const EventType type = batch[i].type;
      const Time received = batch[i].received;
      std::string name = report ? batch[i].name : std::string();
      auto prepared = prepare(std::move(batch[i]), source, *law, weighed);
      if (!prepared) {
        if (report) report->add_rejected(type, name, prepared.error().code, prepared.error().detail);
        rejected.push_back({i, prepared.error().detail, prepared.error().code});
        tally_.reject(source.get(), prepared.error().code, received);
        continue;
      }
      if (report) report->add(*prepared);
      prepared->index = i;
      events.push_back(std::move(*prepared));
    }
    if (report) done = told(std::move(report), std::move(done));
    auto submission = std::make_shared<Submission>(counted(std::move(done)));
    submission->outcome.rejected = std::move(rejected);
    since = end_stage(prepare_, since);
    auto journey = router_.begin(std::move(events));
    if (!elsewhere || !journey.must_ask) return route(std::move(journey), submission, since);
    auto waiting = std::make_shared<Router::Journey>(std::move(journey));
    bool taken = elsewhere([this, waiting, submission, since] { route(std::move(*waiting), submission, since); });
    if (!taken) submission->done(busy());
  }

  Result<std::vector<Event>> timeline(db::Transaction& tx, Cell& cell, const TimelineQuery& query) override {
    return Reader(tx, cell, segments_[index_of(cell)], damaged_).timeline(query);
  }
  Result<void> since(db::Transaction& tx, Cell& cell, IdentityId identity, std::int64_t after,
                     const std::function<void(const Event&)>& on_event) override {
    return Reader(tx, cell, segments_[index_of(cell)], damaged_).since(identity, after, on_event);
  }
  Result<std::int64_t> last_seq(db::Transaction& tx) override { return store::last_seq(tx); }
  Result<FeedPage> feed(Cell& cell, const FeedQuery& query) override {
    return read_feed(cell, sources_, query, damaged_);
  }

  Result<std::vector<Total>> totals(std::string_view source) override {
    std::int64_t number = 0;
    if (!source.empty()) {
      auto found = sources_.find(source);
      if (!found) return fail(ErrorKind::not_found, "source_unknown", "There is no such source.");
      number = found->number.value;
    }
    std::vector<Total> out;
    for (Cell& cell : cells_) {
      TRY(cell.region->data().read([&](db::Transaction& tx) {
        return store::totals(tx, number, [&](std::int64_t of, Total total) {
          total.source = name_of_source(of);
          total.mode = mode_of_source(of);
          if (number == 0 && total.mode == sources::Mode::test) return;
          out.push_back(std::move(total));
        });
      }));
    }
    return out;
  }

  Result<std::vector<DayTotal>> totals_by_day(Time since) override {
    std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::string>, Total> sums;
    for (Cell& cell : cells_) {
      TRY(cell.region->data().read([&](db::Transaction& tx) {
        return store::totals_by_day(tx, std::chrono::floor<std::chrono::days>(since).time_since_epoch().count(),
                                    [&](std::int64_t day, std::int64_t of, Total total) {
                                      if (mode_of_source(of) == sources::Mode::test) return;
                                      Total& sum = sums[{day, of, total.measure, total.currency}];
                                      total.events += sum.events;
                                      total.amount_micros += sum.amount_micros;
                                      sum = std::move(total);
                                    });
      }));
    }
    std::vector<DayTotal> out;
    for (auto& [key, total] : sums) {
      total.source = name_of_source(std::get<1>(key));
      Time day = std::chrono::sys_days{std::chrono::days{std::get<0>(key)}};
      out.push_back({format_day(day), std::move(total)});
    }
    return out;
  }

  Result<std::vector<RefusalCount>> refusals() override {
    std::vector<RefusalCount> out;
    for (Cell& cell : cells_) {
      TRY(cell.region->data().read([&](db::Transaction& tx) {
        return store::refusals(tx, [&](std::int64_t of, RefusalCount count) {
          count.source = name_of_source(of);
          out.push_back(std::move(count));
        });
      }));
    }
    return out;
  }

  Result<void> forget_refused(Time now) override {
    for (Cell& cell : cells_) {
      TRY(in_steps(cell, [now](db::Transaction& tx) { return store::purge_tombstones(tx, now, kPurgeStep); }));
      TRY(in_steps(cell, [now](db::Transaction& tx) { return store::purge_hours(tx, now, kPurgeStep); }));
      TRY(Pins::purge(cell, now));
    }
    return {};
  }

  Result<std::size_t> carry(const Passage& passage, std::size_t limit) override {
    Carrier carrier(sources_, projections_);
    std::vector<Carrier::Carried> page;
    std::int64_t after = TRY(copied(passage));
    TRY(passage.from->region->data().read([&](db::Transaction& tx) -> Result<void> {
      page = TRY(carrier.read(tx, passage, after, limit));
      return {};
    }));
    TRY(passage.to->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      auto attempt = page;  // the body may run again
      return carrier.write(tx, passage, attempt);
    }));
    return page.size();
  }

  Result<Carried> carry_rest(db::Transaction& from_tx, const Passage& passage, std::size_t limit) override {
    Carrier carrier(sources_, projections_);
    auto rest = TRY(carrier.read(from_tx, passage, TRY(copied(passage)), limit + 1));
    if (rest.size() > limit) return Carried::too_many;
    std::int64_t here = TRY(store::count_of(from_tx, passage.identity.value));
    std::int64_t there = 0;
    TRY(passage.to->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      auto attempt = rest;
      TRY(carrier.write(tx, passage, attempt));
      there = TRY(store::count_of(tx, passage.target.value));
      return {};
    }));
    return here == there ? Carried::all : Carried::differs;
  }

  Result<bool> carried_well(const Passage& passage) override {
    Carrier carrier(sources_, projections_);
    Carrier::Positions positions;
    auto compared = Carrier::Compared::alike;
    while (compared == Carrier::Compared::alike) {  // a short look at a time
      TRY(passage.from->region->data().read([&](db::Transaction& from) {
        return passage.to->region->data().read([&](db::Transaction& to) -> Result<void> {
          compared = TRY(carrier.compare(from, to, passage, positions));
          return {};
        });
      }));
    }
    return compared == Carrier::Compared::end;
  }

  Result<std::int64_t> count(Cell& cell, IdentityId identity) override {
    std::int64_t count = 0;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      count = TRY(store::count_of(tx, identity.value));
      return {};
    }));
    return count;
  }

  void forget(std::span<const identity::Key> keys) override { router_.forget(keys); }

  Result<void> close_segments(const std::function<bool()>& should_stop) override {
    for (std::size_t i = 0; i < cells_.size(); ++i) TRY(segments_[i].close(cells_[i], should_stop));
    return {};
  }

  Result<Holdings> holdings(db::Transaction& tx, Cell& cell, std::span<const IdentityId> identities,
                            const Selection& what, std::size_t limit) override {
    return find_holdings(tx, TRY(segments_[index_of(cell)].view(tx)), identities, what, limit);
  }

  Tail& tail() override { return tail_; }
  Tally& tally() override { return tally_; }
  void stop() override { tally_.stop(); }
  std::span<Cell> cells() override { return cells_; }
  Cell* cell(std::string_view region) override {
    for (Cell& cell : cells_) {
      if (cell.region->id() == region) return &cell;
    }
    return nullptr;
  }

 private:
  static std::unexpected<Error> busy() {
    Error error{ErrorKind::too_many, "server_busy", "The server is busy; please try again."};
    error.retry_after = std::chrono::seconds{1};
    return std::unexpected(std::move(error));
  }

  // Until `purge`, which answers how many rows it removed, finds fewer than it might have.
  template <class Purge>
  static Result<void> in_steps(Cell& cell, Purge purge) {
    std::int64_t removed = kPurgeStep;
    while (removed == kPurgeStep) {
      TRY(cell.region->writer().run([&](db::Transaction& tx) -> Result<void> {
        removed = TRY(purge(tx));
        return {};
      }));
    }
    return {};
  }

  void route(Router::Journey journey, const std::shared_ptr<Submission>& submission, StageTime since) {
    auto routed = router_.route(std::move(journey));
    if (!routed) return submission->done(std::unexpected(routed.error()));
    commit(*std::move(routed), submission, end_stage(route_, since));
  }

  // How far the events of an identity were brought over.
  static Result<std::int64_t> copied(const Passage& passage) {
    std::int64_t copied = 0;
    TRY(passage.to->region->data().read([&](db::Transaction& tx) -> Result<void> {
      auto arrival = TRY(subjects::arrivals(tx, {&passage.target, 1}));
      copied = arrival.empty() ? 0 : arrival.front().copied;
      return {};
    }));
    return copied;
  }

  // Takes out what was not stored since its person was moved meanwhile.
  static std::vector<Prepared> take_moved(Part& part) {
    std::vector<Prepared> out;
    for (Prepared& event : part.events) {
      if (event.moved) out.push_back(std::move(event));
    }
    if (!out.empty()) std::erase_if(part.events, [](const Prepared& event) { return event.moved; });
    return out;
  }

  // Sends events to where their people are now.
  void send_on(std::vector<Prepared> events, const std::shared_ptr<Submission>& submission) {
    {
      std::lock_guard lock(submission->mutex);
      ++submission->open_parts;
    }
    auto waiting = std::make_shared<std::vector<Prepared>>(std::move(events));
    detour_.post([this, waiting, submission] {
      StageTime since = std::chrono::steady_clock::now();
      auto journey = router_.begin_again(std::move(*waiting));
      auto routed = journey ? router_.route(*std::move(journey))
                            : Result<std::vector<std::vector<Prepared>>>(std::unexpected(journey.error()));
      if (routed) commit(*std::move(routed), submission, end_stage(route_, since));
      submission->finish_part(routed ? Result<void>() : std::unexpected(routed.error()), {});
    });
  }

  std::size_t index_of(const Cell& cell) const { return static_cast<std::size_t>(&cell - cells_.data()); }

  sources::Mode mode_of_source(std::int64_t number) const {
    auto source = sources_.find(Id<sources::Source>{number});
    return source ? source->mode : sources::Mode::live;
  }

  std::string name_of_source(std::int64_t number) const {
    auto source = sources_.find(Id<sources::Source>{number});
    return source ? source->id : std::to_string(number);
  }

  // Those who watch hear of it when its sender does.
  Done told(std::shared_ptr<TailReport> report, Done done) {
    return [this, report = std::move(report), done = std::move(done)](Result<Outcome> result) {
      tail_.tell(*report, result ? &*result : nullptr);
      done(std::move(result));
    };
  }

  Done counted(Done done) {
    return [this, done = std::move(done)](Result<Outcome> result) {
      if (result) {
        stored_->add(static_cast<double>(result->stored));
        unlinked_->add(static_cast<double>(result->unlinked));
        refused_->add(static_cast<double>(result->refused));
        duplicates_->add(static_cast<double>(result->duplicates));
        rejected_->add(static_cast<double>(result->rejected.size()));
      }
      done(std::move(result));
    };
  }

  // `parts` has one entry a cell, in their order.
  void commit(std::vector<std::vector<Prepared>> parts, const std::shared_ptr<Submission>& submission,
              StageTime since) {
    {
      std::lock_guard lock(submission->mutex);
      ++submission->open_parts;  // ours, so that it can't finish while parts are still being handed out
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].empty()) continue;
      {
        std::lock_guard lock(submission->mutex);
        ++submission->open_parts;
      }
      std::size_t weight = parts[i].size();
      const std::int64_t lane = parts[i].front().source->number.value;
      auto submitted = groups_[i]->submit(lane, Part{std::move(parts[i]), {}, since}, weight,
                                          [this, i, submission](const Result<void>& result, Part& part) {
                                            end_stage(commit_, part.since);
                                            std::vector<Prepared> moved;
                                            if (result) moved = take_moved(part);
                                            if (result) router_.learn(i, part.events);
                                            if (!moved.empty()) send_on(std::move(moved), submission);
                                            submission->finish_part(result, part.outcome);
                                          });
      if (!submitted) submission->finish_part(submitted, {});
    }
    submission->finish_part({}, {});
  }

  std::vector<Cell> cells_;
  std::vector<Segments> segments_;  // one a cell, in their order
  regions::Regions& regions_;
  sources::Sources& sources_;
  const law::InForce& law_;
  const gate::Interests& interests_;
  Listener* const listener_;
  std::vector<Projection*> projections_;
  Tail tail_;
  Tally tally_;
  Router router_;
  std::vector<std::unique_ptr<db::GroupCommit<Part>>> groups_;
  metrics::Histogram& prepare_;
  metrics::Histogram& route_;
  metrics::Histogram& queue_;
  metrics::Histogram& commit_;
  metrics::Counter& damaged_;
  metrics::Counter* stored_ = nullptr;
  metrics::Counter* unlinked_ = nullptr;
  metrics::Counter* refused_ = nullptr;
  metrics::Counter* duplicates_ = nullptr;
  metrics::Counter* rejected_ = nullptr;
  Detour detour_;  // before all that it uses goes
};

}  // namespace

Result<bool> settle(Cell& cell, IdentityId identity) {
  bool open = false;
  TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    auto arrival = TRY(subjects::arrivals(tx, {&identity, 1}));
    open = !arrival.empty() && arrival.front().settled == 0;
    return {};
  }));
  if (!open) return false;
  TRY(cell.region->writer().run([&](db::Transaction& tx) -> Result<void> {
    // Takes the order: what comes after the last position is stored after this.
    std::int64_t next = TRY(store::allocate(tx, 0));
    return cell.identities->settle(tx, identity, next - 1);
  }));
  return true;
}

std::string_view name_of(EventType type) {
  for (const TypeName& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

std::optional<EventType> find_type(std::string_view name) {
  for (const TypeName& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  return std::nullopt;
}

std::unique_ptr<Events> Events::create(std::vector<Cell> cells, regions::Regions& regions, sources::Sources& sources,
                                       const law::InForce& law, metrics::Registry& metrics,
                                       std::vector<Projection*> projections, const gate::Interests& interests,
                                       Listener* listener) {
  return std::make_unique<EventsImpl>(std::move(cells), regions, sources, law, metrics, std::move(projections),
                                      interests, listener);
}

}  // namespace handschlag::events
