#include "features/events/group.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace handschlag::events {
namespace {

std::int64_t day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

bool is_device(identity::KeyKind kind) {
  return kind == identity::KeyKind::anonymous_id || kind == identity::KeyKind::device_id;
}

}  // namespace

std::string event_context(IdentityId identity, std::string_view event_id) {
  return fmt::format("events_event|{}|{}", identity.value, crypto::to_hex(event_id));
}

std::string unlinked_context(std::string_view event_id) {
  return fmt::format("events_unlinked|{}", crypto::to_hex(event_id));
}

Result<void> GroupWriter::write(db::Transaction& tx, std::span<Part*> parts) {
  entries_.clear();
  for (Part* part : parts) {
    part->outcome = {};
    for (Prepared& event : part->events) {
      event.moved = false;
      entries_.push_back({&event, part, 0, {}});
    }
  }
  // First the order: from here on no other writer of this region can commit before us, so what is known stays known.
  std::int64_t seq = TRY(store::allocate(tx, static_cast<std::int64_t>(entries_.size())));
  for (Entry& entry : entries_) entry.seq = seq++;
  TRY(keep_fresh(tx));
  TRY(ask_record(tx));
  TRY(identify(tx));
  TRY(listen(tx));
  TRY(heed_refusals(tx));
  TRY(leave_out_buried(tx));
  TRY(store_linked(tx));
  TRY(store_unlinked(tx));
  TRY(store_refused(tx));
  TRY(add_up(tx));
  TRY(add_up_hours(tx));
  return project(tx);
}

Result<void> GroupWriter::keep_fresh(db::Transaction& tx) {
  std::vector<std::string_view> ids;
  ids.reserve(entries_.size());
  for (const Entry& entry : entries_) ids.push_back(entry.event->event_id);
  std::vector<bool> known = TRY(store::known(tx, ids));
  std::unordered_set<std::string_view> seen;
  std::vector<Entry> fresh;
  fresh.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (known[i] || !seen.insert(ids[i]).second) {
      ++entries_[i].part->outcome.duplicates;
    } else {
      fresh.push_back(entries_[i]);
    }
  }
  entries_ = std::move(fresh);
  return {};
}

Result<void> GroupWriter::drop_stale(std::span<Entry* const> entries) {
  std::vector<IdentityId> identities;
  std::vector<identity::Sighting::Known*> of;
  auto add = [&](identity::Sighting::Known& known) {
    if (known.id.value == 0) return;
    identities.push_back(known.id);
    of.push_back(&known);
  };
  for (Entry* entry : entries) {
    identity::Sighting& sighting = *entry->event->sighting;
    if (sighting.together.empty()) continue;  // no link: whether the person is there still shows when it is sealed
    add(sighting.known);
    for (identity::Sighting::Known& known : sighting.together_known) add(known);
  }
  if (of.empty()) return {};
  auto keys = TRY(cell_.identities->vault().find(identities, vault::RetentionClass::ordinary));
  for (std::size_t i = 0; i < of.size(); ++i) {
    if (!keys[i]) *of[i] = {};
  }
  return {};
}

Result<void> GroupWriter::ask_record(db::Transaction& tx) {
  std::vector<Prepared*> asking;
  std::vector<identity::Key> keys;
  for (Entry& entry : entries_) {
    if (!entry.event->asks_country || entry.event->decision != gate::Decision::allow) continue;
    asking.push_back(entry.event);
    keys.push_back(entry.event->sighting->own);
  }
  if (asking.empty()) return {};
  const auto law = around_.law->current();
  const auto known = TRY(cell_.identities->knows(tx, keys));
  for (std::size_t i = 0; i < asking.size(); ++i) {
    Prepared& event = *asking[i];
    event.assent = {};
    event.known_country.clear();
    if (known[i].id) event.known_country = TRY(cell_.identities->country_of(tx, known[i].id)).value_or("");
    // Where the law is stricter than that of the country it says, it may need more than was known before.
    const bool elsewhere = !event.known_country.empty() && event.known_country != event.country;
    if ((event.asks_record || elsewhere) && cell_.consents != nullptr && known[i].id) {
      event.assent = TRY(cell_.consents->assent(tx, known[i].id, event.source->purpose_set(), event.intake.received));
    }
    heed(event, {}, *law, around_.interests->weighed(event.intake.received));
    if (event.decision != gate::Decision::allow) event.sighting.reset();
  }
  return {};
}

