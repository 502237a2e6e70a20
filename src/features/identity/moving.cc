// Moving to another region: what an identity takes along, and how it is unpacked there.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "features/identity/digest_store.h"
#include "features/identity/identity.h"
#include "features/identity/moving_store.h"
#include "features/identity/recorder.h"
#include "platform/json/json.h"

namespace handschlag::identity {
namespace {

std::string luggage_context(IdentityId identity) {
  return fmt::format("subjects_arrival|{}", identity.value);
}

json::Value to_json(const Link& link, IdentityId other) {
  return {{"other", other.value},
          {"standing", static_cast<int>(link.standing)},
          {"basis", static_cast<int>(link.basis)},
          {"purposes", link.purposes.bits()},
          {"origin", link.origin},
          {"created_at", to_millis(link.created_at)},
          {"changed_at", to_millis(link.changed_at)}};
}

Link link_of(IdentityId identity, const json::Value& value) {
  IdentityId other{value.value("other", std::int64_t{0})};
  Link link;
  link.a = std::min(identity, other);
  link.b = std::max(identity, other);
  link.standing = static_cast<Standing>(value.value("standing", 0));
  link.basis = static_cast<gate::Basis>(value.value("basis", 0));
  link.purposes = gate::PurposeSet::from_bits(value.value("purposes", std::int64_t{0}));
  link.origin = value.value("origin", "");
  link.created_at = from_millis(value.value("created_at", std::int64_t{0}));
  link.changed_at = from_millis(value.value("changed_at", std::int64_t{0}));
  return link;
}

// Who the other end of a link is in the new region, if they are of the party or went there before; for those who went
// before it matters only that a link was ended.
Result<std::optional<IdentityId>> other_end(db::Transaction& tx, const Link& link, IdentityId other,
                                            const Relocation& relocation) {
  for (const subjects::Forward& each : relocation.people) {
    if (each.identity == other) return std::optional(each.target);
  }
  if (link.standing != Standing::ended) return std::optional<IdentityId>();
  auto forward = TRY(subjects::forward(tx, other));
  bool is_there = forward && forward->state != subjects::Going::leaving && forward->region == relocation.region;
  return is_there ? std::optional(forward->target) : std::nullopt;
}

class Packer {
 public:
  Packer(db::Transaction& tx, vault::Vault& vault, const Digester& digester, const Relocation& relocation)
      : tx_(tx), vault_(vault), digester_(digester), relocation_(relocation) {}

  Result<Identities::Packed> pack(IdentityId identity) {
    auto rows = TRY(store::identities(tx_, {&identity.value, 1}));
    if (rows.empty()) return fail(ErrorKind::not_found, "customer_unknown", "There is no such customer.");
    auto withdrawal = TRY(store::withdrawal(tx_, identity.value));
    Identities::Packed out;
    json::Value text = {{"kind", static_cast<int>(rows[0].kind)},
                        {"country", relocation_.country.empty() ? rows[0].country : std::string(relocation_.country)},
                        {"source", rows[0].source},
                        {"created_at", rows[0].created_at},
                        {"withdrawn", withdrawal.purposes.bits()},
                        {"withdrawn_at", withdrawal.changed_at},
                        {"keys", TRY(keys(identity, out.own))},
                        {"links", TRY(links(identity))}};
    out.text = json::dump(text);
    return out;
  }

 private:
  Result<json::Value> keys(IdentityId identity, Key& own) {
    json::Value out = json::Value::array();
    crypto::Key data_key = TRY(vault_.get(identity, vault::RetentionClass::ordinary));
    for (const store::KeyRow& row : TRY(store::all_keys(tx_, identity.value))) {
      std::string value = TRY(crypto::open(data_key, row.sealed, key_context(identity, row.digest)));
      Key key = TRY(placed(row, value));
      if (row.standing == Standing::own) own = key;
      out.push_back({{"kind", static_cast<int>(row.kind)},
                     {"space", key.name_space},
                     {"value", key.value},
                     {"standing", static_cast<int>(row.standing)},
                     {"purposes", row.purposes.bits()},
                     {"source", row.source},
                     {"first_seen", row.first_seen}});
    }
    return out;
  }

  // Which namespace a value counts in nobody wrote down; but its digest tells when it is right.
  Result<Key> placed(const store::KeyRow& row, const std::string& value) {
    for (std::string& space : relocation_.name_spaces(row.kind, row.source)) {
      Key key{row.kind, std::move(space), value};
      std::string message = message_of(key);
      if (digester_.digest(message) == row.digest || digester_.former(message) == row.digest) return key;
    }
    return fail(ErrorKind::internal, "key_unplaceable", "No source says in which namespace a key counts.");
  }

