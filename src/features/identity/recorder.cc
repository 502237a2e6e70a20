#include "features/identity/recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/identity/digest_store.h"

namespace handschlag::identity {

std::string key_context(IdentityId identity, std::string_view digest) {
  return fmt::format("identity_key|{}|{}", identity.value, crypto::to_hex(digest));
}

std::size_t Recorder::name(const Key& key, const Sighting& sighting) {
  std::string digest = digester_.digest(message_of(key));
  auto [it, fresh] = index_.try_emplace(digest, named_.size());
  if (fresh) {
    named_.push_back({&key, &sighting, 0, {}, {}});
    digests_.push_back(std::move(digest));
  }
  Named& named = named_[it->second];
  named.wanted = named.wanted | sighting.purposes;
  return it->second;
}

Result<std::vector<IdentityId>> Recorder::record(std::span<const Sighting* const> sightings) {
  constexpr std::size_t kKnown = static_cast<std::size_t>(-1);
  std::vector<std::size_t> own;  // places in named_
  own.reserve(sightings.size());
  for (const Sighting* each : sightings) {
    const Sighting& sighting = *each;
    own.push_back(sighting.known.covers(sighting.purposes) ? kKnown : name(sighting.own, sighting));
    for (std::size_t i = 0; i < sighting.together.size(); ++i) {
      if (!known_together(sighting, i)) name(sighting.together[i], sighting);
    }
  }
  TRY(find_named());
  TRY(make_missing());
  TRY(widen_purposes());
  std::vector<IdentityId> out;
  out.reserve(sightings.size());
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    const Sighting& sighting = *sightings[i];
    IdentityId identity = own[i] == kKnown ? sighting.known.id : IdentityId{named_[own[i]].identity};
    out.push_back(identity);
    TRY(record_together(sighting, identity));
    // An identity made from an address is one with those who hold that address.
    if (is_shared_across_sources(sighting.own.kind) && sighting.standing == Standing::confirmed) {
      TRY(record_attribute(sighting, identity, sighting.own));
    }
    for (const Key& key : sighting.attributes) TRY(record_attribute(sighting, identity, key));
  }
  return out;
}

std::optional<IdentityId> Recorder::known_together(const Sighting& sighting, std::size_t place) {
  if (place >= sighting.together_known.size()) return std::nullopt;
  const Sighting::Known& known = sighting.together_known[place];
  return known.covers(sighting.purposes) ? std::optional(known.id) : std::nullopt;
}

Result<void> Recorder::find_named() {
  if (digester_.rotating()) {
    // Whoever is named is brought up first: so here and below the newest digests are all there is to know.
    std::vector<std::string> former;
    former.reserve(named_.size());
    for (const Named& named : named_) former.push_back(*digester_.former(message_of(*named.key)));
    TRY(lift_rows(tx_, vault_, digester_, TRY(store::rows_of(tx_, former))));
  }
  return store::find_own(tx_, digests_, [&](std::size_t index, std::int64_t identity, gate::PurposeSet purposes) {
    named_[index].identity = identity;
    named_[index].known = purposes;
  });
}

Result<void> Recorder::make_missing() {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < named_.size(); ++i) {
    if (named_[i].identity == 0) missing.push_back(i);
  }
  if (missing.empty()) return {};
  std::int64_t next = TRY(store::allocate(tx_, static_cast<std::int64_t>(missing.size())));
  std::vector<IdentityId> ids;
  for (std::size_t place : missing) {
    named_[place].identity = next;
    ids.push_back({next++});
  }
  auto keys = TRY(vault_.create(ids, vault::RetentionClass::ordinary));
  std::vector<store::IdentityRow> identities;
  std::vector<store::KeyRow> rows;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    Named& named = named_[missing[i]];
    named.known = named.wanted;
    const std::string& digest = digests_[missing[i]];
    const Sighting& first = *named.first;
    identities.push_back(
        {ids[i].value, named.key->kind, std::string(first.country), first.source, to_millis(first.at)});
    rows.push_back({digest, ids[i].value, named.key->kind, Standing::own, named.wanted, first.source,
                    to_millis(first.at), crypto::seal(keys[i], named.key->value, key_context(ids[i], digest))});
    if (is_shared_across_sources(named.key->kind)) changes_.push_back({ids[i], named.key});
  }
  TRY(store::insert_identities(tx_, identities));
  return store::insert_keys(tx_, rows, digester_.layers());
}