Result<void> GroupWriter::identify(db::Transaction& tx) {
  std::vector<const identity::Sighting*> sightings;
  std::vector<Entry*> of;
  sightings.reserve(entries_.size());
  of.reserve(entries_.size());
  for (Entry& entry : entries_) {
    if (!entry.event->sighting) continue;
    identity::Sighting& sighting = *entry.event->sighting;
    sighting.origin = entry.event->source->id;
    sighting.country = entry.event->country;
    // Whom a test source made up may have been deleted since: who they are is asked of the database each time.
    if (entry.event->source->mode == sources::Mode::test) {
      sighting.known = {};
      std::fill(sighting.together_known.begin(), sighting.together_known.end(), identity::Sighting::Known{});
    }
    sightings.push_back(&sighting);
    of.push_back(&entry);
  }
  TRY(drop_stale(of));
  newest_before_ = {TRY(identity::last_id(tx))};
  auto identities = TRY(cell_.identities->record(tx, sightings));
  for (std::size_t i = 0; i < of.size(); ++i) of[i]->identity = identities[i];
  return {};
}

Result<void> GroupWriter::listen(db::Transaction& tx) {
  if (around_.listener == nullptr) return {};
  std::vector<Spoken> spoken;
  std::vector<identity::Key> keys;
  std::vector<const Prepared*> unmet;  // of each key
  for (const Entry& entry : entries_) {
    const Prepared& event = *entry.event;
    if (!event.speaker) continue;
    if (entry.identity && event.sighting->own == *event.speaker) {
      spoken.push_back({entry.identity, event.source.get(), &event.intake});
    } else if (event.says_consent) {
      keys.push_back(*event.speaker);
      unmet.push_back(&event);
    }
  }
  // A no that nobody is to be known by makes nobody known.
  const auto known = keys.empty() ? std::vector<identity::Sighting::Known>{} : TRY(cell_.identities->knows(tx, keys));
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i].purposes.empty()) continue;
    spoken.push_back({known[i].id, unmet[i]->source.get(), &unmet[i]->intake});
  }
  return spoken.empty() ? Result<void>{} : around_.listener->heard(tx, cell_, spoken);
}

Result<void> GroupWriter::heed_refusals(db::Transaction& tx) {
  if (cell_.consents == nullptr) return {};
  std::vector<IdentityId> people;
  people.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.event->decision == gate::Decision::allow) people.push_back(entry.identity);
  }
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  const auto refused = TRY(cell_.consents->refused(tx, people));
  const bool nobody = std::all_of(refused.begin(), refused.end(), [](auto purposes) { return purposes.empty(); });
  if (nobody) return {};
  const auto law = around_.law->current();
  for (Entry& entry : entries_) {
    Prepared& event = *entry.event;
    if (event.decision != gate::Decision::allow) continue;
    const auto place = std::lower_bound(people.begin(), people.end(), entry.identity) - people.begin();
    const gate::PurposeSet of_person = refused[static_cast<std::size_t>(place)];
    if ((of_person & event.purposes).empty()) continue;
    heed(event, of_person, *law, around_.interests->weighed(event.intake.received));
  }
  return {};
}

Result<void> GroupWriter::seal_rest(std::span<Entry* const> linked) {
  vault::Vault& vault = cell_.identities->vault();
  const std::uint64_t generation = TRY(vault.generation());
  std::vector<IdentityId> identities;
  std::vector<Entry*> open;
  for (Entry* entry : linked) {
    const Prepared& event = *entry->event;
    if (event.sealed_for == entry->identity && event.vault_generation == generation) continue;
    identities.push_back(entry->identity);
    open.push_back(entry);
  }
  auto keys = TRY(vault.find(identities, vault::RetentionClass::ordinary));
  for (std::size_t i = 0; i < open.size(); ++i) {
    Prepared& event = *open[i]->event;
    event.sealed_for = {};
    if (!keys[i]) continue;
    event.sealed = crypto::seal(*keys[i], event.payload, event_context(identities[i], event.event_id));
    event.sealed_for = identities[i];
    event.vault_generation = generation;
  }
  return {};
}

Result<void> GroupWriter::store_linked(db::Transaction& tx) {
  std::vector<Entry*> linked;
  linked.reserve(entries_.size());
  for (Entry& entry : entries_) {
    if (entry.event->decision == gate::Decision::allow) linked.push_back(&entry);
  }
  TRY(seal_rest(linked));
  std::vector<Entry*> unsealed;
  for (Entry* entry : linked) {
    if (entry->event->sealed_for != entry->identity) unsealed.push_back(entry);
  }
  TRY(leave_out_moved(tx, unsealed));
  std::vector<store::Row> rows;
  rows.reserve(linked.size());
  for (Entry* entry : linked) {
    Prepared& event = *entry->event;
    if (event.moved) continue;
    event.identity = entry->identity;
    if (event.sealed_for != entry->identity) {  // the person was erased: what still comes in is refused
      event.decision = gate::Decision::deny;
      event.refusals.push_back({"person", "erased"});
      continue;
    }
    rows.push_back({entry->seq, event.event_id, entry->identity.value, event.intake.type, event.source->number.value,
                    event.purposes, event.intake.occurred, event.intake.received, event.sealed});
    ++entry->part->outcome.stored;
  }
  std::erase_if(entries_, [](const Entry& entry) { return entry.event->moved; });
  return store::insert_events(tx, rows);
}