  // Each link lies with one of its ends.
  Result<json::Value> links(IdentityId identity) {
    json::Value out = json::Value::array();
    for (const Link& link : TRY(store::links_of(tx_, {&identity.value, 1}))) {
      IdentityId other = link.a == identity ? link.b : link.a;
      bool of_party = std::any_of(relocation_.people.begin(), relocation_.people.end(),
                                  [&](const subjects::Forward& each) { return each.identity == other; });
      if (of_party && link.b == identity) continue;
      auto there = TRY(other_end(tx_, link, other, relocation_));
      if (there) out.push_back(to_json(link, *there));
    }
    return out;
  }

  db::Transaction& tx_;
  vault::Vault& vault_;
  const Digester& digester_;
  const Relocation& relocation_;
};

// Unpacks one who has come.
class Unpacker {
 public:
  Unpacker(db::Transaction& tx, vault::Vault& vault, const Digester& digester)
      : tx_(tx), vault_(vault), digester_(digester) {}

  Result<void> unpack(const subjects::Arrival& arrival, const crypto::Key& data_key) {
    json::Value luggage =
        TRY(json::parse(TRY(crypto::open(data_key, arrival.luggage, luggage_context(arrival.identity)))));
    store::IdentityRow row{arrival.identity.value, static_cast<KeyKind>(luggage.value("kind", 0)),
                           luggage.value("country", ""), luggage.value("source", std::int64_t{0}),
                           luggage.value("created_at", std::int64_t{0})};
    TRY(store::insert_identities(tx_, {&row, 1}));
    TRY(keys(arrival.identity, data_key, luggage["keys"]));
    store::Withdrawal withdrawal{gate::PurposeSet::from_bits(luggage.value("withdrawn", std::int64_t{0})),
                                 luggage.value("withdrawn_at", std::int64_t{0})};
    if (!withdrawal.purposes.empty()) TRY(store::insert_withdrawal(tx_, row.id, withdrawal));
    for (const json::Value& link : luggage["links"]) links_.push_back(link_of(arrival.identity, link));
    return {};
  }

  // When everybody is there.
  Result<void> link() {
    for (const Link& link : links_) {
      std::vector<std::int64_t> both = {link.a.value, link.b.value};
      if (TRY(store::identities(tx_, both)).size() == both.size()) TRY(store::insert_link(tx_, link));
    }
    for (const auto& [former, now] : returned_) TRY(relink(former, now));
    return {};
  }

 private:
  Result<void> keys(IdentityId identity, const crypto::Key& data_key, const json::Value& keys) {
    std::vector<store::KeyRow> rows;
    for (const json::Value& each : keys) {
      Key key{static_cast<KeyKind>(each.value("kind", 0)), each.value("space", ""), each.value("value", "")};
      std::string message = message_of(key);
      std::string digest = digester_.digest(message);
      // While the digest key is being rotated: what stands there already is brought up first.
      if (auto former = digester_.former(message)) {
        TRY(lift_rows(tx_, vault_, digester_, TRY(store::rows_of(tx_, {&*former, 1}))));
      }
      std::string sealed = crypto::seal(data_key, key.value, key_context(identity, digest));
      auto standing = static_cast<Standing>(each.value("standing", 0));
      if (standing == Standing::own) TRY(replace_former(digest, identity));
      rows.push_back({std::move(digest), identity.value, key.kind, standing,
                      gate::PurposeSet::from_bits(each.value("purposes", std::int64_t{0})),
                      each.value("source", std::int64_t{0}), each.value("first_seen", std::int64_t{0}),
                      std::move(sealed)});
    }
    return store::insert_keys(tx_, rows, digester_.layers());
  }

  // Who was here before comes back as somebody new: the old number's key is gone for good.
  Result<void> replace_former(const std::string& digest, IdentityId identity) {
    std::vector<IdentityId> former;
    TRY(store::find_own(tx_, {&digest, 1},
                        [&](std::size_t, std::int64_t found, gate::PurposeSet) { former.push_back({found}); }));
    for (const subjects::Forward& each : TRY(subjects::forwards(tx_, former))) {
      if (each.state == subjects::Going::leaving) continue;
      TRY(store::delete_key(tx_, digest, each.identity.value));
      returned_.emplace_back(each.identity, identity);
    }
    return {};
  }

  // Links that were ended when they went hold against the new number.
  Result<void> relink(IdentityId former, IdentityId now) {
    for (Link link : TRY(store::links_of(tx_, {&former.value, 1}))) {
      TRY(store::delete_link(tx_, link));
      IdentityId other = link.a == former ? link.b : link.a;
      if (other == now) continue;
      link.a = std::min(now, other);
      link.b = std::max(now, other);
      TRY(store::insert_link(tx_, link));
    }
    return {};
  }

