#include "features/moves/mover.h"

#include <algorithm>

#include "platform/jobs/jobs.h"

namespace handschlag::moves {
namespace {

constexpr std::size_t kPageEvents = 100;  // a commit of the new region: some milliseconds
constexpr std::size_t kRestEvents = 50;   // while the old region's writer waits
constexpr int kMostTurns = 1'000;         // as long as more and more comes, another turn is taken
// A retry meets a tombstone for as long as there may be one; see features/events.
constexpr std::chrono::days kTombstoneLife{30};

bool contains(std::span<const subjects::Forward> people, IdentityId identity) {
  return std::any_of(people.begin(), people.end(), [&](const auto& person) { return person.identity == identity; });
}

bool is_erased(const Error& error) {
  return error.code == "key_destroyed" || error.code == "customer_unknown";
}

}  // namespace

Mover::Mover(const Parts& parts, const Options& options, Move& move, const Fence& fence,
             const std::function<bool()>& should_stop)
    : parts_(parts),
      options_(options),
      move_(move),
      fence_(fence),
      should_stop_(should_stop),
      from_(parts.events->cell(move.from)),
      to_(parts.events->cell(move.to)) {
  auto cells = parts.events->cells();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (&cells[i] == from_) {
      from_ledger_ = parts.ledgers[i];
      from_consents_ = parts.consents[i];
    }
    if (&cells[i] == to_) {
      to_ledger_ = parts.ledgers[i];
      to_consents_ = parts.consents[i];
    }
  }
}

Result<void> Mover::step(std::string_view name) const {
  if (options_.at) TRY(options_.at(name));
  if (should_stop_ && should_stop_()) return jobs::Lease::interrupted();
  return {};
}

Result<void> Mover::go() {
  if (from_ == nullptr || to_ == nullptr) {
    return fail(ErrorKind::unavailable, "region_unknown", "A region of this move is not there any more.");
  }
  for (int turns = 0; turns < kMostTurns; ++turns) {
    auto people = TRY(begin());
    if (people.empty()) break;
    auto copied = copy(people);
    if (!copied && is_erased(copied.error())) continue;  // one of them: the others go on
    TRY(std::move(copied));
    auto turn = change_region(people);
    if (!turn && is_erased(turn.error())) continue;
    if (TRY(std::move(turn)) != Turn::again) break;
  }
  return arrive();
}

