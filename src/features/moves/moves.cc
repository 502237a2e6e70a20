#include "features/moves/moves.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>

#include "features/moves/mover.h"
#include "features/moves/store.h"
#include "platform/base/cursor.h"
#include "platform/text/text.h"

namespace handschlag::moves {
namespace {

constexpr std::string_view kMoveJob = "moves_move";
constexpr std::string_view kClearJob = "moves_clear";
constexpr std::chrono::hours kReviveEvery{1};
constexpr std::string_view kList = "moves";

std::unexpected<Error> moving() {
  return fail(ErrorKind::conflict, "customer_moving",
              "This customer is being moved already; GET /api/v1/moves tells how far it is.");
}

class MovesImpl final : public Moves {
 public:
  MovesImpl(Parts parts, Options options) : parts_(std::move(parts)), options_(std::move(options)) {}

  Result<Move> request(const customers::Viewer& viewer, std::string_view handle, const Wish& wish) override {
    if (text::country_code(wish.country) != wish.country) {
      return fail(ErrorKind::invalid, "country_unknown", "country must be the ISO 3166 code of a country.",
                  {{"/country", "must be a code such as CH"}});
    }
    events::Cell* to = parts_.events->cell(wish.region);
    if (to == nullptr) {
      return fail(ErrorKind::invalid, "region_unknown", "There is no such region.", {{"/region", "is not known"}});
    }
    auto where = TRY(parts_.customers->where(viewer, handle));
    Move move;
    move.from = where.region;
    move.identity = where.identity;
    move.to = wish.region;
    move.country = wish.country;
    move.purpose = wish.purpose;
    move.role = viewer.role;
    move.requested_at = parts_.clock->now();
    auto people = TRY(household(move));
    move.people = std::ssize(people);
    TRY(rule(viewer, move, people));
    TRY(write_down(viewer, handle, move));
    if (jobs::Runner* runner = runner_.load()) runner->wake();
    return move;
  }

  Result<Move> find(Id<Move> id) override {
    std::optional<Move> out;
    TRY(parts_.control->read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(store::find(tx, id));
      return {};
    }));
    if (!out) return fail(ErrorKind::not_found, "move_unknown", "There is no such move.");
    return *std::move(out);
  }

  Result<Page> list(std::string_view cursor, std::size_t limit) override {
    std::int64_t before = cursor.empty() ? 0 : TRY(decode_cursor(cursor, kList, 1))[0];
    Page page;
    TRY(parts_.control->read([&](db::Transaction& tx) -> Result<void> {
      page.items = TRY(store::list(tx, before, static_cast<std::int64_t>(limit) + 1));
      return {};
    }));
    if (page.items.size() > limit) {
      page.items.resize(limit);
      page.next = encode_cursor(kList, {page.items.back().id.value});
    }
    return page;
  }

  Result<void> carry_out(Id<Move> id, const std::function<bool()>& should_stop) override {
    auto alone = [this](const Body& body) { return guarded(body); };
    Move move = TRY(find(id));
    if (move.state == State::copying) {
      TRY(Mover(parts_, options_, move, alone, should_stop).go());
      TRY(parts_.control->write([&](db::Transaction& tx) { return store::update(tx, move); }));
    }
    if (move.state != State::moved) return {};
    TRY(Mover(parts_, options_, move, alone, should_stop).clear());
    return parts_.control->write([&](db::Transaction& tx) { return store::update(tx, move); });
  }

  void set_guard(std::function<Result<void>(const Body&)> guard) override { guard_ = std::move(guard); }

  void bind_jobs(jobs::Runner& runner) override {
    runner_ = &runner;
    runner.on(std::string(kMoveJob), [this](jobs::Lease& lease) { return go(lease); });
    runner.on(std::string(kClearJob), [this](jobs::Lease& lease) { return clear(lease); });
    // A move is never given up half-way, however long a database was away.
    runner.every("moves_revive", kReviveEvery, [this](jobs::Lease&) {
      return parts_.control->write([](db::Transaction& tx) -> Result<void> {
        TRY(jobs::revive(tx, kMoveJob));
        TRY(jobs::revive(tx, kClearJob));
        return {};
      });
    });
  }

 private:
  Result<std::vector<IdentityId>> household(const Move& move) {
    events::Cell* from = parts_.events->cell(move.from);
    std::vector<IdentityId> people;
    bool leaving = false;
    TRY(from->region->data().read([&](db::Transaction& tx) -> Result<void> {
      people = TRY(from->identities->household(tx, move.identity));
      for (const subjects::Forward& each : TRY(subjects::forwards(tx, people))) {
        leaving = leaving || each.state == subjects::Going::leaving;
      }
      return {};
    }));
    if (people.empty()) return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
    if (move.from == move.to) {
      return fail(ErrorKind::conflict, "already_there", "This customer's data lies in that region already.");
    }
    if (leaving || TRY(still_leaving(*from, people))) return moving();
    TRY(check_live(*from, move.identity));
    return people;
  }