Result<void> GroupWriter::store_unlinked(db::Transaction& tx) {
  std::vector<store::Row> rows;
  for (Entry& entry : entries_) {
    Prepared& event = *entry.event;
    if (event.decision != gate::Decision::allow_unlinked) continue;
    crypto::Key key =
        TRY(cell_.identities->vault().secret(fmt::format("unlinked:{}", format_day(event.intake.received))));
    event.sealed = crypto::seal(key, event.payload, unlinked_context(event.event_id));
    rows.push_back({entry.seq, event.event_id, 0, event.intake.type, event.source->number.value, event.purposes,
                    event.intake.occurred, event.intake.received, event.sealed});
    ++entry.part->outcome.unlinked;
  }
  return store::insert_unlinked(tx, rows);
}

Result<void> GroupWriter::store_refused(db::Transaction& tx) {
  std::vector<store::Tombstone> tombstones;
  std::map<store::RefusalKey, std::int64_t> counts;
  for (Entry& entry : entries_) {
    Prepared& event = *entry.event;
    for (const Refusal& refusal : event.refusals) {
      ++counts[{day_of(event.intake.received), event.source->number.value, refusal.subject, refusal.reason}];
    }
    if (event.decision != gate::Decision::deny) continue;
    tombstones.push_back({event.event_id, event.intake.received + store::kTombstoneLife});
    ++entry.part->outcome.refused;
  }
  TRY(store::insert_tombstones(tx, tombstones));
  return store::add_refusals(tx, counts);
}

Result<void> GroupWriter::add_up(db::Transaction& tx) {
  std::map<store::TotalKey, store::TotalSum> totals;
  auto last = totals.end();  // events of one group are mostly of one kind
  for (Entry& entry : entries_) {
    const Prepared& event = *entry.event;
    if (event.decision == gate::Decision::deny) continue;
    store::TotalKey key{day_of(event.intake.occurred),
                        event.source->number.value,
                        event.country,
                        "events",
                        "",
                        event.decision == gate::Decision::allow ? 1 : 0};
    if (last == totals.end() || last->first != key) last = totals.try_emplace(key).first;
    ++last->second.events;
    if (event.measure.empty()) continue;
    key.measure = event.measure;
    if (event.amount) key.currency = event.amount->currency;
    store::TotalSum& sum = totals[key];
    ++sum.events;
    // A sum that would no longer fit stays where it is; the event itself is stored in full.
    std::int64_t added = 0;
    bool fits = event.amount && !__builtin_add_overflow(sum.amount, event.amount->micros, &added) &&
                added >= -store::kMaxAmount && added <= store::kMaxAmount;
    if (fits) sum.amount = added;
  }
  return store::add_totals(tx, totals);
}

Result<void> GroupWriter::add_up_hours(db::Transaction& tx) {
  using store::HourMeasure;
  store::HourCounts counts;
  std::unordered_set<std::int64_t> met;
  auto last = counts.end();  // events of one group are mostly of one kind
  for (const Entry& entry : entries_) {
    const Prepared& event = *entry.event;
    const Intake& intake = event.intake;
    if (event.source->mode == sources::Mode::test || intake.occurred < intake.received - store::kHourLife) continue;
    const bool linked = event.decision == gate::Decision::allow;
    const auto measure = linked                                   ? HourMeasure::linked
                         : event.decision == gate::Decision::deny ? HourMeasure::denied
                                                                  : HourMeasure::unlinked;
    store::HourKey key{store::hour_of(intake.occurred), event.source->number.value, measure};
    if (last == counts.end() || last->first != key) last = counts.try_emplace(key).first;
    ++last->second;
    for (const Refusal& refusal : event.refusals) {
      // Fields and events that a plan does not name are of any number: counted without their name.
      key.measure = HourMeasure::refused;
      key.subject = gate::find_purpose(refusal.subject) ? refusal.subject : "";
      key.reason = refusal.reason;
      ++counts[key];
    }
    if (!linked || entry.identity.value <= newest_before_.value || is_device(event.sighting->own.kind)) continue;
    if (met.insert(entry.identity.value).second) ++counts[{key.hour, key.source, HourMeasure::customers}];
  }
  return store::add_hours(tx, counts);
}

Result<void> GroupWriter::project(db::Transaction& tx) {
  std::vector<Stored> stored;
  stored.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.event->decision != gate::Decision::allow) continue;
    stored.push_back(
        {entry.seq, entry.identity, entry.event->source.get(), &entry.event->intake, entry.event->purposes});
  }
  if (stored.empty()) return {};
  for (Projection* projection : around_.projections) TRY(projection->apply(tx, cell_, stored));
  return {};
}

}  // namespace handschlag::events