Result<std::vector<IdentityId>> Mover::members() {
  std::vector<IdentityId> named = {move_.identity};
  TRY(to_->region->data().read([&](db::Transaction& tx) -> Result<void> {
    auto start = TRY(subjects::arrivals_from(tx, move_.from, named));
    if (start.empty()) return {};
    // Who was of the party once stays of it: a link that is taken back meanwhile changes nothing about where they live.
    for (const subjects::Arrival& each : TRY(subjects::party(tx, start.front().party))) named.push_back(each.origin);
    return {};
  }));
  std::vector<IdentityId> out;
  TRY(from_->region->data().read([&](db::Transaction& tx) -> Result<void> {
    for (IdentityId each : named) {
      for (IdentityId member : TRY(from_->identities->household(tx, each))) out.push_back(member);
    }
    return {};
  }));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<std::vector<subjects::Forward>> Mover::begin() {
  auto who = TRY(members());
  std::vector<subjects::Forward> people;
  if (who.empty()) return people;
  // The one who was asked for first: they are the party's.
  auto start = std::find(who.begin(), who.end(), move_.identity);
  if (start != who.end()) std::rotate(who.begin(), start, start + 1);
  std::vector<IdentityId> targets;
  TRY(to_->region->writer().run([&](db::Transaction& tx) -> Result<void> {
    targets = TRY(to_->identities->expect(tx, move_.from, who));
    return {};
  }));
  TRY(step("expected"));
  TRY(from_->region->writer().run([&](db::Transaction& tx) -> Result<void> {
    for (std::size_t i = 0; i < who.size(); ++i) {
      TRY(subjects::leave(tx, {who[i], move_.to, targets[i], subjects::Going::leaving}));
    }
    people = TRY(subjects::forwards(tx, who));
    return {};
  }));
  TRY(step("leaving"));
  std::erase_if(people, [](const subjects::Forward& each) { return each.state != subjects::Going::leaving; });
  for (const subjects::Forward& each : people) {
    if (each.region != move_.to) {
      return fail(ErrorKind::conflict, "customer_moving", "This customer is being moved to another region.");
    }
  }
  return people;
}

Result<void> Mover::copy(std::span<const subjects::Forward> people) {
  for (const subjects::Forward& person : people) {
    TRY(copy_events(person));
    TRY(to_ledger_->take_over(*from_ledger_, person.identity, person.target));
    TRY(step("ledger"));
  }
  return {};
}

Result<void> Mover::copy_events(const subjects::Forward& person) {
  for (;;) {
    while (TRY(parts_.events->carry(passage(person), kPageEvents)) == kPageEvents) TRY(step("page"));
    if (TRY(parts_.events->carried_well(passage(person)))) return step("compared");
    // Something was taken away meanwhile: anew, for what is not there any more must not be there either.
    TRY(fence_([&] { return parts_.subjects->remove_copied(move_.to, person.target, should_stop_); }));
  }
}

Result<Mover::Turn> Mover::change_region(const std::vector<subjects::Forward>& people) {
  Turn turn = Turn::again;
  TRY(fence_([&]() -> Result<void> {
    return from_->region->writer().run([&](db::Transaction& tx) -> Result<void> {
      turn = TRY(change_in(tx, people));
      if (turn == Turn::gone) TRY(step("changing"));
      return {};
    });
  }));
  if (turn == Turn::gone) TRY(step("gone"));
  return turn;
}

// In the old region's turn: nobody else writes there, so what is copied now is all there is.
Result<Mover::Turn> Mover::change_in(db::Transaction& tx, std::vector<subjects::Forward> people) {
  TRY(events::hold_order(tx));
  TRY(consent::Consents::hold(tx));
  for (const subjects::Forward& person : people) {
    for (IdentityId member : TRY(from_->identities->household(tx, person.identity))) {
      if (!contains(people, member)) return Turn::again;  // linked meanwhile
    }
  }
  identity::Relocation relocation{
      move_.to, people, move_.country, parts_.clock->now(),
      [this](identity::KeyKind kind, std::int64_t source) { return name_spaces(kind, source); }};
  own_keys_.clear();
  std::vector<identity::Identities::Packed> packed;
  std::vector<IdentityId> ids;
  for (const subjects::Forward& person : people) {
    if (TRY(parts_.events->carry_rest(tx, passage(person), kRestEvents)) != events::Events::Carried::all) {
      return Turn::again;
    }
    packed.push_back(TRY(from_->identities->pack(tx, person.identity, relocation)));
    own_keys_.push_back(packed.back().own);
    ids.push_back(person.identity);
  }
  const Time watched_until = parts_.clock->now() + kTombstoneLife;
  TRY(to_->region->writer().run([&](db::Transaction& there) -> Result<void> {
    for (std::size_t i = 0; i < people.size(); ++i) {
      TRY(to_->identities->load(there, people[i].target, packed[i].text, watched_until));
      TRY(to_consents_->take_over(tx, *from_consents_, people[i].identity, there, people[i].target));
    }
    return {};
  }));
  TRY(step("loaded"));
  TRY(from_->identities->drop_packed_links(tx, relocation));
  for (IdentityId id : ids) TRY(parts_.subjects->hide_moved(tx, id));
  TRY(subjects::depart(tx, ids));
  return Turn::gone;
}

// Those of the party who went.
Result<std::vector<subjects::Forward>> Mover::gone() {
  std::vector<IdentityId> origins;
  TRY(to_->region->data().read([&](db::Transaction& tx) -> Result<void> {
    auto start = TRY(subjects::arrivals_from(tx, move_.from, {&move_.identity, 1}));
    if (start.empty()) return {};
    for (const subjects::Arrival& each : TRY(subjects::party(tx, start.front().party))) origins.push_back(each.origin);
    return {};
  }));
  std::vector<subjects::Forward> out;
  TRY(from_->region->data().read([&](db::Transaction& tx) -> Result<void> {
    out = TRY(subjects::forwards(tx, origins));
    return {};
  }));
  std::erase_if(out, [&](const subjects::Forward& each) {
    return each.state == subjects::Going::leaving || each.region != move_.to;
  });
  return out;
}

Result<void> Mover::arrive() {
  auto people = TRY(gone());
  if (people.empty()) {
    move_.state = State::ended;
    move_.ended_at = parts_.clock->now();
    return {};
  }
  TRY(events::settle(*to_, people.front().target));
  parts_.events->forget(own_keys_);
  TRY(step("settled"));
  move_.people = std::ssize(people);
  move_.events = 0;
  for (const subjects::Forward& person : people) {
    if (person.identity == move_.identity) move_.target = person.target;
    move_.events += TRY(parts_.events->count(*to_, person.target));
  }
  if (move_.target.value == 0) move_.target = people.front().target;
  move_.state = State::moved;
  move_.moved_at = parts_.clock->now();
  return {};
}

Result<void> Mover::clear() {
  for (const subjects::Forward& person : TRY(gone())) {
    if (person.state == subjects::Going::cleared) continue;
    // Who looked while they went has written that here.
    auto taken = to_ledger_->take_over(*from_ledger_, person.identity, person.target);
    if (!taken && !is_erased(taken.error())) return taken;
    TRY(step("clearing"));
    TRY(parts_.subjects->remove_moved(move_.from, person.identity, should_stop_));
    TRY(step("cleared"));
  }
  move_.state = State::done;
  move_.ended_at = parts_.clock->now();
  return {};
}

std::vector<std::string> Mover::name_spaces(identity::KeyKind kind, std::int64_t source) const {
  std::vector<std::string> out;
  auto add = [&](const sources::Source& each) {
    std::string space = identity::name_space_of(kind, {each.id_space(), each.address_space(), each.country});
    if (std::find(out.begin(), out.end(), space) == out.end()) out.push_back(std::move(space));
  };
  if (auto likely = parts_.sources->find(Id<sources::Source>{source})) add(*likely);
  for (const auto& each : parts_.sources->list()) add(*each);
  return out;
}

}  // namespace handschlag::moves
