// Rulings, plan and payload of one event; no database.
#include "features/events/prepare.h"

#include <gmock/gmock.h>

#include "features/events/wire.h"

namespace handschlag::events {
namespace {

using gate::Basis;
using gate::Decision;
using gate::Purpose;
using gate::PurposeSet;
using testing::HasSubstr;
using testing::Not;

const Time kReceived = *parse_time("2026-11-21T12:00:00.000Z");

sources::Source source_for(std::vector<gate::DeclaredPurpose> purposes) {
  return {.number = {3},
          .id = "shop",
          .touchpoint = "checkout",
          .name_space = "shop",
          .controller = "self",
          .country = "DE",
          .trust = sources::Trust::server,
          .purposes = std::move(purposes)};
}

sources::SourcePointer shared(sources::Source source) {
  return std::make_shared<const sources::Source>(std::move(source));
}

constexpr gate::DeclaredPurpose kOrders = {Purpose::CustomerOrderManagement, Basis::contract};
constexpr gate::DeclaredPurpose kMarketing = {Purpose::DirectMarketing, Basis::consent};
constexpr gate::DeclaredPurpose kAnalytics = {Purpose::ServiceUsageAnalytics, Basis::consent};

Intake order() {
  Intake event;
  event.name = "Order Completed";
  event.message_id = "m1";
  event.user_id = "u1";
  event.anonymous_id = "a1";
  event.occurred = event.received = kReceived;
  event.properties = json::Value{{"total", 12.5}, {"currency", "EUR"}, {"note", "for Anna"}};
  event.traits = json::Value{{"email", "anna@example.org"}};
  event.keys = {{identity::KeyKind::email, "anna@example.org"}};
  event.context = R"({"locale":"de-DE","device":{"id":"d1"}})";
  return event;
}

json::Tree with(const json::Tree& tree, const char* name, json::Value member) {
  json::Value value = tree->value();
  value[name] = std::move(member);
  return value;
}

Prepared prepared(Intake intake, sources::Source source, gate::PurposeSet weighed = {}) {
  auto event = prepare(std::move(intake), shared(std::move(source)), *law::built_in(), weighed);
  EXPECT_TRUE(event) << event.error().detail;
  return event ? *std::move(event) : Prepared{};
}

std::vector<std::string> refused(const Prepared& event) {
  std::vector<std::string> out;
  for (const Refusal& refusal : event.refusals) out.push_back(refusal.subject + ": " + refusal.reason);
  return out;
}

TEST(Ruling, ContractLinksWithoutConsentAndForItselfAlone) {
  Prepared event = prepared(order(), source_for({kOrders, kMarketing}));
  EXPECT_EQ(event.decision, Decision::allow);
  EXPECT_EQ(event.purposes, PurposeSet{Purpose::CustomerOrderManagement});
  ASSERT_TRUE(event.sighting);
  EXPECT_EQ(event.sighting->purposes, event.purposes);
  EXPECT_EQ(event.sighting->basis, Basis::contract);
  EXPECT_THAT(refused(event), testing::ElementsAre("DirectMarketing: consent_missing"));
}

TEST(Ruling, ConsentAddsItsPurpose) {
  Intake intake = order();
  intake.consented = {Purpose::DirectMarketing};
  Prepared event = prepared(intake, source_for({kOrders, kMarketing}));
  EXPECT_EQ(event.purposes, (PurposeSet{Purpose::CustomerOrderManagement, Purpose::DirectMarketing}));
  EXPECT_TRUE(event.refusals.empty());
  event = prepared(intake, source_for({kMarketing}));
  EXPECT_EQ(event.sighting->basis, Basis::consent);
}

TEST(Ruling, ConsentForWhatTheSourceDoesNotDeclareIsNothing) {
  Intake intake = order();
  intake.consented = PurposeSet::all();
  EXPECT_EQ(prepared(intake, source_for({kMarketing})).purposes, PurposeSet{Purpose::DirectMarketing});
}

TEST(Ruling, WithoutConsentAnalyticsIsKeptUnlinkedAndMarketingRefused) {
  Prepared analytics = prepared(order(), source_for({kAnalytics, kMarketing}));
  EXPECT_EQ(analytics.decision, Decision::allow_unlinked);
  EXPECT_EQ(analytics.purposes, PurposeSet{Purpose::ServiceUsageAnalytics});
  EXPECT_FALSE(analytics.sighting);
  Prepared marketing = prepared(order(), source_for({kMarketing}));
  EXPECT_EQ(marketing.decision, Decision::deny);
  EXPECT_TRUE(marketing.payload.empty());
  EXPECT_FALSE(marketing.sighting);
}

TEST(Ruling, RefusalIsNamedAsSuchAndObjectionStopsAnInterest) {
  Intake intake = order();
  intake.refused = {Purpose::DirectMarketing};
  EXPECT_THAT(refused(prepared(intake, source_for({kMarketing}))),
              testing::ElementsAre("DirectMarketing: consent_refused"));
  intake.refused = {Purpose::FraudPreventionAndDetection};
  gate::DeclaredPurpose interest = {Purpose::FraudPreventionAndDetection, Basis::legitimate_interest};
  const gate::PurposeSet weighed = {Purpose::FraudPreventionAndDetection};
  EXPECT_EQ(prepared(intake, source_for({interest}), weighed).decision, Decision::deny);
  EXPECT_EQ(prepared(order(), source_for({interest}), weighed).decision, Decision::allow);
}

TEST(Ruling, InterestThatNobodyWeighedCarriesNothing) {
  const gate::DeclaredPurpose interest = {Purpose::FraudPreventionAndDetection, Basis::legitimate_interest};
  Prepared event = prepared(order(), source_for({interest}), {Purpose::DirectMarketing});
  EXPECT_EQ(event.decision, Decision::deny);
  EXPECT_THAT(refused(event), testing::ElementsAre("FraudPreventionAndDetection: interest_unassessed"));
  event = prepared(order(), source_for({interest, kOrders}));
  EXPECT_EQ(event.decision, Decision::allow);
  EXPECT_EQ(event.purposes, gate::PurposeSet{Purpose::CustomerOrderManagement});
}

TEST(Ruling, GlobalPrivacyControlStopsAdvertisingInSpiteOfConsent) {
  Intake intake = order();
  intake.consented = {Purpose::PersonalisedAdvertising};
  intake.global_privacy_control = true;
  Prepared event = prepared(intake, source_for({{Purpose::PersonalisedAdvertising, Basis::consent}}));
  EXPECT_EQ(event.decision, Decision::deny);
  EXPECT_THAT(refused(event), testing::ElementsAre("PersonalisedAdvertising: global_privacy_control"));
}

TEST(Payload, OfALinkedEventHoldsItsContent) {
  json::Value body = *json::parse(prepared(order(), source_for({kOrders})).payload);
  EXPECT_EQ(body["name"], "Order Completed");
  EXPECT_EQ(body["properties"]["note"], "for Anna");
  EXPECT_EQ(body["message_id"], "m1");
  EXPECT_FALSE(body.contains("group_id")) << "what is empty is left out";
}

TEST(Payload, OfAnUnlinkedEventHoldsNobody) {
  sources::Source source = source_for({kAnalytics});
  source.plan.unlinked_properties = {"total", "currency"};
  Intake intake = order();
  intake.user_id = "secret-user";
  intake.anonymous_id = "secret-browser";
  intake.message_id = "secret-message";
  intake.device_id = "secret-device";
  intake.context = R"({"page":{"url":"https://shop.example/?u=secret-url"}})";
  json::Value body = *json::parse(prepared(intake, source).payload);
  EXPECT_EQ(body, json::Value({{"name", "Order Completed"},
                               {"country", "DE"},
                               {"properties", {{"total", 12.5}, {"currency", "EUR"}}}}));
  intake.type = EventType::page;
  intake.name = "secret-page";
  EXPECT_THAT(prepared(intake, source).payload, Not(HasSubstr("secret")));
}

TEST(Plan, DropsAndCountsUndeclaredFields) {
  sources::Source source = source_for({kOrders});
  source.plan = {.declared = true, .events = {{"Order Completed", {"total"}}}};
  Intake intake = order();
  intake.properties = with(intake.properties, "anna@example.org", true);
  Prepared event = prepared(intake, source);
  EXPECT_EQ(event.intake.properties->value(), json::Value({{"total", 12.5}}));
  EXPECT_THAT(refused(event), testing::UnorderedElementsAre("(other): field_undeclared", "currency: field_undeclared",
                                                            "note: field_undeclared", "email: field_undeclared"));
  EXPECT_THAT(event.payload, Not(HasSubstr("anna")));
}

TEST(Plan, AnUndeclaredAddressIsNoKeyEither) {
  sources::Source source = source_for({kOrders});
  source.plan = {.declared = true, .events = {{"Order Completed", {"total"}}}};
  EXPECT_TRUE(prepared(order(), source).sighting->attributes.empty());
  source.plan.events["Order Completed"].insert("email");
  EXPECT_EQ(prepared(order(), source).sighting->attributes.size(), 1U);
  source.plan.events["Order Completed"] = {"*"};
  EXPECT_EQ(prepared(order(), source).sighting->attributes.size(), 1U);
}

TEST(Plan, AnyFieldAndTypesWithoutAName) {
  sources::Source source = source_for({kOrders});
  source.plan = {.declared = true, .events = {{"Order Completed", {"*"}}, {"$identify", {"email"}}}};
  EXPECT_EQ(prepared(order(), source).intake.properties->size(), 3U);
  Intake intake = order();
  intake.type = EventType::identify;
  intake.traits = with(intake.traits, "age", 40);
  Prepared event = prepared(intake, source);
  EXPECT_EQ(event.intake.traits->value(), json::Value({{"email", "anna@example.org"}}));
}

TEST(Age, AChildsWordNeedsAGuardians) {
  const sources::Source source = source_for({kOrders, kMarketing});
  auto purposes_at = [&](json::Value traits, bool for_children = false) {
    Intake intake = order();
    intake.consented = {Purpose::DirectMarketing};
    intake.traits = std::move(traits);
    sources::Source one = source;
    one.for_children = for_children;
    Prepared event = prepared(std::move(intake), std::move(one));
    if (!event.asks_record) return event;
    event.assent = {};  // nothing is on record
    heed(event, {}, *law::built_in());
    return event;
  };
  const gate::PurposeSet both = {Purpose::CustomerOrderManagement, Purpose::DirectMarketing};
  const gate::PurposeSet orders = {Purpose::CustomerOrderManagement};
  for (const json::Value& adult : {json::Value{{"age", 16}}, json::Value{{"age", "40"}},
                                   json::Value{{"birthday", "1990-05-01"}}, json::Value{{"email", "a@example.org"}}}) {
    EXPECT_EQ(purposes_at(adult).purposes, both) << adult.dump();
  }
  const auto years_ago = [](int years) {
    return format_time(kReceived - std::chrono::days{365 * years}).substr(0, 10);
  };
  for (const json::Value& child :
       {json::Value{{"age", 15}}, json::Value{{"age", "9"}}, json::Value{{"birthday", years_ago(12)}},
        json::Value{{"birthday", years_ago(12) + "T00:00:00Z"}, {"age", 40}}, json::Value{{"age", "old"}},
        json::Value{{"age", 900}}, json::Value{{"birthday", "someday"}}}) {
    const Prepared event = purposes_at(child);
    EXPECT_EQ(event.purposes, orders) << child.dump();
    EXPECT_THAT(refused(event), testing::ElementsAre("DirectMarketing: guardian_missing"));
  }
  EXPECT_EQ(purposes_at({{"email", "a@example.org"}}, true).purposes, orders) << "who may be a child";
  EXPECT_EQ(purposes_at({{"age", 30}}, true).purposes, both);
}

TEST(Plan, DeniesUndeclaredEvents) {
  sources::Source source = source_for({kOrders});
  source.plan = {.declared = true, .events = {{"Viewed", {"*"}}}};
  Intake intake = order();
  intake.name = "Checkout_Started";
  Prepared event = prepared(intake, source);
  EXPECT_EQ(event.decision, Decision::deny);
  EXPECT_TRUE(event.payload.empty());
  EXPECT_THAT(refused(event), testing::ElementsAre("Checkout_Started: event_undeclared"));
}

TEST(Person, IsTheUserTogetherWithBrowserAndDevice) {
  Intake intake = order();
  intake.device_id = "d1";
  intake.previous_id = "u0";
  Prepared event = prepared(intake, source_for({kOrders}));
  const identity::Sighting& sighting = *event.sighting;
  EXPECT_EQ(sighting.own, (identity::Key{identity::KeyKind::user_id, "shop", "u1"}));
  ASSERT_EQ(sighting.together.size(), 3U);
  EXPECT_EQ(sighting.together[0].value, "a1");
  EXPECT_EQ(sighting.together[1].value, "d1");
  EXPECT_EQ(sighting.together[2].value, "u0");
  ASSERT_EQ(sighting.attributes.size(), 1U);
  EXPECT_EQ(sighting.attributes[0].value, "anna@example.org");
  EXPECT_EQ(sighting.standing, identity::Standing::confirmed);
  sources::Source browser = source_for({kOrders});
  browser.trust = sources::Trust::public_;
  EXPECT_EQ(prepared(order(), browser).sighting->standing, identity::Standing::claimed);
}

TEST(Person, APreviousIdThatIsOneselfIsLeftOut) {
  Intake intake = order();
  intake.previous_id = "u1";
  EXPECT_EQ(prepared(intake, source_for({kOrders})).sighting->together.size(), 1U);
  intake.previous_id = "a1";
  EXPECT_EQ(prepared(intake, source_for({kOrders})).sighting->together.size(), 1U) << "the browser, not a user";
}

TEST(Person, APlaceholderFallsBackToTheNextBest) {
  Intake intake = order();
  intake.user_id = "null";
  Prepared event = prepared(intake, source_for({kOrders}));
  EXPECT_EQ(event.sighting->own.kind, identity::KeyKind::anonymous_id);
  EXPECT_TRUE(event.sighting->together.empty());
  intake.anonymous_id = "anonymous";
  EXPECT_EQ(prepared(intake, source_for({kOrders})).sighting->own.kind, identity::KeyKind::email);
}

TEST(Person, NothingUsableIsRejectedAndNoIdAtAllIsNobody) {
  Intake intake = order();
  intake.user_id = "null";
  intake.anonymous_id = "undefined";
  intake.keys = {{identity::KeyKind::email, "noreply@example.org"}};
  auto event = prepare(intake, shared(source_for({kOrders})), *law::built_in());
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, "identity_unusable");
  intake.user_id = intake.anonymous_id = std::nullopt;
  intake.keys.clear();
  EXPECT_EQ(prepared(intake, source_for({kOrders})).decision, Decision::allow_unlinked) << "an unidentified buyer";
}

TEST(Person, ThePhoneIsReadInTheCountryOfThePersonElseOfTheSource) {
  Intake intake = order();
  intake.keys = {{identity::KeyKind::phone, "020 7946 0958"}};
  intake.country = "GB";
  EXPECT_EQ(prepared(intake, source_for({kOrders})).sighting->attributes[0].value, "+442079460958");
  intake.country = "";
  intake.keys = {{identity::KeyKind::phone, "030 901820"}};
  EXPECT_EQ(prepared(intake, source_for({kOrders})).sighting->attributes[0].value, "+4930901820");
}

TEST(Size, MayBe32KilobytesUnlessItIsHistory) {
  Intake intake = order();
  intake.traits = {};
  intake.properties = json::Value{{"text", ""}};
  std::size_t empty = prepared(intake, source_for({kOrders})).payload.size();
  intake.properties = json::Value{{"text", std::string(wire::kMaxEventBytes - empty, 'x')}};
  EXPECT_EQ(prepared(intake, source_for({kOrders})).payload.size(), wire::kMaxEventBytes);
  intake.properties = json::Value{{"text", std::string(wire::kMaxEventBytes - empty + 1, 'x')}};
  auto event = prepare(intake, shared(source_for({kOrders})), *law::built_in());
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().kind, ErrorKind::too_large);
  intake.history = true;
  EXPECT_TRUE(prepare(intake, shared(source_for({kOrders})), *law::built_in()));
}

