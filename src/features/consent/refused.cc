// What people refuse as such, kept ready for everything that comes in.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "features/consent/consent.h"
#include "features/consent/said.h"
#include "features/consent/standing.h"
#include "features/consent/store.h"

namespace handschlag::consent {

// Apart from the digests by which people are looked up: these outlive an erasure.
std::string own_message_of(const identity::Key& address) {
  return "consent|" + identity::message_of(address);
}

Said said_of(const store::Row& row, bool same_person) {
  const Statement& from = row.statement;
  Said said;
  said.id = from.id;
  said.act = from.act;
  said.purpose = from.purpose;
  said.channel = from.channel;
  said.strength = from.strength;
  said.explicit_consent = from.explicit_consent;
  said.quiet_hours = from.quiet_hours;
  said.recipient_named = from.recipient_named;
  said.guardian = from.guardian;
  said.occurred_at = from.occurred_at;
  said.received_at = from.received_at;
  said.expires_at = from.expires_at;
  said.address = row.digest.value_or("");
  said.same_person = same_person;
  said.held = row.held;
  return said;
}

void add_others(std::vector<Said>& said, std::span<const store::Row> rows) {
  std::set<StatementId> known;
  for (const Said& each : said) known.insert(each.id);
  for (const store::Row& row : rows) {
    if (!known.contains(row.statement.id)) said.push_back(said_of(row, false));
  }
}

Result<std::vector<gate::PurposeSet>> Consents::refused(db::Transaction& tx, std::span<const IdentityId> identities) {
  return store::refused(tx, identities);
}

Result<Consents::Assent> Consents::assent(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes,
                                          Time at) {
  Assent out;
  for (const gate::PurposeInfo& info : gate::purposes()) {
    if (!purposes.has(info.purpose)) continue;
    std::vector<IdentityId> linked;
    for (const auto& each : TRY(identities_.reach(tx, identity, {info.purpose}))) linked.push_back(each.id);
    if (linked.empty()) linked.push_back(identity);
    std::vector<Said> said;
    for (const store::Row& row : TRY(store::of_identities(tx, linked))) said.push_back(said_of(row, true));
    // A yes that says less ends none that said more; a no ends it.
    const auto agreed = [&](bool Said::* to) {
      std::vector<Said> heard;
      std::copy_if(said.begin(), said.end(), std::back_inserter(heard), [&](const Said& each) {
        return !is_yes(each.act) || (each.*to && each.strength >= gate::Strength::stated);
      });
      return evaluate(heard, info.purpose, Channel::none, "", at).state == gate::ConsentState::given;
    };
    if (agreed(&Said::explicit_consent)) out.explicitly.add(info.purpose);
    if (agreed(&Said::guardian)) out.by_guardian.add(info.purpose);
  }
  return out;
}

// Almost always nobody concerned ever refused anything, and that is seen by one look at each.
Result<void> Consents::changed(db::Transaction& tx, std::span<const Change> changes) {
  TRY(store::lock(tx));  // what another node records now is recorded after this, and sees it
  auto digester = TRY(identities_.digester(tx));
  std::vector<IdentityId> identities;
  std::vector<std::string> digests;
  std::vector<IdentityId> holders;  // of each digest
  for (const Change& change : changes) {
    identities.push_back(change.identity);
    if (change.address == nullptr) continue;
    const std::string message = own_message_of(*change.address);
    digests.push_back(digester->digest(message));
    holders.push_back(change.identity);
    if (auto former = digester->former(message)) {
      digests.push_back(*std::move(former));
      holders.push_back(change.identity);
    }
  }
  std::set<IdentityId> concerned;
  const auto there = TRY(store::refused(tx, identities));
  for (std::size_t i = 0; i < identities.size(); ++i) {
    if (!there[i].empty()) concerned.insert(identities[i]);
  }
  const auto refusing = TRY(store::refusing(tx, digests));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    for (StatementId statement : refusing[i]) TRY(store::concern(tx, holders[i], statement));
    if (!refusing[i].empty()) concerned.insert(holders[i]);
  }
  return work_out(tx, concerned);
}

Result<void> Consents::work_out(db::Transaction& tx, const std::set<IdentityId>& identities) {
  std::set<IdentityId> done;
  for (IdentityId start : identities) {
    if (!start || done.contains(start)) continue;
    std::vector<IdentityId> people = TRY(identities_.household(tx, start));
    if (people.empty()) people.push_back(start);  // on their way here
    std::map<IdentityId, gate::PurposeSet> own;
    for (IdentityId each : people) {
      done.insert(each);
      own[each] = TRY(refused_by(tx, each));
    }
    std::map<IdentityId, gate::PurposeSet> all = own;
    for (const auto& [said_by, purposes] : own) {
      for (const gate::PurposeInfo& info : gate::purposes()) {
        if (!purposes.has(info.purpose)) continue;
        for (const auto& reached : TRY(identities_.reach(tx, said_by, {info.purpose}))) {
          all[reached.id].add(info.purpose);
        }
      }
    }
    for (const auto& [identity, purposes] : all) TRY(store::set_refused(tx, identity, purposes));
  }
  return {};
}

Result<gate::PurposeSet> Consents::refused_by(db::Transaction& tx, IdentityId identity) {
  std::vector<Said> said;
  for (const store::Row& row : TRY(store::of_identities(tx, {&identity, 1}))) said.push_back(said_of(row, true));
  const auto others = TRY(store::concerning(tx, identity));
  add_others(said, others);
  std::set<std::string> addresses = {""};  // all of which they spoke themselves
  for (const store::Row& row : others) addresses.insert(row.digest.value_or(""));
  gate::PurposeSet out;
  for (const gate::PurposeInfo& info : gate::purposes()) {
    for (const std::string& address : addresses) {
      const Standing standing = evaluate(said, info.purpose, Channel::none, address, Time::max());
      if (standing.state != gate::ConsentState::refused) continue;
      if (address.empty() || standing.by_another) out.add(info.purpose);
    }
  }
  return out;
}

}  // namespace handschlag::consent
