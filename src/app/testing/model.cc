#include "app/testing/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace handschlag::model {
namespace {

using gate::Basis;
using gate::Purpose;

constexpr std::chrono::days kTombstoneLife{30};

std::string event_id(const Sent& sent) {
  return fmt::format("{}|{}|{}", sent.sender, sent.message, to_millis(sent.at));
}

template <class Map>
auto find(Map& map, const typename Map::key_type& key) -> decltype(&map.begin()->second) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

const std::vector<Sender>& senders() {
  static const std::vector<Sender> all = {
      {"shop",
       "shop",
       true,
       {{Purpose::CustomerOrderManagement, Basis::contract}, {Purpose::DirectMarketing, Basis::consent}}},
      {"care", "care", true, {{Purpose::CustomerCare, Basis::contract}}},
      {"web",
       "shop",
       false,
       {{Purpose::DirectMarketing, Basis::consent}, {Purpose::ServiceUsageAnalytics, Basis::consent}}},
      {"ads", "ads", false, {{Purpose::PersonalisedAdvertising, Basis::consent}}},
      {"trial", "shop", true, {{Purpose::CustomerOrderManagement, Basis::contract}}, true},
  };
  return all;
}

Model::Ready Model::prepare(const Sent& sent) {
  const Sender& sender = senders()[sent.sender];
  Ready event;
  event.sent = &sent;
  for (const gate::DeclaredPurpose& declared : sender.purposes) {
    if (declared.basis != Basis::consent || sent.consent) event.linked.add(declared.purpose);
    if (gate::info(declared.purpose).unlinked_without_consent) event.unlinked = true;
  }
  std::vector<Key> keys;
  auto add = [&](identity::KeyKind kind, std::string_view prefix, const std::optional<int>& number) {
    if (!number) return;
    std::string space(identity::is_shared_across_sources(kind) ? "@" : sender.name_space);
    if (sender.test) space = "test:" + space;
    keys.emplace_back(kind, fmt::format("{}|{}{}", space, prefix, *number));
  };
  add(identity::KeyKind::user_id, "user-", sent.user);
  add(identity::KeyKind::anonymous_id, "visit-", sent.anonymous);
  add(identity::KeyKind::email, "mail-", sent.email);
  event.own = keys.front();
  for (std::size_t i = 1; i < keys.size(); ++i) {
    auto& rest = keys[i].first == identity::KeyKind::email ? event.attributes : event.together;
    rest.push_back(keys[i]);
  }
  return event;
}

// Where somebody is known; else where somebody is known who comes with them; else by country.
void Model::route(std::vector<Ready>& batch) {
  const std::map<Key, std::size_t> before = home_;
  for (Ready& event : batch) {
    event.region = event.sent->country;
    if (event.linked.empty()) continue;
    std::optional<std::size_t> known;
    if (const auto* place = find(before, event.own)) known = *place;
    for (const Key& key : event.together) {
      const auto* place = find(before, key);
      if (!known && place != nullptr) known = *place;
    }
    event.region = home_.try_emplace(event.own, known.value_or(event.sent->country)).first->second;
    std::erase_if(event.together, [&](const Key& key) {
      const auto* place = find(before, key);
      return home_.try_emplace(key, place != nullptr ? *place : event.region).first->second != event.region;
    });
  }
}

Counts Model::ingest(const std::vector<Sent>& batch) {
  std::vector<Ready> events;
  for (const Sent& sent : batch) events.push_back(prepare(sent));
  route(events);
  Counts counts;
  for (std::size_t place = 0; place < regions_.size(); ++place) {
    Region& region = regions_[place];
    std::vector<const Ready*> fresh;
    std::set<std::string> seen;
    for (const Ready& event : events) {
      if (event.region != place) continue;
      std::string id = event_id(*event.sent);
      if (region.known.contains(id) || region.tombstones.contains(id) || !seen.insert(id).second) {
        ++counts.duplicates;
      } else {
        fresh.push_back(&event);
      }
    }
    std::vector<std::int64_t> identities;
    record(region, fresh, identities);
    for (std::size_t i = 0; i < fresh.size(); ++i) store(region, *fresh[i], identities[i], counts);
  }
  return counts;
}

void Model::store(Region& region, const Ready& event, std::int64_t identity, Counts& counts) {
  std::string id = event_id(*event.sent);
  if (!event.linked.empty() && buried_elsewhere(region, identity, id, event.sent->at)) {
    ++counts.duplicates;
  } else if (!event.linked.empty() && region.living.contains(identity)) {
    region.known.insert(id);
    region.events[identity].push_back({id, event.sent->message, event.linked, event.sent->order});
    ++counts.stored;
    count(event, true);
  } else if (event.linked.empty() && event.unlinked) {
    region.known.insert(id);
    ++region.unlinked;
    ++counts.unlinked;
    count(event, false);
  } else {
    region.tombstones[id] = event.sent->at + kTombstoneLife;
    ++counts.refused;
  }
}

void Model::count(const Ready& event, bool linked) {
  if (senders()[event.sent->sender].test) return;
  auto add = [&](std::string_view measure, std::int64_t micros) {
    auto& sum = totals_[fmt::format("{} {} {}", senders()[event.sent->sender].id, measure, linked)];
    ++sum.first;
    sum.second += micros;
  };
  add("events", 0);
  if (event.sent->order > 0) add("orders", std::int64_t{event.sent->order} * 1'000'000);
}

void Model::record(Region& region, const std::vector<const Ready*>& batch, std::vector<std::int64_t>& identities) {
  said_.clear();
  auto named = [&](const Key& key, PurposeSet purposes) {
    auto [it, fresh] = region.own.try_emplace(key, 0);
    if (fresh) {
      it->second = ++region.last_id;
      region.living.insert(it->second);
      if (key.second.starts_with("test:")) region.made_up.insert(it->second);
    }
    if (!region.living.contains(it->second)) return;
    Held& held = region.holders[key].try_emplace(it->second, Held{Standing::own, {}}).first->second;
    held.purposes = held.purposes | purposes;
  };
  for (const Ready* event : batch) {
    if (event->linked.empty()) continue;
    named(event->own, event->linked);
    for (const Key& key : event->together) named(key, event->linked);
  }
  for (const Ready* event : batch) {
    std::int64_t own = event->linked.empty() ? 0 : region.own.at(event->own);
    identities.push_back(own);
    if (!region.living.contains(own)) continue;
    bool server = senders()[event->sent->sender].server;
    for (const Key& key : event->together) {
      std::int64_t other = region.own.at(key);
      if (other != own && region.living.contains(other)) {
        state(region, own, other, server ? Standing::confirmed : Standing::claimed, event->linked);
      }
    }
    if (identity::is_shared_across_sources(event->own.first) && server) attribute(region, *event, own, event->own);
    for (const Key& key : event->attributes) attribute(region, *event, own, key);
  }
}

void Model::attribute(Region& region, const Ready& event, std::int64_t own, const Key& key) {
  Standing standing = senders()[event.sent->sender].server ? Standing::confirmed : Standing::claimed;
  PurposeSet purposes = event.linked;
  auto [it, fresh] = region.holders[key].try_emplace(own, Held{standing, purposes});
  Held& mine = it->second;
  if (!fresh) {
    bool confirms = mine.standing == Standing::claimed && standing == Standing::confirmed;
    if (!confirms) purposes = purposes | mine.purposes;
    bool same_rank = mine.standing == standing || mine.standing == Standing::own;
    bool changed = confirms || (same_rank && purposes != mine.purposes);
    if (!changed && mine.standing != Standing::own) return;
    if (confirms) mine.standing = Standing::confirmed;
    if (changed) mine.purposes = purposes;
  }
  if (standing != Standing::confirmed) return;
  std::set<std::tuple<Standing, std::int64_t, std::int64_t>> holders;  // the surest first
  for (const auto& [other, held] : region.holders[key]) holders.insert({held.standing, other, held.purposes.bits()});
  for (const auto& [held_standing, other, bits] : holders) {
    if (other == own || held_standing == Standing::claimed) continue;
    PurposeSet shared = gate::link_purposes(purposes, PurposeSet::from_bits(bits));
    if (!shared.empty()) state(region, own, other, Standing::confirmed, shared);
  }
}

void Model::state(Region& region, std::int64_t a, std::int64_t b, Standing standing, PurposeSet purposes) {
  auto ends = std::pair(std::min(a, b), std::max(a, b));
  PurposeSet& said = said_[ends][standing];
  if ((said | purposes) == said) return;
  said = said | purposes;
  if (Link* link = find(region.links, ends)) {
    if (link->standing == Standing::ended) return;
    if (link->standing == standing) link->purposes = link->purposes | purposes;
    if (link->standing == standing || link->standing == Standing::confirmed) return;
  }
  if (standing == Standing::confirmed) {
    auto one = joined(region, a, PurposeSet::all(), Leave::ignored);
    auto two = joined(region, b, PurposeSet::all(), Leave::ignored);
    // Whom somebody took apart no third one joins again by itself.
    bool parted = std::any_of(region.links.begin(), region.links.end(), [&](const auto& entry) {
      const auto& [left, right] = entry.first;
      return entry.second.standing == Standing::ended &&
             ((one.contains(left) && two.contains(right)) || (two.contains(left) && one.contains(right)));
    });
    if (!one.contains(b) && parted) return;
  }
  region.links[ends] = {standing, purposes};
}

PurposeSet Model::withdrawn(const Region& region, std::pair<std::int64_t, std::int64_t> ends) {
  const auto* a = find(region.withdrawn, ends.first);
  const auto* b = find(region.withdrawn, ends.second);
  return (a != nullptr ? *a : PurposeSet()) | (b != nullptr ? *b : PurposeSet());
}

void Model::withdraw(Who who, PurposeSet purposes) {
  PurposeSet& withdrawn = regions_[who.first].withdrawn[who.second];
  withdrawn = withdrawn | purposes;
}

void Model::regrant(Who who, PurposeSet purposes) {
  PurposeSet& withdrawn = regions_[who.first].withdrawn[who.second];
  withdrawn = PurposeSet::from_bits(withdrawn.bits() & ~purposes.bits());
}

std::set<std::int64_t> Model::joined(const Region& region, std::int64_t start, PurposeSet purposes, Leave leave) {
  std::set<std::int64_t> out = {start};
  for (std::size_t before = 0; before != out.size();) {
    before = out.size();
    for (const auto& [ends, link] : region.links) {
      PurposeSet cut = leave == Leave::heeded ? withdrawn(region, ends) : PurposeSet();
      if (link.standing != Standing::confirmed || (link.purposes.bits() & ~cut.bits() & purposes.bits()) == 0) continue;
      if (out.contains(ends.first)) out.insert(ends.second);
      if (out.contains(ends.second)) out.insert(ends.first);
    }
  }
  return out;
}

PurposeSet Model::stored_for(const Region& region, std::int64_t identity) {
  PurposeSet out;
  for (const auto& [key, holders] : region.holders) {
    if (const Held* held = find(holders, identity)) out = out | held->purposes;
  }
  return out;
}

std::optional<std::string> Model::link(Who a, Who b, PurposeSet purposes) {
  if (a.first != b.first) return "regions_differ";
  Region& region = regions_[a.first];
  if (region.made_up.contains(a.second) != region.made_up.contains(b.second)) return "modes_differ";
  PurposeSet linkable = gate::linkable_purposes(stored_for(region, a.second), stored_for(region, b.second));
  if ((linkable | purposes) != linkable) return "purposes_not_shared";
  if (a == b) return "link_to_itself";
  if (!(withdrawn(region, {a.second, b.second}) & purposes).empty()) return "leave_withdrawn";
  Link& link = region.links[{std::min(a.second, b.second), std::max(a.second, b.second)}];
  if (link.standing == Standing::confirmed) purposes = purposes | link.purposes;
  link = {Standing::confirmed, purposes};
  return std::nullopt;
}

std::optional<std::string> Model::unlink(Who a, Who b) {
  if (a.first != b.first) return "regions_differ";
  Link* link = find(regions_[a.first].links, {std::min(a.second, b.second), std::max(a.second, b.second)});
  if (link == nullptr) return "link_unknown";
  link->standing = Standing::ended;
  return std::nullopt;
}

Who Model::now(Who who) const {
  while (const Who* next = find(regions_[who.first].forwards, who.second)) who = *next;
  return who;
}

bool Model::buried_elsewhere(const Region& region, std::int64_t identity, const std::string& id, Time now) const {
  const Origin* origin = find(region.origins, identity);
  if (origin == nullptr || origin->watched_until <= now) return false;
  while (origin != nullptr) {
    const Region& from = regions_[origin->who.first];
    if (from.tombstones.contains(id)) return true;
    origin = find(from.origins, origin->who.second);
  }
  return false;
}

std::optional<std::string> Model::move(Who who, std::size_t to, Time now) {
  if (who.first == to) return "already_there";
  if (regions_[who.first].made_up.contains(who.second)) return "customer_is_test";
  Region& from = regions_[who.first];
  Region& target = regions_[to];
  std::vector<std::int64_t> people = {who.second};
  for (std::int64_t each : joined(from, who.second, PurposeSet::all(), Leave::ignored)) {
    if (each != who.second) people.push_back(each);
  }
  std::map<std::int64_t, std::int64_t> numbers;
  for (std::int64_t each : people) numbers[each] = ++target.last_id;
  std::map<std::int64_t, std::int64_t> returned;
  for (const auto& [each, number] : numbers) {
    target.origins[number] = {{who.first, each}, now + kTombstoneLife};
    for (const auto& [key, owner] : from.own) {
      if (owner != each) continue;
      home_[key] = to;
      if (const std::int64_t* former = find(target.own, key)) returned[*former] = number;
      target.own[key] = number;
    }
    carry(from, {who.first, each}, {to, number});
  }
  carry_links(who.first, to, numbers);
  for (const auto& [former, number] : returned) {
    std::map<std::pair<std::int64_t, std::int64_t>, Link> links;
    for (const auto& [ends, link] : target.links) {
      bool of_former = ends.first == former || ends.second == former;
      if (!of_former) continue;
      std::int64_t other = ends.first == former ? ends.second : ends.first;
      if (other != number) links[{std::min(number, other), std::max(number, other)}] = link;
    }
    std::erase_if(target.links,
                  [&](const auto& entry) { return entry.first.first == former || entry.first.second == former; });
    target.links.merge(links);
  }
  for (const auto& [each, number] : numbers) from.forwards[each] = {to, number};
  return std::nullopt;
}

void Model::carry(Region& from, Who who, Who there) {
  Region& to = regions_[there.first];
  from.living.erase(who.second);
  to.living.insert(there.second);
  for (auto& [key, holders] : from.holders) {
    auto held = holders.extract(who.second);
    if (!held.empty()) to.holders[key][there.second] = held.mapped();
  }
  auto withdrawn = from.withdrawn.extract(who.second);
  if (!withdrawn.empty()) to.withdrawn[there.second] = withdrawn.mapped();
  std::vector<Stored> events = std::move(from.events[who.second]);
  from.events.erase(who.second);
  for (Stored& event : events) {
    from.known.erase(event.id);
    // Two regions may have taken in the same id; both events stay.
    if (to.known.contains(event.id) || to.tombstones.contains(event.id)) {
      event.id = fmt::format("{} of {}-{}", event.id, there.first, there.second);
    }
    to.known.insert(event.id);
    to.events[there.second].push_back(event);
  }
}

void Model::carry_links(std::size_t from_place, std::size_t to_place,
                        const std::map<std::int64_t, std::int64_t>& people) {
  Region& from = regions_[from_place];
  Region& to = regions_[to_place];
  auto there = [&](std::int64_t identity, const Link& link) -> std::optional<std::int64_t> {
    if (const std::int64_t* number = find(people, identity)) return *number;
    const Who* forward = find(from.forwards, identity);
    bool went = link.standing == Standing::ended && forward != nullptr && forward->first == to_place;
    return went ? std::optional(forward->second) : std::nullopt;
  };
  for (auto it = from.links.begin(); it != from.links.end();) {
    const auto& [ends, link] = *it;
    if (!people.contains(ends.first) && !people.contains(ends.second)) {
      ++it;
      continue;
    }
    auto a = there(ends.first, link);
    auto b = there(ends.second, link);
    if (a && b && to.living.contains(*a) && to.living.contains(*b)) {
      to.links.try_emplace({std::min(*a, *b), std::max(*a, *b)}, link);
    }
    // What was ended with somebody who stays is kept, should they follow.
    bool stays = !(a && b) && link.standing == Standing::ended;
    it = stays ? std::next(it) : from.links.erase(it);
  }
}

void Model::erase(Who who, Time now) {
  if (const Origin* origin = find(regions_[who.first].origins, who.second)) erase(origin->who, now);
  Region& region = regions_[who.first];
  region.living.erase(who.second);
  region.withdrawn.erase(who.second);
  for (const Stored& event : region.events[who.second]) {
    region.known.erase(event.id);
    region.tombstones[event.id] = now + kTombstoneLife;
  }
  region.events.erase(who.second);
  std::erase_if(region.links,
                [&](const auto& entry) { return entry.first.first == who.second || entry.first.second == who.second; });
  for (auto& [key, holders] : region.holders) holders.erase(who.second);
}

void Model::forget_refused(Time now) {
  for (Region& region : regions_)
    std::erase_if(region.tombstones, [&](const auto& entry) { return entry.second < now; });
}

std::vector<Who> Model::living() const {
  std::vector<Who> out;
  for (std::size_t place = 0; place < regions_.size(); ++place) {
    for (std::int64_t id : regions_[place].living) out.emplace_back(place, id);
  }
  return out;
}

std::optional<View> Model::view(Who who, PurposeSet purposes) const {
  const Region& region = regions_[who.first];
  View out;
  out.members = joined(region, who.second, purposes, Leave::heeded);
  out.handle = *out.members.begin();
  PurposeSet stored;
  for (std::int64_t member : out.members) {
    stored = stored | stored_for(region, member);
    const auto* events = find(region.events, member);
    if (events == nullptr) continue;
    for (const Stored& event : *events) {
      if ((event.purposes & purposes).empty()) continue;
      ++out.events;
      out.messages.insert(event.message);
      if (event.order > 0) ++out.orders;
      out.ordered_micros += std::int64_t{event.order} * 1'000'000;
    }
  }
  if ((stored & purposes).empty()) return std::nullopt;
  for (const auto& [key, holders] : region.holders) {
    for (const auto& [member, held] : holders) {
      if (!out.members.contains(member) || (held.purposes & purposes).empty()) continue;
      std::string value = key.second.substr(key.second.find('|') + 1);
      out.keys.insert(
          fmt::format("{} {} {} {}", member, identity::name_of(key.first), value, identity::name_of(held.standing)));
    }
  }
  for (const auto& [ends, link] : region.links) {
    if (!out.members.contains(ends.first) && !out.members.contains(ends.second)) continue;
    if ((link.purposes & purposes).empty()) continue;
    out.links.insert(fmt::format("{} {} {} {} {}", ends.first, ends.second, identity::name_of(link.standing),
                                 (link.purposes & purposes).bits(),
                                 (link.purposes & purposes & withdrawn(region, ends)).bits()));
  }
  return out;
}

Rows Model::rows(std::size_t place) const {
  const Region& region = regions_[place];
  Rows out;
  for (const auto& [identity, events] : region.events) out.events += std::ssize(events);
  out.unlinked = region.unlinked;
  out.tombstones = std::ssize(region.tombstones);
  // Of an erased identity one keyed digest stays.
  out.keys = std::ssize(region.own) - std::ssize(region.living);
  for (const auto& [key, holders] : region.holders) out.keys += std::ssize(holders);
  out.links = std::ssize(region.links);
  out.identities = std::ssize(region.living);
  return out;
}

}  // namespace handschlag::model