TEST(EventId, DependsOnSourceMessageAndTheClientsTimeOnly) {
  crypto::initialize();
  auto key = crypto::Key::random();
  Intake intake = order();
  intake.original = kReceived - std::chrono::seconds(5);
  Prepared event = prepared(intake, source_for({kOrders}));
  const std::string id = event_id_of(event, key);
  EXPECT_EQ(id.size(), 16U);
  Prepared retried = event;
  retried.intake.occurred += std::chrono::seconds(1);
  retried.intake.received += std::chrono::seconds(60);
  EXPECT_EQ(event_id_of(retried, key), id);
  Prepared other = event;
  other.intake.message_id = "m2";
  EXPECT_NE(event_id_of(other, key), id);
  other = event;
  other.intake.original = kReceived;
  EXPECT_NE(event_id_of(other, key), id);
  sources::Source source = source_for({kOrders});
  source.number = {4};
  EXPECT_NE(event_id_of(prepared(intake, source), key), id);
  EXPECT_NE(event_id_of(event, crypto::Key::random()), id) << "no id tells what it was made of";
}

TEST(Amounts, AreTakenExactlyFromWhatShopsSend) {
  auto amount = [](const char* properties) { return amount_of(json::Tree::parse(properties)->view()); };
  EXPECT_EQ(amount(R"({"revenue":12.5,"total":13,"currency":"EUR"})")->micros, 12'500'000);
  EXPECT_EQ(amount(R"({"total":"13.99","currency":"EUR"})")->currency, "EUR");
  EXPECT_EQ(amount(R"({"value":-3})")->micros, -3'000'000);
  EXPECT_EQ(amount(R"({"total":0.30000000000000004})")->micros, 300'000);
  EXPECT_EQ(amount(R"({"revenue":"a lot","total":2})")->micros, 2'000'000);
  EXPECT_EQ(amount(R"({"total":1,"currency":"euro"})")->currency, "");
  EXPECT_FALSE(amount(R"({"total":1e300})"));
  EXPECT_FALSE(amount(R"({"total":[1]})"));
  EXPECT_FALSE(amount("{}"));
}

TEST(Measures, AreTheNamesThatShopsUse) {
  EXPECT_EQ(measure_of(EventType::track, "Order Completed"), "orders");
  EXPECT_EQ(measure_of(EventType::track, "completed order"), "orders");
  EXPECT_EQ(measure_of(EventType::track, "Order Canceled"), "cancellations");
  EXPECT_EQ(measure_of(EventType::track, "Order Refunded"), "refunds");
  EXPECT_EQ(measure_of(EventType::page, "Order Completed"), "");
  EXPECT_EQ(measure_of(EventType::track, "Order Viewed"), "");
}

}  // namespace
}  // namespace handschlag::events
