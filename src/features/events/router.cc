#include "features/events/router.h"

#include <algorithm>
#include <map>

#include "features/events/group.h"

namespace handschlag::events {
namespace {

// About 1.6 million people. An event of somebody who is not in it costs a look into each region.
constexpr std::size_t kDirectoryBytes = 64 * 1024 * 1024;
constexpr int kMostMoves = 64;   // of one person, to be followed one after the other
constexpr int kMostDetours = 8;  // of one event

Cell& home_of(std::vector<Cell>& cells, regions::Regions& regions) {
  auto home =
      std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.region == &regions.home(); });
  return home == cells.end() ? cells.front() : *home;  // every region has a cell
}

}  // namespace

Router::Router(std::vector<Cell>& cells, regions::Regions& regions)
    : cells_(cells), regions_(regions), directory_(kDirectoryBytes), pins_(home_of(cells, regions)) {}

std::size_t Router::cell_of_country(std::string_view country) const {
  const regions::Region& region = regions_.of_country(country);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].region == &region) return i;
  }
  return 0;  // never: every region has a cell
}

Result<void> Router::find_unknown(std::vector<Who>& people) {
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    std::vector<identity::Key> keys;
    std::vector<Who*> of;
    for (Who& who : people) {
      bool open = !who.known || (who.known->identity.value == 0 && who.known->cell == cell);
      if (!open) continue;
      keys.push_back(*who.key);
      of.push_back(&who);
    }
    if (keys.empty()) continue;
    std::vector<identity::Sighting::Known> known;
    std::vector<subjects::Forward> forwards;
    TRY(cells_[cell].region->data().read([&](db::Transaction& tx) -> Result<void> {
      known = TRY(cells_[cell].identities->knows(tx, keys));
      // Whose own key was taken for nothing was erased, or has moved.
      std::vector<IdentityId> bare;
      for (const identity::Sighting::Known& each : known) {
        if (each.id.value != 0 && each.purposes.empty()) bare.push_back(each.id);
      }
      forwards = TRY(subjects::forwards(tx, bare));
      return {};
    }));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (known[i].id.value == 0) continue;
      auto forward = std::find_if(forwards.begin(), forwards.end(), [&](const subjects::Forward& each) {
        return each.identity == known[i].id && each.state != subjects::Going::leaving;
      });
      of[i]->known = forward == forwards.end()
                         ? Directory::Entry{static_cast<std::uint32_t>(cell), known[i].id, known[i].purposes}
                         : TRY(follow(keys[i], *forward));
      directory_.learn(of[i]->digest, *of[i]->known);
    }
  }
  return {};
}

Result<Directory::Entry> Router::follow(const identity::Key& key, const subjects::Forward& forward) {
  subjects::Forward next = forward;
  for (int moves = 0; moves < kMostMoves; ++moves) {
    auto cell =
        std::find_if(cells_.begin(), cells_.end(), [&](const Cell& each) { return each.region->id() == next.region; });
    if (cell == cells_.end()) break;
    TRY(events::settle(*cell, next.target));
    std::optional<subjects::Forward> further;
    identity::Sighting::Known known;
    TRY(cell->region->data().read([&](db::Transaction& tx) -> Result<void> {
      further = TRY(subjects::forward(tx, next.target));
      known = TRY(cell->identities->knows(tx, {&key, 1})).front();
      return {};
    }));
    if (!further || further->state == subjects::Going::leaving) {
      if (known.id.value == 0) break;
      return Directory::Entry{static_cast<std::uint32_t>(cell - cells_.begin()), known.id, known.purposes};
    }
    next = *std::move(further);
  }
  return fail(ErrorKind::unavailable, "customer_moving",
              "A customer is being moved to another region; please try again.");
}

Result<void> Router::settle(std::span<const Prepared> events, std::vector<Who>& people,
                            std::span<const std::size_t> first) {
  std::map<std::string, std::string> regions;  // digest → the region where we would put them
  std::vector<std::string> digests(people.size());
  crypto::Key key = TRY(pins_.key());
  Time now{};
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!events[i].sighting) continue;
    now = std::max(now, events[i].intake.received);
    // As choose() would, had nobody else asked.
    std::optional<std::uint32_t> cell;
    std::size_t end = first[i] + 1 + events[i].sighting->together.size();
    for (std::size_t place = first[i]; place < end; ++place) {
      if (!cell && people[place].known) cell = people[place].known->cell;
    }
    std::string region = cells_[cell ? *cell : cell_of_country(events[i].country)].region->id();
    for (std::size_t place = first[i]; place < end; ++place) {
      if (people[place].known) continue;
      digests[place] = identity::digest_of(key, *people[place].key);
      region = regions.try_emplace(digests[place], region).first->second;
    }
  }
  TRY(pins_.settle(regions, now));
  for (std::size_t place = 0; place < people.size(); ++place) {
    if (digests[place].empty()) continue;
    const std::string& region = regions[digests[place]];
    for (std::uint32_t cell = 0; cell < cells_.size(); ++cell) {
      if (cells_[cell].region->id() == region) people[place].known = directory_.pin(people[place].digest, cell);
    }
  }
  return {};
}

