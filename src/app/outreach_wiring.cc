// What leaves to customers, and what is known of their leave when it does.
#include "app/app.h"

namespace handschlag::app {

Result<void> App::open_outreach() {
  if (!settings_.mail.host.empty()) mailer_ = TRY(mail::Mailer::create(settings_.mail));
  std::vector<outreach::Place> places;
  std::vector<preferences::FactsPlace> known;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const auto& region = regions_->all()[i];
    const bool home = region.get() == &regions_->home();
    places.insert(home ? places.begin() : places.end(),
                  {region.get(), place.vault.get(), place.identities.get(), place.ledger.get()});
    known.push_back({region->id(), &region->data(), place.identities.get(), place.consents.get()});
  }
  templates_ = templates::Templates::create(*control_, *staff_, clock_);
  facts_ = preferences::create_facts(std::move(known), *notices_);
  outreach_ = outreach::Outreach::create(std::move(places), *rulebook_, *templates_, mailer_.get(),
                                         {.sender = settings_.sender}, clock_, metrics_);
  outreach_->set_facts(*facts_);
  return {};
}

std::vector<consent::Consents*> App::consents() {
  std::vector<consent::Consents*> out;
  for (const Place& place : places_) out.push_back(place.consents.get());
  return out;
}

}  // namespace handschlag::app
