// What leaves to customers, and what is known of their leave when it does.
#include "app/app.h"
#include "platform/log/log.h"

namespace handschlag::app {

Result<void> App::open_outreach() {
  if (!settings_.mail.host.empty()) mailer_ = TRY(mail::Mailer::create(settings_.mail));
  std::vector<outreach::Place> places;
  std::vector<preferences::FactsPlace> known;
  std::vector<unsubscribe::Place> links;
  std::vector<signups::Place> doors;
  std::vector<consent_imports::Place> brought;
  std::vector<reach::Place> reached;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const auto& region = regions_->all()[i];
    const bool home = region.get() == &regions_->home();
    places.insert(home ? places.begin() : places.end(),
                  {region.get(), place.vault.get(), place.identities.get(), place.ledger.get()});
    links.push_back({region.get(), place.vault.get(), place.identities.get(), place.consents.get()});
    reached.push_back({region.get(), place.identities.get()});
    brought.push_back({region.get(), place.vault.get(), place.identities.get(), place.consents.get()});
    doors.push_back({region.get(), place.vault.get(), place.identities.get(), place.consents.get()});
    known.push_back({region->id(), &region->data(), place.identities.get(), place.consents.get()});
  }
  templates_ = templates::Templates::create(*control_, *staff_, clock_);
  facts_ = preferences::create_facts(std::move(known), *notices_, sources_.get());
  outreach_ = outreach::Outreach::create(
      std::move(places), *rulebook_, *templates_, mailer_.get(),
      {.sender = settings_.sender, .bounces = settings_.bounces, .caps = settings_.caps}, clock_, metrics_);
  outreach_->set_facts(*facts_);
  if (!settings_.gateway.url.empty()) {
    gateway_ = TRY(outreach::create_gateway(settings_.gateway, *outbound_, clock_));
    outreach_->set_gateway(*gateway_);
  }
  preferences_->set_outbox({outreach_.get(), templates_.get(), !settings_.base_url.empty()});
  reach_ = reach::Reach::create({std::move(reached), outreach_.get(), sources_.get(), control_.get(), &clock_});
  auto where = [this](std::string_view region, IdentityId identity) {
    return customers_->where({}, customers::format_handle(region, identity));
  };
  unsubscribe_ = unsubscribe::Unsubscribe::create(std::move(links), where, *rulebook_, clock_, settings_.base_url);
  signups_ = signups::Signups::create({std::move(doors), regions_.get(), where, rulebook_.get(), notices_.get(),
                                       sources_.get(), outreach_.get(), &clock_},
                                      {.base_url = settings_.base_url});
  consent_imports_ = consent_imports::ConsentImports::create(
      {std::move(brought), regions_.get(), where, rulebook_.get(), sources_.get(), staff_.get(), &clock_});
  // A link that a mail program can press leads over TLS (RFC 8058); without one nothing but service leaves.
  if (settings_.base_url.starts_with("https://")) {
    outreach_->set_unsubscribe_links(*unsubscribe_);
  } else if (mailer_ || gateway_) {
    log::warning("no message but service is sent: mail.base_url must begin with https://");
  }
  return {};
}

Result<void> App::open_portal() {
  portal::Parts parts{{}, outreach_.get(), notices_.get(), rulebook_.get(), staff_.get(), &clock_};
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    const auto& region = regions_->all()[i];
    const bool home = region.get() == &regions_->home();
    parts.places.insert(
        home ? parts.places.begin() : parts.places.end(),
        {region.get(), place.vault.get(), place.identities.get(), place.ledger.get(), place.consents.get()});
  }
  linking_ = TRY(linking::Linking::create(
      {parts.places, outreach_.get(), notices_.get(), sources_.get(), rulebook_.get(), staff_.get(), &clock_}, {}));
  portal_ = TRY(portal::Portal::create(
      std::move(parts), {.secure_cookie = staff_->settings().secure_cookie, .base_url = settings_.base_url}));
  return {};
}

// Customers have a session of their own; everybody else is of the house.
Result<http::Principal> App::who_asks(const http::Request& request, std::string_view scheme) {
  if (scheme == portal::kScheme) return admission_.admit(request, portal_->authenticate(request));
  return who_asks(request);
}

std::vector<consent::Consents*> App::consents() {
  std::vector<consent::Consents*> out;
  for (const Place& place : places_) out.push_back(place.consents.get());
  return out;
}

}  // namespace handschlag::app