  // What test sources made up is deleted by its region's positions (see features/test_data); it is sent anew instead.
  Result<void> check_live(events::Cell& cell, IdentityId identity) const {
    std::int64_t source = 0;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      source = TRY(cell.identities->source_of(tx, identity));
      return {};
    }));
    auto made_by = parts_.sources->find(Id<sources::Source>{source});
    if (!made_by || made_by->mode == sources::Mode::live) return {};
    return fail(ErrorKind::conflict, "customer_is_test",
                "A test source made this customer up; such customers are not moved. Delete the test data, and send it "
                "again with the new country.");
  }

  // Whether something of these people is left where they came from last: it goes first.
  Result<bool> still_leaving(events::Cell& cell, std::span<const IdentityId> people) const {
    std::vector<subjects::Arrival> arrivals;
    TRY(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      arrivals = TRY(subjects::arrivals(tx, people));
      return {};
    }));
    bool any = false;
    for (const subjects::Arrival& each : arrivals) {
      events::Cell* origin = parts_.events->cell(each.region);
      if (origin == nullptr) continue;
      TRY(origin->region->data().read([&](db::Transaction& tx) -> Result<void> {
        auto forward = TRY(subjects::forward(tx, each.origin));
        any = any || (forward && forward->state == subjects::Going::gone);
        return {};
      }));
    }
    return any;
  }

  // Allowed or not, it is in the ledger of everybody whom it is about before anything is done.
  Result<void> rule(const customers::Viewer& viewer, const Move& move, std::span<const IdentityId> people) {
    gate::Question question;
    question.use = gate::Use::move;
    question.purpose = move.purpose;
    question.basis = gate::info(move.purpose).default_basis;
    question.role = viewer.role;
    question.country = move.country;
    question.region = move.from;
    question.to_region = move.to;
    question.home = parts_.regions->of_country(move.country).id();
    question.at = move.requested_at;
    gate::Ruling ruling = gate::rule(question, *parts_.law->current());
    std::vector<ledger::Entry> entries;
    for (IdentityId person : people) {
      ledger::Entry entry;
      entry.identity = person;
      entry.at = move.requested_at;
      entry.use = gate::Use::move;
      entry.purposes = {move.purpose};
      entry.decision = ruling.decision;
      for (gate::Rule each : ruling.rules) {
        if (each != gate::Rule::none) entry.rules.push_back(each);
      }
      entry.rule_set = ruling.rule_set;
      entry.role = viewer.role;
      entry.operation = viewer.operation;
      entry.region = move.to;
      entries.push_back(std::move(entry));
    }
    TRY(ledger_of(move.from).record(std::move(entries)));
    if (ruling.allowed()) return {};
    return fail(ErrorKind::forbidden, "use_denied", gate::reason(ruling, move.purpose, viewer.language));
  }

  Result<void> write_down(const customers::Viewer& viewer, std::string_view handle, Move& move) const {
    return parts_.control->write([&](db::Transaction& tx) -> Result<void> {
      if (TRY(store::copying(tx, move.from, move.identity))) return moving();
      TRY(store::insert(tx, move));
      std::string payload = std::to_string(move.id.value);
      TRY(jobs::enqueue(tx,
                        {.kind = kMoveJob, .payload = payload, .unique_key = payload, .trace_id = viewer.trace_id}));
      return parts_.staff->record(tx, {viewer.principal, viewer.operation, fmt::format("customer:{}", handle),
                                       viewer.trace_id, staff::Outcome::ok});
    });
  }

  ledger::Ledger& ledger_of(std::string_view region) {
    auto cells = parts_.events->cells();
    auto cell = std::find_if(cells.begin(), cells.end(), [&](const auto& each) { return each.region->id() == region; });
    return *parts_.ledgers[static_cast<std::size_t>(cell - cells.begin())];
  }

  Result<void> guarded(const Body& body) { return guard_ ? guard_(body) : body(); }

  // Nobody takes the job over while the body runs: so of two runners one alone changes the region.
  Mover::Fence fence_of(jobs::Lease& lease) {
    return [this, &lease](const Body& body) {
      return guarded([&]() -> Result<void> {
        return parts_.control->write([&](db::Transaction& tx) -> Result<void> {
          TRY(lease.check(tx));
          return body();
        });
      });
    };
  }

  Result<Move> move_of(jobs::Lease& lease) {
    std::string_view payload = lease.job().payload;
    Id<Move> id;
    std::from_chars(payload.data(), payload.data() + payload.size(), id.value);
    return find(id);
  }

  Result<void> go(jobs::Lease& lease) {
    Move move = TRY(move_of(lease));
    if (move.state != State::copying) return {};
    const std::function<bool()> should_stop = [&] { return lease.should_stop(); };
    const Mover::Fence fence = fence_of(lease);
    TRY(Mover(parts_, options_, move, fence, should_stop).go());
    return parts_.control->write([&](db::Transaction& tx) -> Result<void> {
      TRY(lease.check(tx));
      TRY(store::update(tx, move));
      if (move.state == State::moved) {
        TRY(jobs::enqueue(tx, {.kind = kClearJob,
                               .payload = lease.job().payload,
                               .run_at = from_millis(TRY(tx.now_ms())) + options_.grace,
                               .unique_key = lease.job().payload,
                               .trace_id = lease.job().trace_id}));
      }
      return lease.complete(tx);
    });
  }

  Result<void> clear(jobs::Lease& lease) {
    Move move = TRY(move_of(lease));
    if (move.state != State::moved) return {};
    const std::function<bool()> should_stop = [&] { return lease.should_stop(); };
    const Mover::Fence fence = fence_of(lease);
    TRY(Mover(parts_, options_, move, fence, should_stop).clear());
    return parts_.control->write([&](db::Transaction& tx) -> Result<void> {
      TRY(lease.check(tx));
      TRY(store::update(tx, move));
      return lease.complete(tx);
    });
  }

  const Parts parts_;
  const Options options_;
  std::function<Result<void>(const Body&)> guard_;
  std::atomic<jobs::Runner*> runner_ = nullptr;
};

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::copying:
      return "copying";
    case State::moved:
      return "moved";
    case State::done:
      return "done";
    case State::ended:
      break;
  }
  return "ended";
}

std::unique_ptr<Moves> Moves::create(Parts parts, Options options) {
  return std::make_unique<MovesImpl>(std::move(parts), std::move(options));
}

}  // namespace handschlag::moves
