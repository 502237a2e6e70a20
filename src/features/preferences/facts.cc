#include <algorithm>
#include <utility>

#include "features/preferences/preferences.h"

namespace handschlag::preferences {
namespace {

class KeptFacts final : public outreach::Facts {
 public:
  KeptFacts(std::vector<FactsPlace> places, const gate::Interests& interests, const sources::Sources* sources)
      : places_(std::move(places)), interests_(interests), sources_(sources) {}

  Result<void> fill(db::Transaction& tx, std::string_view region, IdentityId identity, const identity::Key& address,
                    gate::Question& question) override {
    const FactsPlace* here = nullptr;
    for (const FactsPlace& place : places_) {
      if (place.region == region) here = &place;
    }
    if (here == nullptr) return fail(ErrorKind::not_found, "region_unknown", "There is no such region.");
    question.interest_weighed = interests_.weighed(question.at).has(question.purpose);
    // A no of any of the person's identities holds; a yes of those alone that are joined for this purpose.
    const auto all = TRY(members_of(*here, tx, identity, gate::PurposeSet::all()));
    TRY(ask(*here, tx, all, address, question));
    // Whoever is one identity alone said all of it.
    if (question.consent != gate::ConsentState::refused && all.size() > 1) {
      const auto joined = TRY(members_of(*here, tx, identity, {question.purpose}));
      if (joined != all) TRY(ask(*here, tx, joined, address, question));
    }
    for (const FactsPlace& place : places_) {
      if (question.consent == gate::ConsentState::refused) break;
      if (&place != here) TRY(ask_elsewhere(place, address, question));
    }
    return {};
  }

 private:
  static Result<std::vector<IdentityId>> members_of(const FactsPlace& place, db::Transaction& tx, IdentityId identity,
                                                    gate::PurposeSet purposes) {
    std::vector<IdentityId> members;
    for (const identity::Reached& each : TRY(place.identities->reach(tx, identity, purposes))) {
      members.push_back(each.id);
    }
    if (std::find(members.begin(), members.end(), identity) == members.end()) members.push_back(identity);
    return members;
  }

  Result<void> ask(const FactsPlace& place, db::Transaction& tx, const std::vector<IdentityId>& members,
                   const identity::Key& address, gate::Question& question) {
    const consent::Standing standing =
        TRY(place.consents->standing(tx, {members, question.purpose, question.channel, &address, question.at}));
    standing.fill(question);
    for (IdentityId member : members) {
      if (question.for_children || sources_ == nullptr) break;
      const auto source = sources_->find(Id<sources::Source>{TRY(place.identities->source_of(tx, member))});
      question.for_children = source && source->for_children;
    }
    return {};
  }

  static Result<void> ask_elsewhere(const FactsPlace& place, const identity::Key& address, gate::Question& question) {
    bool no = false;
    TRY(place.data->read([&](db::Transaction& tx) -> Result<void> {
      no = TRY(place.consents->said_no(tx, address, question.purpose, question.channel));
      return {};
    }));
    if (!no) return {};
    consent::Standing refused;
    refused.state = gate::ConsentState::refused;
    refused.fill(question);
    return {};
  }

  const std::vector<FactsPlace> places_;
  const gate::Interests& interests_;
  const sources::Sources* sources_;
};

}  // namespace

std::unique_ptr<outreach::Facts> create_facts(std::vector<FactsPlace> places, const gate::Interests& interests,
                                              const sources::Sources* sources) {
  return std::make_unique<KeptFacts>(std::move(places), interests, sources);
}

}  // namespace handschlag::preferences