Result<void> Recorder::widen_purposes() {
  std::vector<store::OwnPurposes> rows;
  for (std::size_t i = 0; i < named_.size(); ++i) {
    Named& named = named_[i];
    if (named.known.empty()) continue;  // erased: nothing new is learnt about this person
    if ((named.known | named.wanted) == named.known) continue;
    named.known = named.known | named.wanted;
    rows.push_back({digests_[i], named.identity, named.known});
  }
  return store::update_own_purposes(tx_, rows);
}

Result<void> Recorder::record_together(const Sighting& sighting, IdentityId own) {
  for (std::size_t i = 0; i < sighting.together.size(); ++i) {
    auto known = known_together(sighting, i);
    IdentityId other = known ? *known : IdentityId{named_[name(sighting.together[i], sighting)].identity};
    if (other == own) continue;  // an alias of oneself
    Link link;
    link.a = std::min(own, other);
    link.b = std::max(own, other);
    link.standing = sighting.standing;
    link.basis = sighting.basis;
    link.purposes = sighting.purposes;
    link.origin = sighting.origin;
    link.created_at = link.changed_at = sighting.at;
    TRY(state_link(std::move(link)));
  }
  return {};
}

Result<void> Recorder::record_attribute(const Sighting& sighting, IdentityId own, const Key& key) {
  std::string message = message_of(key);
  std::string digest = digester_.digest(message);
  if (auto former = digester_.former(message)) {
    TRY(lift_rows(tx_, vault_, digester_, TRY(store::rows_of(tx_, {&*former, 1}))));
  }
  // One more than may share it, so that "too many" shows.
  auto holders = TRY(store::holders(tx_, digest, limits_.identities_per_value + 1));
  store::KeyRow* mine = nullptr;
  for (store::KeyRow& row : holders) {
    if (row.identity == own.value) mine = &row;
  }
  // Of somebody erased only the digest is left, taken for no purpose, and it stays so.
  if (mine != nullptr && mine->purposes.empty()) return {};
  std::optional<store::KeyRow> beyond;
  if (mine == nullptr && holders.size() > limits_.identities_per_value) {
    beyond = TRY(store::find_key(tx_, digest, own.value));
    if (beyond) mine = &*beyond;
  }
  gate::PurposeSet purposes = sighting.purposes;
  if (mine == nullptr) {
    auto data_key = TRY(vault_.find({&own, 1}, vault::RetentionClass::ordinary)).front();
    if (!data_key) return {};  // erased: nothing new is learnt about this person
    store::KeyRow row{digest,
                      own.value,
                      key.kind,
                      sighting.standing,
                      purposes,
                      sighting.source,
                      to_millis(sighting.at),
                      crypto::seal(*data_key, key.value, key_context(own, digest))};
    TRY(store::insert_keys(tx_, {&row, 1}, digester_.layers()));
    changes_.push_back({own, &key});
    holders.push_back(std::move(row));  // who comes now counts among those who share it
  } else {
    bool confirms = mine->standing == Standing::claimed && sighting.standing == Standing::confirmed;
    // What a claim was taken for does not become confirmed with it.
    if (mine->standing != Standing::claimed || !confirms) purposes = purposes | mine->purposes;
    bool same_rank = mine->standing == sighting.standing || mine->standing == Standing::own;
    bool changed = confirms || (same_rank && purposes != mine->purposes);
    if (!changed && mine->standing != Standing::own) return {};
    if (changed) {
      store::KeyRow row = *mine;
      if (confirms) row.standing = Standing::confirmed;
      row.purposes = purposes;
      row.source = sighting.source;
      TRY(store::update_key(tx_, row));
    }
  }
  if (sighting.standing != Standing::confirmed) return {};
  return link_holders(sighting, own, holders, purposes);
}

