#include "features/events/router.h"

namespace handschlag::events {
namespace {

constexpr std::size_t kPins = 200'000;  // about 30 MB

}  // namespace

Router::Router(std::vector<Cell>& cells, regions::Regions& regions) : cells_(cells), regions_(regions) {}

std::size_t Router::cell_of_country(std::string_view country) const {
  const regions::Region& region = regions_.of_country(country);
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].region == &region) return i;
  }
  return 0;  // never: every region has a cell
}

std::optional<std::size_t> Router::pinned(const std::string& digest) {
  std::lock_guard lock(mutex_);
  auto it = pins_.find(digest);
  return it == pins_.end() ? std::nullopt : std::optional(it->second.cell);
}

std::size_t Router::pin(const std::string& digest, std::size_t cell) {
  std::lock_guard lock(mutex_);
  if (auto it = pins_.find(digest); it != pins_.end()) return it->second.cell;
  recent_.push_front(digest);
  pins_.emplace(digest, Pin{cell, recent_.begin()});
  if (pins_.size() > kPins) {
    pins_.erase(recent_.back());
    recent_.pop_back();
  }
  return cell;
}

Result<void> Router::find_unpinned(std::vector<Who>& people) {
  std::vector<identity::Key> open;
  std::vector<Who*> of;
  for (Who& who : people) {
    if (who.cell) continue;
    open.push_back(*who.key);
    of.push_back(&who);
  }
  if (open.empty()) return {};
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    std::vector<bool> known;
    TRY(cells_[cell].region->data().read([&](db::Transaction& tx) -> Result<void> {
      known = TRY(cells_[cell].identities->knows(tx, open));
      return {};
    }));
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (known[i] && !of[i]->cell) of[i]->cell = cell;
    }
  }
  return {};
}

std::size_t Router::choose(Prepared& event, std::span<Who> people) {
  std::optional<std::size_t> cell = people.front().cell;
  // Somebody new who comes together with somebody known (a browser before the sign-in) goes to the same region.
  for (const Who& who : people) {
    if (!cell) cell = who.cell;
  }
  // An earlier event of this batch, or another request meanwhile, may have pinned the person elsewhere.
  std::size_t chosen = pin(people.front().digest, cell.value_or(cell_of_country(event.country)));
  auto& together = event.sighting->together;
  for (std::size_t i = people.size() - 1; i > 0; --i) {
    std::size_t other = pin(people[i].digest, people[i].cell.value_or(chosen));
    if (other == chosen) continue;
    // Links never cross regions: who lives elsewhere stays there alone.
    together.erase(together.begin() + static_cast<std::ptrdiff_t>(i - 1));
    event.refusals.push_back({"IdentityLinking", "regions_differ"});
  }
  return chosen;
}

Result<std::vector<std::vector<Prepared>>> Router::route(std::vector<Prepared> events) {
  std::vector<Who> people;                        // of all events: each event's own key, then those together with it
  std::vector<std::size_t> first(events.size());  // of an event's people
  if (cells_.size() > 1) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      first[i] = people.size();
      if (!events[i].sighting) continue;
      auto add = [&](const identity::Key& key) {
        std::string digest = identity::digest_of(pin_key_, key);
        auto cell = pinned(digest);
        people.push_back({&key, std::move(digest), cell});
      };
      add(events[i].sighting->own);
      for (const identity::Key& key : events[i].sighting->together) add(key);
    }
    TRY(find_unpinned(people));
  }
  std::vector<std::vector<Prepared>> out(cells_.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    Prepared& event = events[i];
    std::size_t cell = cell_of_country(event.country);
    if (cells_.size() > 1 && event.sighting) {
      cell = choose(event, std::span(people).subspan(first[i], 1 + event.sighting->together.size()));
    }
    event.event_id = event_id_of(event, cells_[cell].identities->vault().digest_key());
    out[cell].push_back(std::move(event));
  }
  return out;
}

}  // namespace handschlag::events
