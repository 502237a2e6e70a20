// What the server answers, and who may ask: the routes of all slices, and the bounds of those who see a part only.
#include <set>

#include "app/app.h"
#include "embedded/openapi.h"
#include "embedded/pages.h"
#include "features/processing/processing.h"

namespace handschlag::app {

Result<void> App::bind_routes() {
  pages_ = TRY(Pages::open(embedded::pages()));
  router_ = std::make_unique<http::Router>(TRY(http::Router::create(embedded::openapi)));
  router_->set_authenticator(
      [this](const http::Request& request, std::string_view scheme) { return who_asks(request, scheme); });
  router_->set_once(
      [this](const http::Operation& operation, std::shared_ptr<const http::Request> request,
             http::Responder responder) { answers_->handle(operation, std::move(request), std::move(responder)); });
  router_->set_on_deprecated(
      [this](const http::Operation& operation, const http::Request& request, std::string_view what) {
        metrics_
            .counter("handschlag_deprecated_total", "Uses of what will go away, by who uses it",
                     {{"operation", operation.id}, {"what", std::string(what)}, {"principal", request.principal.id}})
            .add();
      });
  router_->set_admission([this](const http::Operation& operation) { return health_->admit(operation); });
  staff::bind_routes(*router_, *staff_);
  approvals::bind_routes(*router_, *approvals_, *staff_);
  rulebook::bind_routes(*router_, *rulebook_, clock_, *notices_);
  notices::bind_routes(*router_, *notices_, clock_);
  sources::bind_routes(*router_, *sources_, *staff_);
  events::bind_routes(*router_, *events_, *sources_, clock_, metrics_,
                      [this](const http::Request& request) { return staff_->still_in(request); });
  customers::bind_routes(*router_, *customers_, *sources_);
  std::vector<ledger::Ledger*> ledgers;
  for (const Place& place : places_) ledgers.push_back(place.ledger.get());
  customers::bind_call_routes(*router_, *events_, *sources_, *rulebook_, *staff_, std::move(ledgers), clock_,
                              *notices_);
  preferences::bind_routes(*router_, *preferences_);
  consent_imports::bind_routes(*router_, *consent_imports_);
  portal::bind_routes(*router_, *portal_);
  linking::bind_routes(*router_, *linking_);
  banner::bind_routes(*router_, *sources_, *notices_, *rulebook_, clock_);
  moves::bind_routes(*router_, *moves_);
  feed::bind_routes(*router_, *feed_, *sources_, *staff_);
  processing::bind_routes(*router_, *notices_, *sources_, *webhooks_, *events_, clock_);
  webhooks::bind_routes(*router_, *webhooks_);
  templates::bind_routes(*router_, *templates_);
  outreach::bind_routes(*router_, {outreach_.get(), templates_.get(), customers_.get(), staff_.get()});
  reach::bind_routes(*router_, *reach_, *rulebook_, *staff_, clock_);
  unsubscribe::bind_routes(*router_, *unsubscribe_, settings_.sender.name);
  signups::bind_routes(*router_, *signups_, *sources_, settings_.sender.name);
  test_data::bind_routes(*router_, *test_data_);
  bind_service_routes(*router_, *this);
  return router_->check();
}

// Who may see one region only gets at customers of that region, and at nothing that is of all regions: or they could
// give themselves a token without that bound.
Result<http::Principal> App::who_asks(const http::Request& request) {
  static const std::set<std::string_view> kOfOneRegion = {
      "findCustomers",   "searchCustomers",  "getCustomer",      "getTimeline",      "listUses",
      "linkIdentities",  "unlinkIdentities", "listRefusedLinks", "withdrawLinking",  "regrantLinking",
      "listRoles",       "getSession",       "readFeed",         "listPurposes",     "noteCall",
      "listCallSources", "listConsents",     "recordConsent",    "getConsentReceipt"};
  // What shows a member or token that is limited to a unit no more than that unit's sources brought. A new operation is
  // not among them before it does.
  static const std::set<std::string_view> kOfOneUnit = {
      "findCustomers",   "searchCustomers",  "getCustomer",      "getTimeline",        "listUses",
      "linkIdentities",  "unlinkIdentities", "listRefusedLinks", "withdrawLinking",    "regrantLinking",
      "countCustomers",  "eventTotals",      "eventDays",        "eventRefusals",      "listSources",
      "getSource",       "watchSource",      "listRoles",        "listPurposes",       "getSession",
      "deleteSession",   "deleteSessions",   "setOwnPassword",   "offerSecondFactor",  "setSecondFactor",
      "getOverview",     "watchOverview",    "noteCall",         "listCallSources",    "getLaw",
      "getJurisdiction", "listLawChanges",   "askRulings",       "listPurposeEntries", "getPurposeEntry",
      "listNotices",     "getNoticeVersion", "listMessages",     "getMessage",         "proposeMessage",
      "reviveMessage",   "cancelMessage",    "listTemplates",    "getTemplate",        "publishTemplate",
      "previewTemplate", "listConsents",     "recordConsent",    "getConsentReceipt",  "getReach",
      "countReach"};
  static const std::set<std::string_view> kOfNobody = {"listRoles",         "listPurposes",   "getSession",
                                                       "deleteSession",     "deleteSessions", "setOwnPassword",
                                                       "offerSecondFactor", "setSecondFactor"};
  auto principal = TRY(admission_.admit(request, staff_->authenticate(request)));
  const auto* caller = std::any_cast<staff::Caller>(&principal.who);
  if (caller != nullptr && !caller->region.empty() && !kOfOneRegion.contains(request.operation)) {
    return fail(ErrorKind::forbidden, "region_bound",
                "This token is bound to one region; it may look at that region's customers, and nothing else.");
  }
  if (caller != nullptr && !caller->unit.empty() && !kOfOneUnit.contains(request.operation)) {
    return fail(ErrorKind::forbidden, "unit_bound",
                "You are limited to a part of the company; this is for those who see all of it.");
  }
  if (caller != nullptr && staff::lacks_unit(*caller) && !kOfNobody.contains(request.operation)) {
    return fail(ErrorKind::forbidden, "unit_missing",
                "Your role sees the customers of one unit, and yours was not said yet; ask an admin.");
  }
  return principal;
}

}  // namespace handschlag::app
