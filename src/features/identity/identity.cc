#include "features/identity/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "features/identity/leave_store.h"
#include "features/identity/recorder.h"
#include "features/identity/store.h"

namespace handschlag::identity {
namespace {

constexpr std::size_t kMaxFound = 100;

std::unexpected<Error> no_customer() {
  return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
}

}  // namespace

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::own:
      return "own";
    case Standing::confirmed:
      return "confirmed";
    case Standing::claimed:
      return "claimed";
    case Standing::ended:
      break;
  }
  return "ended";
}

Result<std::vector<IdentityId>> Identities::record(db::Transaction& tx, std::span<const Sighting* const> sightings) {
  auto digester = TRY(this->digester(tx));
  Recorder recorder(tx, vault_, *digester, limits_);
  auto out = TRY(recorder.record(sightings));
  if (watcher_ != nullptr && !recorder.changes().empty()) TRY(watcher_->changed(tx, recorder.changes()));
  return out;
}

Result<std::vector<Identities::Found>> Identities::find(db::Transaction& tx, std::span<const Key> keys,
                                                        gate::PurposeSet purposes) {
  auto digester = TRY(this->digester(tx));
  std::vector<std::string> digests;
  for (const Key& key : keys) {
    std::string message = message_of(key);
    digests.push_back(digester->digest(message));
    if (auto former = digester->former(message)) digests.push_back(*std::move(former));
  }
  std::map<std::int64_t, Standing> best;
  for (const std::string& digest : digests) {
    for (const store::KeyRow& row : TRY(store::holders(tx, digest, kMaxFound))) {
      if ((row.purposes & purposes).empty()) continue;
      auto [it, fresh] = best.try_emplace(row.identity, row.standing);
      if (!fresh) it->second = std::min(it->second, row.standing);
    }
  }
  std::vector<Found> out;
  for (const auto& [identity, standing] : best) out.push_back({{identity}, standing});
  std::stable_sort(out.begin(), out.end(), [](const Found& a, const Found& b) { return a.standing < b.standing; });
  if (out.size() > kMaxFound) out.resize(kMaxFound);
  return out;
}

Result<std::vector<Sighting::Known>> Identities::knows(db::Transaction& tx, std::span<const Key> keys) {
  auto digester = TRY(this->digester(tx));
  std::vector<std::string> digests;
  std::vector<std::string> former;
  digests.reserve(keys.size());
  for (const Key& key : keys) {
    std::string message = message_of(key);
    digests.push_back(digester->digest(message));
    if (digester->rotating()) former.push_back(*digester->former(message));
  }
  std::vector<Sighting::Known> known(keys.size());
  auto keep = [&](std::size_t index, std::int64_t identity, gate::PurposeSet purposes) {
    known[index] = {{identity}, purposes};
  };
  TRY(store::find_own(tx, digests, keep));
  if (!former.empty()) TRY(store::find_own(tx, former, keep));
  return known;
}

Result<std::vector<Reached>> Identities::reach(db::Transaction& tx, IdentityId start, gate::PurposeSet purposes,
                                               const Pass& pass) {
  if (pass && !TRY(pass(start))) return std::vector<Reached>{};
  std::set<std::int64_t> reached = {start.value};
  std::vector<std::int64_t> frontier = {start.value};
  while (!frontier.empty()) {
    std::vector<std::int64_t> next;
    auto links = TRY(store::links_of(tx, frontier));
    TRY(store::mark_withdrawn(tx, links));
    for (const Link& link : links) {
      auto holds = gate::PurposeSet::from_bits(link.purposes.bits() & ~link.withdrawn.bits());
      if (link.standing != Standing::confirmed || (holds & purposes).empty()) continue;
      for (std::int64_t end : {link.a.value, link.b.value}) {
        if (reached.size() >= limits_.identities_per_customer || reached.contains(end)) continue;
        if (pass && !TRY(pass({end}))) continue;
        reached.insert(end);
        next.push_back(end);
      }
    }
    frontier = std::move(next);
  }
  std::vector<Reached> out;
  for (std::int64_t id : reached) out.push_back({{id}, purposes});
  return out;
}

