#include "features/customers/search.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "features/customers/store.h"
#include "features/identity/holders.h"

namespace handschlag::customers {
namespace {

constexpr std::size_t kMaxFoundByKey = 100;
constexpr std::size_t kMaxFoundByName = 50;
constexpr std::size_t kMaxNamed = 25;  // of those found; for a name all that is known of somebody is folded
constexpr std::int64_t kMaxWordMatches = 1'000;
constexpr int kMostWordPages = 5;  // of so many, to find those whom who is limited to a unit sees

std::vector<Found> sorted(std::vector<Found> found, std::size_t limit) {
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.match < b.match; });
  if (found.size() > limit) found.resize(limit);
  return found;
}

// The surest standing in which an identity shows one of these keys.
std::optional<identity::Standing> standing_of(const identity::Identity& identity,
                                              const std::vector<identity::Key>& keys) {
  std::optional<identity::Standing> best;
  for (const identity::HeldKey& held : identity.keys) {
    auto same = [&held](const identity::Key& key) { return key.kind == held.kind && key.value == held.value; };
    if (!std::any_of(keys.begin(), keys.end(), same)) continue;
    best = best ? std::min(*best, held.standing) : held.standing;
  }
  return best;
}

}  // namespace

Result<std::vector<Found>> Search::by_key(const Viewer& viewer, std::string_view key) {
  auto parsed = TRY(identity::parse_key(key));
  Permit permit = TRY(look_.allowed(viewer));
  std::vector<identity::Key> keys = TRY(spellings(viewer, parsed));
  auto out = TRY(places_.over_all(viewer, [&](std::size_t place, std::vector<Found>& all, bool& again) -> Result<void> {
    Held found;
    std::vector<IdentityId> gone;
    Sight sight = sight_of(viewer);
    TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
      found = sight.limited() ? TRY(find_seen(tx, sight, place, permit.purposes, keys))
                              : TRY(identities(place).find(tx, keys, permit.purposes));
      if (TRY(subjects::gone(tx)).empty()) return {};
      for (const auto& known : TRY(identities(place).knows(tx, keys))) gone.push_back(known.id);
      return {};
    }));
    again = TRY(places_.settle_gone(place, gone)) || again;
    return add_found(viewer, sight, place, permit, found, kMaxFoundByKey, all);
  }));
  return sorted(std::move(out), kMaxFoundByKey);
}

Result<std::vector<Found>> Search::by_name(const Viewer& viewer, std::string_view name) {
  auto words_of = [&](const identity::Digester& digester) -> Result<std::vector<WordDigest>> {
    auto words = digests_of_query(digester, name, viewer.mode);
    if (!words.empty()) return words;
    return fail(ErrorKind::invalid, "name_empty", "Type at least one word of the name.", {{"name", "is empty"}});
  };
  return by_words(viewer, words_of, events::EventType::identify);
}

Result<std::vector<Found>> Search::by_order(const Viewer& viewer, std::string_view order) {
  auto words_of = [&](const identity::Digester& digester) -> Result<std::vector<WordDigest>> {
    return std::vector{digest_of_order(digester, order, viewer.mode)};
  };
  return by_words(viewer, words_of, events::EventType::track);
}

// A key in each namespace, and spelled as in each country, that a source has: which one is meant nobody said.
Result<std::vector<identity::Key>> Search::spellings(const Viewer& viewer, const identity::KindAndValue& key) {
  std::vector<identity::Key> out;
  std::optional<Error> error;
  auto add = [&](const identity::Place& place) {
    auto made = identity::make_key(key.kind, key.value, place);
    if (!made) error = made.error();
    if (made && std::find(out.begin(), out.end(), *made) == out.end()) out.push_back(std::move(*made));
  };
  for (const auto& source : sources_.list()) {
    if (source->mode != viewer.mode || !staff::is_within(source->unit, viewer.unit)) continue;
    add({source->id_space(), source->address_space(), source->country});
  }
  if (out.empty() && error) {
    error->fields = {{"key", "is no usable value of its kind"}};
    return std::unexpected(*error);
  }
  return out;
}

Result<std::vector<Found>> Search::by_words(const Viewer& viewer, const MakeWords& make_words,
                                            events::EventType told_by) {
  Permit permit = TRY(look_.allowed(viewer));
  auto out = TRY(places_.over_all(viewer, [&](std::size_t place, std::vector<Found>& all, bool& again) -> Result<void> {
    Held found;
    std::vector<IdentityId> ids;
    Sight sight = sight_of(viewer);
    TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
      auto words = TRY(make_words(*TRY(identities(place).digester(tx))));
      Keep keep;
      if (sight.limited()) {
        keep = [&](IdentityId id) -> Result<bool> {
          if (!TRY(sight.sees(tx, place, id))) return false;
          return told_of(tx, events_, cell(place), sources_, {id, permit.purposes}, told_by, words,
                         [&sight](std::int64_t source) { return sight.sees_source(source); });
        };
      }
      found = TRY(having_all(tx, words, permit.purposes, keep));
      for (const auto& entry : found) ids.push_back(entry.id);
      return {};
    }));
    again = TRY(places_.settle_gone(place, ids)) || again;
    return add_found(viewer, sight, place, permit, found, kMaxFoundByName, all);
  }));
  return sorted(std::move(out), kMaxFoundByName);
}

