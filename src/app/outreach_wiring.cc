#include "app/app.h"

namespace handschlag::app {

// What people said of being written to, for outreach. A no for the address is asked of every region.
class KnownLeave final : public outreach::Facts {
 public:
  struct Place {
    regions::Region* region;
    identity::Identities* identities;
    consent::Consents* consents;
  };
  explicit KnownLeave(std::vector<Place> places) : places_(std::move(places)) {}

  Result<void> fill(db::Transaction& tx, std::string_view region, IdentityId identity, const identity::Key& address,
                    gate::Question& question) override {
    for (const Place& place : places_) {
      if (place.region->id() == region) {
        std::vector<IdentityId> members;
        for (const auto& member : TRY(place.identities->reach(tx, identity, {question.purpose}))) {
          members.push_back(member.id);
        }
        const consent::Standing standing =
            TRY(place.consents->standing(tx, {members, question.purpose, question.channel, &address, question.at}));
        standing.fill(question);
      }
    }
    for (const Place& place : places_) {
      if (place.region->id() == region) continue;
      bool no = false;
      TRY(place.region->data().read([&](db::Transaction& other) -> Result<void> {
        no = TRY(place.consents->said_no(other, address, question.purpose, question.channel));
        return {};
      }));
      if (no) question.consent = gate::ConsentState::refused;
    }
    return {};
  }

 private:
  std::vector<Place> places_;
};

Result<void> App::open_outreach() {
  if (!settings_.mail.host.empty()) mailer_ = TRY(mail::Mailer::create(settings_.mail));
  std::vector<outreach::Place> places;
  std::vector<KnownLeave::Place> known;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const auto& region = regions_->all()[i];
    const bool home = region.get() == &regions_->home();
    places.insert(home ? places.begin() : places.end(),
                  {region.get(), place.vault.get(), place.identities.get(), place.ledger.get()});
    known.push_back({region.get(), place.identities.get(), place.consents.get()});
  }
  templates_ = templates::Templates::create(*control_, *staff_, clock_);
  facts_ = std::make_unique<KnownLeave>(std::move(known));
  outreach_ = outreach::Outreach::create(std::move(places), *rulebook_, *templates_, mailer_.get(),
                                         {.sender = settings_.sender}, clock_, metrics_);
  outreach_->set_facts(*facts_);
  return {};
}

}  // namespace handschlag::app