std::size_t Router::choose(Prepared& event, std::span<Who> people) {
  std::optional<std::uint32_t> cell;
  // Somebody new who comes together with somebody known (a browser before the sign-in) goes to the same region.
  for (const Who& who : people) {
    if (!cell && who.known) cell = who.known->cell;
  }
  auto place = [&](Who& who, std::uint32_t wanted) {
    // An earlier event of this batch, or another request meanwhile, may have pinned the person elsewhere.
    if (!who.known) who.known = directory_.pin(who.digest, wanted);
    return who.known->cell;
  };
  const std::uint32_t chosen =
      place(people.front(), cell ? *cell : static_cast<std::uint32_t>(cell_of_country(event.country)));
  identity::Sighting& sighting = *event.sighting;
  sighting.known = {people.front().known->identity, people.front().known->purposes};
  for (std::size_t i = people.size() - 1; i > 0; --i) {
    if (place(people[i], chosen) == chosen) {
      sighting.together_known.insert(sighting.together_known.begin(),
                                     {people[i].known->identity, people[i].known->purposes});
      continue;
    }
    // Links never cross regions: who lives elsewhere stays there alone.
    sighting.together.erase(sighting.together.begin() + static_cast<std::ptrdiff_t>(i - 1));
    event.refusals.push_back({"IdentityLinking", "regions_differ"});
  }
  return chosen;
}

Result<void> Router::seal_known(Cell& cell, std::span<Prepared> events) {
  vault::Vault& vault = cell.identities->vault();
  std::vector<IdentityId> identities;
  std::vector<Prepared*> of;
  for (Prepared& event : events) {
    if (event.decision != gate::Decision::allow || event.sighting->known.id.value == 0) continue;
    identities.push_back(event.sighting->known.id);
    of.push_back(&event);
  }
  if (of.empty()) return {};
  const std::uint64_t generation = TRY(vault.generation());
  auto keys = TRY(vault.find(identities, vault::RetentionClass::ordinary));
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (!keys[i]) continue;
    of[i]->sealed = crypto::seal(*keys[i], of[i]->payload, event_context(identities[i], of[i]->event_id));
    of[i]->sealed_for = identities[i];
    of[i]->vault_generation = generation;
  }
  return {};
}

Router::Journey Router::begin(std::vector<Prepared> events) {
  Journey journey;
  journey.events = std::move(events);
  journey.people.reserve(2 * journey.events.size());
  journey.first.reserve(journey.events.size());
  // Keys may be destroyed and people move by the hand of another process: there every look costs a question.
  journey.must_ask = cells_.front().region->data().shared();
  for (const Prepared& event : journey.events) {
    journey.first.push_back(journey.people.size());
    if (!event.sighting) continue;
    auto add = [&](const identity::Key& key) {
      auto digest = directory_.digest(key);
      auto known = directory_.find(digest);
      if (!known || known->identity.value == 0) journey.must_ask = true;
      journey.people.push_back({&key, digest, known});
    };
    add(event.sighting->own);
    for (const identity::Key& key : event.sighting->together) add(key);
  }
  return journey;
}

Result<std::vector<std::vector<Prepared>>> Router::route(Journey journey) {
  TRY(find_unknown(journey.people));
  if (cells_.size() > 1 && pins_.needed()) TRY(settle(journey.events, journey.people, journey.first));
  std::vector<std::vector<Prepared>> out(cells_.size());
  if (journey.events.empty()) return out;
  out[cell_of_country(journey.events.front().country)].reserve(journey.events.size());  // mostly one goes all to
  for (std::size_t i = 0; i < journey.events.size(); ++i) {
    Prepared& event = journey.events[i];
    std::size_t cell = 0;
    if (event.sighting) {
      auto own = std::span(journey.people).subspan(journey.first[i], 1 + event.sighting->together.size());
      event.person = own.front().digest;
      cell = choose(event, own);
    } else {
      cell = cell_of_country(event.country);
    }
    event.event_id = event_id_of(event, cells_[cell].identities->vault().first_digest_key());
    out[cell].push_back(std::move(event));
  }
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) TRY(seal_known(cells_[cell], out[cell]));
  return out;
}

Result<Router::Journey> Router::begin_again(std::vector<Prepared> events) {
  for (Prepared& event : events) {
    if (++event.detours > kMostDetours) {
      return fail(ErrorKind::unavailable, "customer_moving",
                  "A customer is being moved to another region; please try again.");
    }
    event.moved = false;
    event.sealed_for = {};
    identity::Sighting& sighting = *event.sighting;
    sighting.known = {};
    sighting.together_known.clear();
    directory_.forget(directory_.digest(sighting.own));
    forget(sighting.together);
  }
  return begin(std::move(events));
}

void Router::forget(std::span<const identity::Key> keys) {
  for (const identity::Key& key : keys) directory_.forget(directory_.digest(key));
}

void Router::learn(std::size_t cell, std::span<const Prepared> events) {
  for (const Prepared& event : events) {
    if (!event.sighting) continue;
    if (event.decision != gate::Decision::allow) {  // refused in the writer's turn: erased since it was learnt
      directory_.forget(event.person);
      continue;
    }
    if (event.identity.value == 0 || event.sighting->known.covers(event.sighting->purposes)) continue;
    directory_.learn(event.person, {static_cast<std::uint32_t>(cell), event.identity,
                                    event.sighting->known.purposes | event.sighting->purposes});
  }
}

}  // namespace handschlag::events
