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

Result<void> Router::find_unpinned(const std::vector<const identity::Key*>& keys,
                                   std::vector<std::optional<std::size_t>>& places) {
  std::vector<identity::Key> open;
  std::vector<std::size_t> of;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == nullptr || places[i]) continue;
    open.push_back(*keys[i]);
    of.push_back(i);
  }
  if (open.empty()) return {};
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    std::vector<bool> known;
    TRY(cells_[cell].region->data().read([&](db::Transaction& tx) -> Result<void> {
      known = TRY(cells_[cell].identities->knows(tx, open));
      return {};
    }));
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (known[i] && !places[of[i]]) places[of[i]] = cell;
    }
  }
  return {};
}

Result<std::vector<std::vector<Prepared>>> Router::route(std::vector<Prepared> events) {
  std::vector<std::vector<Prepared>> out(cells_.size());
  std::vector<std::optional<std::size_t>> places(events.size());
  std::vector<const identity::Key*> keys(events.size());
  std::vector<std::string> digests(events.size());
  if (cells_.size() > 1) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!events[i].sighting) continue;
      keys[i] = &events[i].sighting->own;
      digests[i] = identity::digest_of(pin_key_, *keys[i]);
      places[i] = pinned(digests[i]);
    }
    TRY(find_unpinned(keys, places));
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::size_t cell = places[i].value_or(cell_of_country(events[i].country));
    // An earlier event of this batch, or another request meanwhile, may have pinned the person elsewhere.
    if (keys[i] != nullptr) cell = pin(digests[i], cell);
    events[i].event_id = event_id_of(events[i], cells_[cell].identities->vault().digest_key());
    out[cell].push_back(std::move(events[i]));
  }
  return out;
}

}  // namespace handschlag::events