// A value that two server sources confirm shows that two identities are one person.
Result<void> Recorder::link_holders(const Sighting& sighting, IdentityId own, const std::vector<store::KeyRow>& holders,
                                    gate::PurposeSet purposes) {
  // Claims do not count: or anybody could keep a value from joining anybody.
  auto certain = static_cast<std::size_t>(std::count_if(
      holders.begin(), holders.end(), [](const store::KeyRow& row) { return row.standing != Standing::claimed; }));
  for (const store::KeyRow& other : holders) {
    if (other.identity == own.value || other.standing == Standing::claimed) continue;
    gate::PurposeSet shared = gate::link_purposes(purposes, other.purposes);
    if (shared.empty()) continue;
    if (certain > limits_.identities_per_value) {
      return store::count_refusal(tx_, own, {other.identity}, "value_too_common", sighting.at);
    }
    Link link;
    link.a = std::min(own, IdentityId{other.identity});
    link.b = std::max(own, IdentityId{other.identity});
    link.standing = Standing::confirmed;
    link.basis = sighting.basis;
    link.purposes = shared;
    link.origin = sighting.origin;
    link.created_at = link.changed_at = sighting.at;
    TRY(state_link(std::move(link)));
  }
  return {};
}

Result<void> Recorder::state_link(Link link) {
  auto& stated = stated_[{link.a.value, link.b.value}];
  // The same pair comes with every event of a visit: look at it once a batch, and again only for a further purpose.
  std::int64_t mark = link.purposes.bits() | (link.standing == Standing::confirmed ? std::int64_t{1} << 62 : 0);
  if ((stated | mark) == stated) return {};
  stated |= mark;
  auto existing = TRY(store::find_link(tx_, link.a, link.b));
  if (existing) {
    if (existing->standing == Standing::ended) return {};
    bool confirms = existing->standing == Standing::claimed && link.standing == Standing::confirmed;
    bool weaker = existing->standing == Standing::confirmed && link.standing == Standing::claimed;
    gate::PurposeSet purposes = confirms ? link.purposes : existing->purposes | link.purposes;
    if (weaker || (!confirms && purposes == existing->purposes)) return {};
    link.purposes = purposes;
    link.created_at = existing->created_at;
    if (!confirms) return write_link(link);
  }
  // What was known of them may be of before an erasure.
  std::vector<std::int64_t> both = {link.a.value, link.b.value};
  if (!existing && TRY(store::identities(tx_, both)).size() != both.size()) return {};
  // Also claims are bounded: anybody may send them, and each customer page shows them.
  std::int64_t ends[] = {link.a.value, link.b.value};
  for (std::int64_t& end : ends) {
    if (TRY(store::links_of(tx_, {&end, 1})).size() >= 2 * limits_.identities_per_customer) {
      return store::count_refusal(tx_, link.a, link.b, "customer_too_large", link.changed_at);
    }
  }
  if (link.standing == Standing::confirmed) {
    auto one = TRY(joined_with(link.a));
    auto two = TRY(joined_with(link.b));
    if (!one.contains(link.b.value) && one.size() + two.size() > limits_.identities_per_customer) {
      return store::count_refusal(tx_, link.a, link.b, "customer_too_large", link.changed_at);
    }
    if (!one.contains(link.b.value) && TRY(parted(one, two))) {
      return store::count_refusal(tx_, link.a, link.b, "split_by_statement", link.changed_at);
    }
  }
  return write_link(link);
}

Result<void> Recorder::write_link(const Link& link) {
  changes_.push_back({link.a});
  changes_.push_back({link.b});
  return store::upsert_link(tx_, link);
}

Result<bool> Recorder::parted(const std::unordered_set<std::int64_t>& one,
                              const std::unordered_set<std::int64_t>& two) {
  std::vector<std::int64_t> ids(one.begin(), one.end());
  for (const Link& link : TRY(store::links_of(tx_, ids))) {
    if (link.standing != Standing::ended) continue;
    bool crosses = (one.contains(link.a.value) && two.contains(link.b.value)) ||
                   (two.contains(link.a.value) && one.contains(link.b.value));
    if (crosses) return true;
  }
  return false;
}

Result<std::unordered_set<std::int64_t>> Recorder::joined_with(IdentityId start) {
  std::unordered_set<std::int64_t> seen = {start.value};
  std::vector<std::int64_t> frontier = {start.value};
  while (!frontier.empty() && seen.size() <= limits_.identities_per_customer) {
    std::vector<std::int64_t> next;
    for (const Link& link : TRY(store::links_of(tx_, frontier))) {
      if (link.standing != Standing::confirmed) continue;
      for (std::int64_t end : {link.a.value, link.b.value}) {
        if (seen.insert(end).second) next.push_back(end);
      }
    }
    frontier = std::move(next);
  }
  return seen;
}

}  // namespace handschlag::identity
