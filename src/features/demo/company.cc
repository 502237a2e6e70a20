#include "features/demo/company.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "features/demo/catalogue.h"
#include "features/gate/purposes.h"

namespace handschlag::demo {
namespace {

using enum gate::Purpose;
using gate::Basis;
using sources::Source;
using sources::Trust;

// What is sold over the net and what is sold in the branches are two parts of the company, each with staff of its own.
constexpr std::string_view kOnline = "online";
constexpr std::string_view kBranches = "branches";

Source declare(std::string_view id, std::string_view name, std::string_view touchpoint, Trust trust,
               std::vector<gate::DeclaredPurpose> purposes) {
  Source source;
  source.id = id;
  source.name = fmt::format("{}: {}", kCompany, name);
  source.touchpoint = touchpoint;
  source.name_space = id;
  source.country = "DE";
  source.trust = trust;
  source.purposes = std::move(purposes);
  return source;
}

// The browser: all of it rests on what the visitor said.
Source shop() {
  Source source = declare("shop", "Online shop", "shop", Trust::public_,
                          {{ServiceUsageAnalytics, Basis::consent},
                           {DirectMarketing, Basis::consent},
                           {PersonalisedAdvertising, Basis::consent}});
  source.unit = kOnline;
  source.consent_categories = {{std::string(kAnalytics), {ServiceUsageAnalytics}},
                               {std::string(kMarketing), {DirectMarketing, PersonalisedAdvertising}}};
  return source;
}

// The shop's own server: it knows who has an account, and the accounts are the same as the browser's. An order is also
// what a later question is about; without CustomerCare here, a browser that is tied to an account would not lead to the
// calls made about it.
Source backend() {
  Source source = declare("shop-backend", "Shop backend", "checkout", Trust::server,
                          {{CustomerOrderManagement, Basis::contract},
                           {CustomerCare, Basis::contract},
                           {CommunicationForCustomerCare, Basis::contract},
                           {ServiceUsageAnalytics, Basis::consent},
                           {DirectMarketing, Basis::consent},
                           {ServicePersonalisation, Basis::consent}});
  source.name_space = "shop";
  source.unit = kOnline;
  source.consent_categories = {{std::string(kAnalytics), {ServiceUsageAnalytics}},
                               {std::string(kMarketing), {DirectMarketing}},
                               {std::string(kPersonalisation), {ServicePersonalisation}}};
  return source;
}

Source delivery() {
  Source source =
      declare("delivery", "Delivery", "delivery", Trust::server, {{CustomerOrderManagement, Basis::contract}});
  source.name_space = "shop";
  source.unit = kOnline;
  return source;
}

// Its plan is declared, so what the till says beyond it is dropped and counted.
Source till() {
  Source source = declare("till", "Tills of the branches", "branch", Trust::server,
                          {{CustomerOrderManagement, Basis::contract}, {PersonalisedBenefits, Basis::contract}});
  source.unit = kBranches;
  source.plan.declared = true;
  source.plan.events = {
      {"Order Completed", {"order_id", "products", "total", "revenue", "currency", "branch"}},
      {"$identify", {"name", "firstName", "lastName", "email"}},
  };
  return source;
}

// Who agrees to nothing can use the app, and nothing of it is kept.
Source app() {
  Source source = declare("app", "App", "app", Trust::public_,
                          {{ServicePersonalisation, Basis::consent}, {LocationOffers, Basis::consent}});
  source.name_space = "shop";
  source.unit = kOnline;
  source.consent_categories = {{std::string(kPersonalisation), {ServicePersonalisation}},
                               {std::string(kLocation), {LocationOffers}}};
  return source;
}

Source hotline() {
  return declare("hotline", "Hotline", "hotline", Trust::server,
                 {{CustomerCare, Basis::contract}, {CustomerClaimsManagement, Basis::contract}});
}

Source social() {
  return declare("social", "Social page", "social", Trust::server,
                 {{CommunicationForCustomerCare, Basis::legitimate_interest}});
}

}  // namespace

std::vector<Source> declare_sources() {
  return {shop(), backend(), delivery(), till(), app(), hotline(), social()};
}

}  // namespace handschlag::demo