Result<Search::Held> Search::having_all(db::Transaction& tx, const std::vector<WordDigest>& words,
                                        gate::PurposeSet purposes, const Keep& keep) {
  // The rarest word leads: the list of a common one may be cut, and then it would hide people.
  std::vector<std::int64_t> fewest;
  std::size_t lead = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto matches = TRY(store::find_word(tx, words[i], purposes.bits(), 0, kMaxWordMatches));
    if (i > 0 && matches.size() >= fewest.size()) continue;
    fewest = std::move(matches);
    lead = i;
  }
  Held out;
  for (int page = 1;; ++page) {
    for (std::int64_t id : TRY(store::having_words(tx, fewest, words, purposes.bits()))) {
      if (out.size() == kMaxFoundByName) return out;
      if (!keep || TRY(keep({id}))) out.push_back({{id}, identity::Standing::own});
    }
    // Those of other units must not crowd out one's own.
    const bool cut = static_cast<std::int64_t>(fewest.size()) == kMaxWordMatches && !words[lead].former;
    if (!keep || !cut || page == kMostWordPages) return out;
    fewest = TRY(store::find_word(tx, words[lead], purposes.bits(), fewest.back(), kMaxWordMatches));
  }
}

Result<Search::Held> Search::find_seen(db::Transaction& tx, Sight& sight, std::size_t place, gate::PurposeSet purposes,
                                       const std::vector<identity::Key>& keys) {
  std::map<std::int64_t, identity::Standing> seen;
  auto pass = [&](IdentityId id) -> Result<bool> {
    if (!TRY(sight.sees(tx, place, id))) return false;
    auto customer = sight.customer(tx, place, id, purposes);
    if (!customer && customer.error().kind == ErrorKind::not_found) return false;
    if (!customer) return std::unexpected(customer.error());
    for (const identity::Identity& member : customer->identities) {
      auto standing = member.id == id ? standing_of(member, keys) : std::nullopt;
      if (standing) seen.emplace(id.value, *standing);
    }
    return seen.contains(id.value);
  };
  Held out = TRY(identity::find_passing(tx, identities(place), keys, purposes, pass));
  for (auto& entry : out) entry.standing = seen.at(entry.id.value);
  return out;
}

Result<void> Search::add_found(const Viewer& viewer, Sight& sight, std::size_t place, const Permit& permit,
                               const Held& found, std::size_t limit, std::vector<Found>& out) {
  std::map<std::int64_t, std::size_t> known;  // identity → place in out
  std::vector<identity::Reached> shown;
  std::vector<std::pair<std::size_t, identity::Customer>> to_name;  // by place in out
  const std::string& region = cell(place).region->id();
  TRY(data(place).read([&](db::Transaction& tx) -> Result<void> {
    for (const auto& entry : found) {
      if (auto it = known.find(entry.id.value); it != known.end()) {
        out[it->second].match = std::min(out[it->second].match, entry.standing);
        continue;
      }
      if (out.size() >= limit) break;
      auto found_customer = sight.customer(tx, place, entry.id, permit.purposes);
      if (!found_customer && found_customer.error().kind == ErrorKind::not_found) continue;  // being erased, or hidden
      identity::Customer customer = TRY(std::move(found_customer));
      const identity::Identity& oldest = customer.identities.front();
      if (mode_of(sources_, oldest) != viewer.mode) continue;
      Found item{
          format_handle(region, oldest.id), region, oldest.country, viewer.mode, entry.standing, oldest.created_at, {}};
      for (const identity::Identity& member : customer.identities) {
        known[member.id.value] = out.size();
        item.kinds.push_back(member.kind);
        if (item.country.empty()) item.country = member.country;
        shown.push_back({member.id, member.purposes});
      }
      if (out.size() < kMaxNamed) to_name.emplace_back(out.size(), std::move(customer));
      out.push_back(std::move(item));
    }
    return {};
  }));
  // Apart: where their events can't be read, as after a fault of the disk, people are found without their names.
  (void)data(place).read([&](db::Transaction& tx) -> Result<void> {
    for (const auto& [index, customer] : to_name) out[index].name = name_in(TRY(sight.sums(tx, place, customer)));
    return {};
  });
  if (sight.limited()) sight.save();
  return look_.record(viewer, place, shown, permit);
}

}  // namespace handschlag::customers
