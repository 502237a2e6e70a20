// The part of a group commit that is about people who were moved to another region, or came from one.
#include <algorithm>
#include <map>

#include "features/events/group.h"
#include "features/events/moving_store.h"

namespace handschlag::events {

Result<void> GroupWriter::leave_out_moved(db::Transaction& tx, std::span<Entry* const> unsealed) {
  // Of those who have just gone there may still be a key; mostly there is nobody.
  std::vector<IdentityId> gone = TRY(subjects::gone(tx));
  if (!gone.empty()) {
    std::sort(gone.begin(), gone.end());
    for (Entry& entry : entries_) {
      bool linked = entry.event->decision == gate::Decision::allow;
      if (linked && std::binary_search(gone.begin(), gone.end(), entry.identity)) entry.event->moved = true;
    }
  }
  std::vector<IdentityId> without_key;
  for (const Entry* entry : unsealed) without_key.push_back(entry->identity);
  for (const subjects::Forward& forward : TRY(subjects::forwards(tx, without_key))) {
    if (forward.state == subjects::Going::leaving) continue;
    for (Entry* entry : unsealed) {
      if (entry->identity == forward.identity) entry->event->moved = true;
    }
  }
  return {};
}

Result<void> GroupWriter::leave_out_buried(db::Transaction& tx) {
  Time now{};
  std::vector<IdentityId> identities;
  for (const Entry& entry : entries_) {
    if (entry.event->decision != gate::Decision::allow) continue;
    now = std::max(now, entry.event->intake.received);
    identities.push_back(entry.identity);
  }
  if (identities.empty() || !TRY(subjects::any_watched(tx, now))) return {};
  std::sort(identities.begin(), identities.end());
  identities.erase(std::unique(identities.begin(), identities.end()), identities.end());
  for (const subjects::Arrival& arrival : TRY(subjects::watched(tx, identities, now))) {
    std::vector<const Prepared*> events;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].identity != arrival.identity || entries_[i].event->decision != gate::Decision::allow) continue;
      events.push_back(entries_[i].event);
      places.push_back(i);
    }
    std::vector<bool> buried = TRY(buried_elsewhere(arrival, events));
    for (std::size_t i = events.size(); i-- > 0;) {
      if (!buried[i]) continue;
      ++entries_[places[i]].part->outcome.duplicates;
      entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(places[i]));
    }
  }
  return {};
}

// Event ids are of their region: each region where the person was is asked for its own.
Result<std::vector<bool>> GroupWriter::buried_elsewhere(const subjects::Arrival& arrival,
                                                        std::span<const Prepared* const> events) {
  std::vector<bool> out(events.size());
  std::optional<subjects::Arrival> from = arrival;
  while (from) {
    auto cell =
        std::find_if(cells_.begin(), cells_.end(), [&](const Cell& each) { return each.region->id() == from->region; });
    if (cell == cells_.end()) break;
    std::vector<std::string> ids;
    for (const Prepared* event : events) {
      ids.push_back(event_id_of(*event, cell->identities->vault().first_digest_key()));
    }
    IdentityId origin = from->origin;
    TRY(cell->region->data().read([&](db::Transaction& tx) -> Result<void> {
      std::vector<bool> buried = TRY(store::buried(tx, ids));
      for (std::size_t i = 0; i < buried.size(); ++i) out[i] = out[i] || buried[i];
      auto before = TRY(subjects::arrivals(tx, {&origin, 1}));
      from = before.empty() ? std::nullopt : std::optional(std::move(before.front()));
      return {};
    }));
  }
  return out;
}

}  // namespace handschlag::events