  db::Transaction& tx_;
  vault::Vault& vault_;
  const Digester& digester_;
  std::vector<Link> links_;
  std::vector<std::pair<IdentityId, IdentityId>> returned_;  // former number, new one
};

}  // namespace

Result<std::int64_t> Identities::source_of(db::Transaction& tx, IdentityId identity) {
  auto rows = TRY(store::identities(tx, {&identity.value, 1}));
  return rows.empty() ? 0 : rows[0].source;
}

Result<std::vector<IdentityId>> Identities::household(db::Transaction& tx, IdentityId start) {
  std::set<std::int64_t> seen = {start.value};
  std::vector<std::int64_t> frontier = {start.value};
  while (!frontier.empty()) {
    std::vector<std::int64_t> next;
    for (const Link& link : TRY(store::links_of(tx, frontier))) {
      if (link.standing != Standing::confirmed) continue;
      for (std::int64_t end : {link.a.value, link.b.value}) {
        if (seen.insert(end).second) next.push_back(end);
      }
    }
    frontier = std::move(next);
  }
  std::vector<std::int64_t> ids(seen.begin(), seen.end());
  std::vector<IdentityId> out;
  for (const store::IdentityRow& row : TRY(store::identities(tx, ids))) out.push_back({row.id});
  return out;
}

Result<std::vector<IdentityId>> Identities::expect(db::Transaction& tx, std::string_view region,
                                                   std::span<const IdentityId> origins) {
  auto known = TRY(subjects::arrivals_from(tx, region, origins));
  std::vector<IdentityId> out;
  std::vector<IdentityId> fresh;
  std::vector<subjects::Arrival> coming;
  std::int64_t missing = std::ssize(origins) - std::ssize(known);
  std::int64_t next = missing > 0 ? TRY(store::allocate(tx, missing)) : 0;
  std::int64_t party = known.empty() ? next : known.front().party;
  for (IdentityId origin : origins) {
    auto it = std::find_if(known.begin(), known.end(), [&](const auto& arrival) { return arrival.origin == origin; });
    if (it != known.end()) {
      out.push_back(it->identity);
      continue;
    }
    fresh.push_back({next});
    coming.push_back({{next}, party, std::string(region), origin, 0, 0, ""});
    out.push_back({next++});
  }
  if (!fresh.empty()) TRY(vault_.create(fresh, vault::RetentionClass::ordinary));
  TRY(subjects::expect(tx, coming));
  return out;
}

Result<Identities::Packed> Identities::pack(db::Transaction& tx, IdentityId identity, const Relocation& relocation) {
  auto digester = TRY(this->digester(tx));
  return Packer(tx, vault_, *digester, relocation).pack(identity);
}

Result<void> Identities::drop_packed_links(db::Transaction& tx, const Relocation& relocation) {
  for (const subjects::Forward& each : relocation.people) {
    for (const Link& link : TRY(store::links_of(tx, {&each.identity.value, 1}))) {
      IdentityId other = link.a == each.identity ? link.b : link.a;
      if (TRY(other_end(tx, link, other, relocation))) TRY(store::delete_link(tx, link));
    }
  }
  return {};
}

Result<void> Identities::load(db::Transaction& tx, IdentityId identity, const std::string& packed, Time watched_until) {
  crypto::Key key = TRY(vault_.get(identity, vault::RetentionClass::ordinary));
  return subjects::set_luggage(tx, identity, crypto::seal(key, packed, luggage_context(identity)), watched_until);
}

Result<void> Identities::settle(db::Transaction& tx, IdentityId identity, std::int64_t seq) {
  auto mine = TRY(subjects::arrivals(tx, {&identity, 1}));
  if (mine.empty() || mine.front().settled != 0) return {};
  auto party = TRY(subjects::party(tx, mine.front().party));
  std::vector<IdentityId> ids;
  for (const subjects::Arrival& each : party) ids.push_back(each.identity);
  auto keys = TRY(vault_.find(ids, vault::RetentionClass::ordinary));
  auto digester = TRY(this->digester(tx));
  Unpacker unpacker(tx, vault_, *digester);
  for (std::size_t i = 0; i < party.size(); ++i) {
    // Who was erased on the way has no key any more, and who did not come along in the end no luggage.
    if (keys[i] && !party[i].luggage.empty()) TRY(unpacker.unpack(party[i], *keys[i]));
  }
  TRY(unpacker.link());
  TRY(tell(tx, ids));
  return subjects::set_settled(tx, mine.front().party, std::max<std::int64_t>(seq, 1));
}

}  // namespace handschlag::identity
