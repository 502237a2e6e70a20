#include "features/customers/sight.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "platform/text/text.h"

namespace handschlag::customers {
namespace {

// The trait in which an event states a key of this kind.
std::string_view trait_of(identity::KeyKind kind) {
  if (kind == identity::KeyKind::email) return "email";
  return kind == identity::KeyKind::phone ? "phone" : "";
}

// The first that is known of somebody: from which source, and when.
std::optional<std::pair<std::int64_t, std::int64_t>> beginning(const Sums& known) {
  std::optional<std::pair<std::int64_t, std::int64_t>> first;
  for (const auto& [source, span] : known.sources) {
    if (!first || span.first_at < first->second) first = {source, span.first_at};
  }
  return first;
}

// The country that a source told of an identity, in an address or by itself; "" where it told none.
std::string country_told(const Sums& known, Teller by) {
  auto told = [&](const char* trait) -> const json::Value* {
    auto values = known.traits.find(trait);
    if (values == known.traits.end()) return nullptr;
    auto value = values->second.find(by);
    return value == values->second.end() ? nullptr : &value->second.value;
  };
  const json::Value* country = told("address");
  if (country != nullptr)
    country = country->is_object() && country->contains("country") ? &country->at("country") : nullptr;
  for (const json::Value* one : {country, told("country")}) {
    if (one == nullptr || !one->is_string()) continue;
    if (auto code = text::country_code(one->get_ref<const std::string&>())) return *code;
  }
  return "";
}

}  // namespace

sources::Mode mode_of(const sources::Sources& sources, const identity::Identity& identity) {
  auto source = sources.find(Id<sources::Source>{identity.source});
  return source ? source->mode : sources::Mode::live;
}

Sight::Sight(const Viewer& viewer, events::Events& events, const sources::Sources& sources, Profiles& profiles,
             const Look& look)
    : events_(events),
      sources_(sources),
      profiles_(profiles),
      viewer_(viewer),
      look_(look),
      limited_(!viewer.unit.empty()) {
  if (!limited_) return;
  visible_ = sources::numbers_within(sources, viewer.unit);
  counts_ = [this](std::int64_t source) { return visible_.contains(source); };
}

Result<const Profile*> Sight::fold(db::Transaction& tx, std::size_t place, IdentityId identity) {
  const std::pair key(place, identity.value);
  if (auto known = folded_.find(key); known != folded_.end()) return &known->second.profile;
  if (!removals_.contains(place)) removals_[place] = TRY(events::removals(tx));
  Folded folded;
  folded.profile = TRY(profiles_.fold(tx, place, identity, folded.saved_through));
  return &folded_.emplace(key, std::move(folded)).first->second.profile;
}

Result<bool> Sight::sees(db::Transaction& tx, std::size_t place, IdentityId identity) {
  if (!limited_) return true;
  return !TRY(fold(tx, place, identity))->stored_for(counts_).empty();
}

Result<identity::Customer> Sight::customer(db::Transaction& tx, std::size_t place, IdentityId identity,
                                           gate::PurposeSet purposes) {
  identity::Identities& people = *events_.cells()[place].identities;
  if (!limited_) return people.customer(tx, identity, purposes);
  auto customer =
      TRY(people.customer(tx, identity, purposes, [&](IdentityId member) { return sees(tx, place, member); }));
  for (identity::Identity& member : customer.identities) trim(*TRY(fold(tx, place, member.id)), member);
  for (identity::Link& link : customer.links) {
    const sources::SourcePointer source = sources_.find(link.origin);
    if (source && !visible_.contains(source->number.value)) link.origin.clear();
  }
  return customer;
}

void Sight::trim(const Profile& profile, identity::Identity& identity) const {
  identity.stored_for = profile.stored_for(counts_);
  // The key that it is made from stands with each of its events, so it is as old as the first of these.
  if (!visible_.contains(identity.source)) {
    const Sums seen = profile.for_purposes(gate::PurposeSet::all(), counts_);
    const auto first = beginning(seen);
    identity.source = first ? first->first : 0;
    identity.created_at = from_millis(first ? first->second : 0);
    // As if that source had made it: one without a country, among others that have one, would tell of somebody else.
    const sources::SourcePointer maker = sources_.find(Id<sources::Source>{identity.source});
    identity.country = country_told(seen, {identity.source, identity.id.value});
    if (identity.country.empty() && maker) identity.country = maker->country;
  }
  const Sums known = profile.for_purposes(identity.purposes, counts_);
  if (known.sources.empty()) {
    identity.keys.clear();
    return;
  }
  std::erase_if(identity.keys, [&](identity::HeldKey& key) { return !keep(key, identity, known); });
}

bool Sight::keep(identity::HeldKey& key, const identity::Identity& owner, const Sums& known) const {
  if (visible_.contains(key.source)) {
    const sources::SourcePointer source = sources_.find(Id<sources::Source>{key.source});
    if (key.standing == identity::Standing::own) return true;
    if (source && !(source->purpose_set() & owner.purposes).empty()) return true;
  }
  if (key.standing == identity::Standing::own) {
    key.source = owner.source;
    key.first_seen = owner.created_at;
    return true;
  }
  // Another source said it last; one of these may have said it as well.
  auto values = known.traits.find(std::string(trait_of(key.kind)));
  if (values == known.traits.end()) return false;
  for (const auto& [by, said] : values->second) {
    const sources::SourcePointer source = sources_.find(Id<sources::Source>{by.source});
    if (!source || !said.value.is_string()) continue;
    auto made = identity::make_key(key.kind, said.value.get_ref<const std::string&>(),
                                   {source->id_space(), source->address_space(), source->country});
    if (!made || made->value != key.value) continue;
    key.source = by.source;
    key.first_seen = from_millis(said.at);
    if (source->trust != sources::Trust::server) key.standing = identity::Standing::claimed;
    return true;
  }
  return false;
}

Result<Sums> Sight::sums(db::Transaction& tx, std::size_t place, const identity::Customer& customer) {
  Sums out;
  for (const identity::Identity& member : customer.identities) {
    const Profile& profile = *TRY(fold(tx, place, member.id));
    std::set<std::pair<std::int64_t, std::int64_t>> left_out;
    for (const auto& [part, sums] : profile.parts) {
      const auto stored = gate::PurposeSet::from_bits(part.first) & member.purposes;
      if (stored.empty() || !sees_source(part.second)) continue;
      if (!TRY(shows(tx, place, {member.id, member.purposes}, part.second, stored))) left_out.insert(part);
    }
    out.add(profile.for_purposes(member.purposes, counts_, left_out));
  }
  return out;
}

Result<gate::PurposeSet> Sight::holding(db::Transaction& tx, std::size_t place, const identity::Reached& who,
                                        std::int64_t source, gate::PurposeSet purposes, std::vector<Withheld>* why) {
  auto record = records_.find(place);
  if (record == records_.end()) {
    record = records_.emplace(place, look_.on_record(sources_, events_.cells()[place])).first;
  }
  if (!record->second.concerns(source)) return purposes;
  gate::PurposeSet out;
  for (const gate::PurposeInfo& info : gate::purposes()) {
    if (!purposes.has(info.purpose)) continue;
    auto [known, fresh] = rulings_.try_emplace({place, who.id.value, source, info.purpose});
    const gate::Ruling& ruling = known->second;
    if (fresh) known->second = TRY(look_.rule_on_record(tx, viewer_, record->second, source, who, info));
    if (ruling.allowed()) out.add(info.purpose);
    if (ruling.allowed() || why == nullptr) continue;
    why->push_back({info.purpose, ruling});
  }
  return out;
}

Result<bool> Sight::shows(db::Transaction& tx, std::size_t place, const identity::Reached& who, std::int64_t source,
                          gate::PurposeSet stored) {
  std::vector<Withheld> why;
  if (!TRY(holding(tx, place, who, source, stored & who.purposes, &why)).empty()) return true;
  for (const Withheld& each : why) {
    auto same = [&](const Withheld& other) {
      return other.purpose == each.purpose && other.ruling.rules == each.ruling.rules;
    };
    if (std::none_of(withheld_.begin(), withheld_.end(), same)) withheld_.push_back(each);
  }
  return false;
}

// What is to be left out is known by what was found; then more is looked for behind it.
Result<std::vector<events::Event>> Sight::timeline(db::Transaction& tx, std::size_t place,
                                                   events::TimelineQuery& query) {
  for (;;) {
    auto items = TRY(events_.timeline(tx, events_.cells()[place], query));
    const std::size_t before = query.narrowed.size();
    std::set<std::pair<IdentityId, std::int64_t>> hidden;
    for (const events::Event& event : items) {
      const auto who = std::find_if(query.identities.begin(), query.identities.end(),
                                    [&](const identity::Reached& each) { return each.id == event.identity; });
      if (TRY(shows(tx, place, *who, event.source, event.purposes))) continue;
      if (!hidden.insert({event.identity, event.source}).second) continue;
      query.narrowed.push_back(
          {event.identity, event.source, TRY(holding(tx, place, *who, event.source, who->purposes, nullptr))});
    }
    if (query.narrowed.size() == before) return items;
  }
}

std::vector<std::int64_t> Sight::sources_of(std::size_t place, const identity::Customer& customer) const {
  std::set<std::int64_t> shown;
  bool hides = false;
  for (const identity::Identity& member : customer.identities) {
    auto folded = folded_.find({place, member.id.value});
    if (folded == folded_.end()) continue;
    for (const auto& [part, sums] : folded->second.profile.parts) {
      if (visible_.contains(part.second)) shown.insert(part.second);
      if (!visible_.contains(part.second)) hides = true;
    }
  }
  return hides ? std::vector<std::int64_t>(shown.begin(), shown.end()) : std::vector<std::int64_t>{};
}

void Sight::save() {
  for (const auto& [key, folded] : folded_) {
    profiles_.save(key.first, {key.second}, folded.profile, folded.saved_through, removals_[key.first]);
  }
}

}  // namespace handschlag::customers
