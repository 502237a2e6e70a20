#include "features/processing/processing.h"

#include <gmock/gmock.h>

namespace handschlag::processing {
namespace {

using gate::Basis;
using gate::Purpose;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Time kNow = *parse_time("2026-11-22T10:00:00Z");

sources::SourcePointer source(std::string id, std::vector<gate::DeclaredPurpose> purposes,
                              sources::Mode mode = sources::Mode::live) {
  sources::Source out;
  out.id = std::move(id);
  out.controller = "Acme";
  out.purposes = std::move(purposes);
  out.mode = mode;
  return std::make_shared<const sources::Source>(std::move(out));
}

notices::EntryPointer entry(Purpose purpose) {
  notices::Entry out;
  out.purpose = purpose;
  out.categories = {"orders", "=cmd()"};
  out.recipients = {{"Brieftaube, Post & Co", "DE", notices::Recipient::Role::processor, ""},
                    {"crm.example", "US", notices::Recipient::Role::processor, "clauses"}};
  out.retention = {2, law::Term::Unit::years};
  out.since = notices::Since::last_use;
  out.description = {"Wir \"liefern\".", "We deliver."};
  return std::make_shared<const notices::Entry>(std::move(out));
}

notices::NoticePointer notice(Purpose purpose) {
  notices::NoticeVersion out;
  out.id = "newsletter";
  out.version = 3;
  out.purposes = {purpose};
  return std::make_shared<const notices::NoticeVersion>(std::move(out));
}

notices::AssessmentPointer assessment(Purpose purpose, const char* expires, bool revoked = false) {
  notices::Assessment out;
  out.purpose = purpose;
  out.decided = *law::parse_day("2026-01-01");
  out.expires = *law::parse_day(expires);
  if (revoked) out.revoked_at = kNow;
  return std::make_shared<const notices::Assessment>(std::move(out));
}

webhooks::Endpoint webhook(std::string id, Purpose purpose, std::string url) {
  webhooks::Endpoint out;
  out.id = std::move(id);
  out.url = std::move(url);
  out.purpose = purpose;
  return out;
}

Input input() {
  Input out;
  out.now = kNow;
  return out;
}

std::vector<Drift> drift(const Input& of) {
  const auto activities = compile(of);
  EXPECT_EQ(activities.size(), 1U);
  return activities.empty() ? std::vector<Drift>{} : activities[0].drift;
}

TEST(Register, OfNothingIsEmpty) {
  EXPECT_THAT(compile(input()), IsEmpty());
}

TEST(Register, MarksWhatIsUsedAndNotDescribedAndTheOtherWayRound) {
  Input in = input();
  in.sources = {source("shop", {{Purpose::CustomerOrderManagement, Basis::contract}})};
  EXPECT_THAT(drift(in), ElementsAre(Drift::entry_missing));
  in.entries = {entry(Purpose::CustomerOrderManagement)};
  EXPECT_THAT(drift(in), IsEmpty());
  in.sources.clear();
  EXPECT_THAT(drift(in), ElementsAre(Drift::entry_unused));
}

TEST(Register, LeavesOutWhatIsForTesting) {
  Input in = input();
  in.sources = {source("try", {{Purpose::CustomerCare, Basis::contract}}, sources::Mode::test)};
  in.webhooks = {webhook("try", Purpose::CustomerCare, "https://crm.example/")};
  in.webhooks[0].filter.mode = sources::Mode::test;
  EXPECT_THAT(compile(in), IsEmpty());
}

TEST(Register, MarksAnInterestThatNobodyWeighedOrNotAnyMore) {
  Input in = input();
  in.entries = {entry(Purpose::CustomerCare)};
  in.sources = {source("shop", {{Purpose::CustomerCare, Basis::legitimate_interest}})};
  EXPECT_THAT(drift(in), ElementsAre(Drift::interest_unassessed));
  in.assessments = {assessment(Purpose::CustomerCare, "2026-11-21"),
                    assessment(Purpose::CustomerCare, "2027-11-21", true),
                    assessment(Purpose::DirectMarketing, "2027-11-21")};
  EXPECT_THAT(drift(in), ElementsAre(Drift::interest_unassessed));
  in.assessments.push_back(assessment(Purpose::CustomerCare, "2027-01-01"));
  in.assessments.push_back(assessment(Purpose::CustomerCare, "2026-12-01"));
  EXPECT_THAT(drift(in), IsEmpty());
  EXPECT_EQ(law::to_text(compile(in)[0].assessment->expires), "2027-01-01");
}

TEST(Register, MarksAConsentThatNobodyCanGive) {
  Input in = input();
  in.entries = {entry(Purpose::DirectMarketing)};
  in.sources = {source("shop", {{Purpose::DirectMarketing, Basis::consent}})};
  in.in_force = {notice(Purpose::SatisfactionSurvey)};
  EXPECT_THAT(drift(in), ElementsAre(Drift::notice_missing));
  in.in_force.push_back(notice(Purpose::DirectMarketing));
  EXPECT_THAT(drift(in), IsEmpty());
}

TEST(Register, MarksAWebhookThatNoRecipientNames) {
  Input in = input();
  in.webhooks = {webhook("crm", Purpose::CustomerCare, "https://CRM.example:8443/hook?x=1")};
  EXPECT_THAT(drift(in), ElementsAre(Drift::entry_missing, Drift::recipient_unnamed));
  in.entries = {entry(Purpose::CustomerCare)};
  EXPECT_THAT(drift(in), IsEmpty()) << "its host is named";
  in.webhooks[0].url = "https://other.example/";
  EXPECT_THAT(drift(in), ElementsAre(Drift::recipient_unnamed));
  in.webhooks[0].description = "brieftaube, post & co";
  EXPECT_THAT(drift(in), IsEmpty());
  EXPECT_EQ(compile(in)[0].recipients[0].host, "other.example");
}

TEST(Register, CountsWhatWasStoredAndRefused) {
  Input in = input();
  in.sources = {source("shop", {{Purpose::CustomerCare, Basis::contract}, {Purpose::DirectMarketing, Basis::consent}})};
  events::Total total;
  total.source = "shop";
  total.measure = "events";
  total.events = 7;
  in.totals = {total, total};
  total.measure = "orders";
  in.totals.push_back(total);
  total.source = "till";
  total.measure = "events";
  in.totals.push_back(total);
  in.refusals = {{"2026-11-22", "shop", "DirectMarketing", "consent_missing", 4},
                 {"2026-11-21", "shop", "DirectMarketing", "consent_refused", 1},
                 {"2026-11-21", "till", "DirectMarketing", "consent_refused", 9},
                 {"2026-11-21", "shop", "note", "field_undeclared", 9}};
  const auto activities = compile(in);
  ASSERT_EQ(activities.size(), 2U);
  EXPECT_EQ(activities[0].uses[0].events, 14);
  EXPECT_EQ(activities[0].uses[0].refused, 0);
  EXPECT_EQ(activities[1].uses[0].refused, 5);
}

TEST(Register, IsAFileThatASpreadsheetReadsAndDoesNotRun) {
  Input in = input();
  in.entries = {entry(Purpose::CustomerCare)};
  in.sources = {source("shop", {{Purpose::CustomerCare, Basis::contract}})};
  const std::string english = to_csv(compile(in), "en");
  EXPECT_THAT(english, HasSubstr("Purpose,What is done,"));
  EXPECT_THAT(english, HasSubstr("CustomerCare,We deliver.,A6-1-b,Acme,shop,\"orders; =cmd()\""));
  EXPECT_THAT(english, HasSubstr("\"Brieftaube, Post & Co (DE); crm.example (US)\""));
  EXPECT_THAT(english, HasSubstr("2 years from the last use"));
  EXPECT_THAT(to_csv(compile(in), "de"), HasSubstr("\"Wir \"\"liefern\"\".\""));
  notices::Entry sly = *in.entries[0];
  sly.categories = {"=cmd()"};
  in.entries = {std::make_shared<const notices::Entry>(sly)};
  EXPECT_THAT(to_csv(compile(in), "en"), HasSubstr(",'=cmd(),"));
}

TEST(Register, SaysAllOfItAsJson) {
  Input in = input();
  in.entries = {entry(Purpose::CustomerCare)};
  sources::Source shop = *source("shop", {{Purpose::CustomerCare, Basis::contract}});
  shop.plan.declared = true;
  shop.plan.events = {{"Called", {"note", "topic"}}, {"Wrote", {"note"}}};
  in.sources = {std::make_shared<const sources::Source>(shop)};
  const json::Value value = to_json(compile(in), kNow);
  EXPECT_EQ(value["made_at"], "2026-11-22T10:00:00.000Z");
  const json::Value& activity = value["activities"][0];
  EXPECT_EQ(activity["purpose"], "CustomerCare");
  EXPECT_EQ(activity["uses"][0]["fields"], json::Value({"note", "topic"}));
  EXPECT_EQ(activity["entry"]["recipients"][1]["safeguards"], "clauses");
  EXPECT_EQ(activity["drift"], json::Value::array());
}

}  // namespace
}  // namespace handschlag::processing