Result<Customer> Identities::customer(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes,
                                      const Pass& pass) {
  auto reached = TRY(reach(tx, identity, purposes, pass));
  if (reached.empty()) return no_customer();
  std::vector<std::int64_t> ids;
  std::vector<IdentityId> typed;
  for (const Reached& entry : reached) {
    ids.push_back(entry.id.value);
    typed.push_back(entry.id);
  }
  auto rows = TRY(store::identities(tx, ids));
  if (rows.empty()) return no_customer();
  auto keys = TRY(vault_.find(typed, vault::RetentionClass::ordinary));
  Customer out;
  for (const store::IdentityRow& row : rows) {
    auto place = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), row.id) - ids.begin());
    Identity entry{
        {row.id}, row.kind, row.country, row.source, from_millis(row.created_at), {}, reached[place].purposes, {}};
    if (keys[place]) {
      for (const store::KeyRow& key : TRY(store::keys_of(tx, row.id))) {
        entry.stored_for = entry.stored_for | key.purposes;
        if ((key.purposes & entry.purposes).empty()) continue;
        std::string value = TRY(crypto::open(*keys[place], key.sealed, key_context({row.id}, key.digest)));
        entry.keys.push_back({key.kind, std::move(value), key.standing, key.source, from_millis(key.first_seen)});
      }
    }
    out.identities.push_back(std::move(entry));
  }
  auto links = TRY(store::links_of(tx, ids));
  TRY(store::mark_withdrawn(tx, links));
  for (Link& link : links) {
    link.purposes = link.purposes & purposes;
    link.withdrawn = link.withdrawn & purposes;
    if (link.purposes.empty()) continue;
    if (pass && !(TRY(pass(link.a)) && TRY(pass(link.b)))) continue;
    out.links.push_back(std::move(link));
  }
  return out;
}

Result<std::optional<std::string>> Identities::country_of(db::Transaction& tx, IdentityId identity) {
  const auto rows = TRY(store::identities(tx, {&identity.value, 1}));
  const auto forward = TRY(subjects::forward(tx, identity));
  const bool gone = forward && forward->state != subjects::Going::leaving;
  if (rows.empty() || gone) return std::optional<std::string>();
  return std::optional(rows[0].country);
}

Result<void> Identities::link(db::Transaction& tx, IdentityId a, IdentityId b, gate::Basis basis,
                              gate::PurposeSet purposes, std::string_view origin, Time at) {
  if (a == b) return fail(ErrorKind::invalid, "link_to_itself", "An identity can't be linked to itself.");
  std::vector<std::int64_t> ids = {a.value, b.value};
  if (TRY(store::identities(tx, ids)).size() != 2) return no_customer();
  for (IdentityId side : {a, b}) {
    if ((TRY(store::withdrawn(tx, side.value)) & purposes).empty()) continue;
    return fail(ErrorKind::conflict, "leave_withdrawn",
                "The person took back the leave to link this for one of these purposes; it must be given again first.");
  }
  auto existing = TRY(store::find_link(tx, a, b));
  if (existing && existing->standing == Standing::confirmed && (existing->purposes | purposes) == existing->purposes) {
    return {};
  }
  Link link{std::min(a, b), std::max(a, b), Standing::confirmed, basis, purposes, {}, std::string(origin), at, at};
  // Staff may take back an end, and what staff states anew starts with the purposes of the statement.
  if (existing && existing->standing == Standing::confirmed) link.purposes = existing->purposes | purposes;
  auto together = TRY(reach(tx, a, gate::PurposeSet::all()));
  auto other = TRY(reach(tx, b, gate::PurposeSet::all()));
  bool joined = std::any_of(together.begin(), together.end(), [&](const Reached& entry) { return entry.id == b; });
  if (!joined && together.size() + other.size() > limits_.identities_per_customer) {
    return fail(ErrorKind::conflict, "customer_too_large",
                fmt::format("This would make one customer of more than {} identities; that is hardly one person.",
                            limits_.identities_per_customer));
  }
  TRY(store::upsert_link(tx, link));
  return tell(tx, std::array{a, b});
}

Result<void> Identities::tell(db::Transaction& tx, std::span<const IdentityId> identities) {
  if (watcher_ == nullptr) return {};
  std::vector<Watcher::Change> changes;
  for (IdentityId identity : identities) changes.push_back({identity});
  return watcher_->changed(tx, changes);
}

Result<void> Identities::unlink(db::Transaction& tx, IdentityId a, IdentityId b, Time at) {
  auto existing = TRY(store::find_link(tx, a, b));
  if (!existing) return fail(ErrorKind::not_found, "link_unknown", "There is no link between these two.");
  if (existing->standing == Standing::ended) return {};
  existing->standing = Standing::ended;
  existing->changed_at = at;
  TRY(store::upsert_link(tx, *existing));
  return tell(tx, std::array{a, b});
}

Result<std::vector<Refusal>> Identities::refusals(db::Transaction& tx, std::size_t limit) {
  return store::refusals(tx, limit);
}

Result<std::vector<Identities::CountryCount>> Identities::count_by_country(db::Transaction& tx, std::int64_t source,
                                                                           KeyKind kind) {
  return store::count_by_country(tx, source, kind);
}

Result<void> start_above(db::Transaction& tx, std::int64_t highest) {
  return store::raise_last_id(tx, highest);
}

Result<std::int64_t> last_id(db::Transaction& tx) {
  return store::last_id(tx);
}

}  // namespace handschlag::identity
