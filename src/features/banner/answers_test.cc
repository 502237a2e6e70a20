// What is said to a banner becomes statements, in the transaction that stores the events.
#include "features/banner/answers.h"

#include <gmock/gmock.h>

#include "features/consent/testing/place.h"
#include "platform/db/testing/testing.h"

namespace handschlag::banner {
namespace {

using consent::Act;
using consent::kStart;
using consent::Statement;
using gate::Purpose;
using gate::PurposeSet;
using testing::IsEmpty;
using testing::SizeIs;

constexpr PurposeSet kAnalytics = {Purpose::ServiceUsageAnalytics};
constexpr std::string_view kShown = R"({"notices":{"statistics":[{"id":"counting","version":3}]},"language":"de"})";

notices::NoticePointer counting(std::string_view id, std::int64_t version) {
  if (id != "counting" || version > 3) return nullptr;
  notices::NoticeVersion shown;
  shown.id = "counting";
  shown.version = version;
  shown.purposes = kAnalytics;
  shown.channels = {law::Channel::none};
  shown.validity = {2, law::Term::Unit::years};
  shown.texts = {{"de", "Statistik", "Worum es geht.", "Ja, zählt mich.", "Jederzeit."}};
  return std::make_shared<const notices::NoticeVersion>(std::move(shown));
}

class AnswersTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    place_.open(GetParam(), "eu");
    anna_ = place_.person("anna");
    source_.id = "web";
    source_.purposes = {{Purpose::CustomerOrderManagement, gate::Basis::contract},
                        {Purpose::ServiceUsageAnalytics, gate::Basis::consent}};
    source_.consent_categories = {{"statistics", kAnalytics | PurposeSet{Purpose::CustomerOrderManagement}}};
  }

  static events::Intake answer(bool yes, int minute, std::string_view properties = kShown) {
    events::Intake out;
    out.name = events::kConsentEvent;
    out.message_id = "m" + std::to_string(minute);
    out.occurred = kStart + std::chrono::minutes{minute};
    out.received = kStart + std::chrono::days{1};
    out.properties = *json::Tree::parse(properties);
    (yes ? out.consented : out.refused) = kAnalytics | PurposeSet{Purpose::CustomerOrderManagement};
    return out;
  }
  static events::Intake signal() {
    events::Intake out = answer(false, 1);
    out.name = "Viewed";
    out.refused = {};
    out.global_privacy_control = true;
    return out;
  }

  void hear(const std::vector<events::Intake>& intakes) {
    std::vector<events::Spoken> spoken;
    for (const auto& each : intakes) spoken.push_back({anna_, &source_, &each});
    auto done = place_.write([&](db::Transaction& tx) {
      events::Cell cell{nullptr, place_.identities.get(), place_.consents.get()};
      return answers_.heard(tx, cell, spoken);
    });
    EXPECT_TRUE(done) << done.error().detail;
  }
  std::vector<Statement> history() {
    return *place_.write([&](db::Transaction& tx) { return place_.consents->history(tx, {&anna_, 1}); });
  }
  PurposeSet refused() {
    return place_.write([&](db::Transaction& tx) { return place_.consents->refused(tx, {&anna_, 1}); })->front();
  }
  void say(Act act, int minute, gate::Strength strength) {
    Statement said;
    said.identity = anna_;
    said.act = act;
    said.purpose = Purpose::ServiceUsageAnalytics;
    said.strength = strength;
    said.occurred_at = said.received_at = kStart + std::chrono::minutes{minute};
    EXPECT_TRUE(place_.write([&](db::Transaction& tx) { return place_.consents->record(tx, said); }));
  }

  consent::Place place_;
  IdentityId anna_;
  sources::Source source_;
  Answers answers_{counting, law::shipped_law()};
};

TEST_P(AnswersTest, AYesHasItsProof) {
  hear({answer(true, 1)});
  const auto all = history();
  ASSERT_THAT(all, SizeIs(1)) << "of what rests on a contract nothing was asked";
  EXPECT_EQ(all[0].act, Act::given);
  EXPECT_EQ(all[0].purpose, Purpose::ServiceUsageAnalytics);
  EXPECT_EQ(all[0].way, consent::Way::banner);
  EXPECT_EQ(all[0].strength, gate::Strength::claimed);
  EXPECT_EQ(all[0].notice.version, 3);
  EXPECT_EQ(all[0].proof.declaration, counting("counting", 3)->texts[0].whole());
  EXPECT_TRUE(all[0].expires_at);
}

TEST_P(AnswersTest, WhatIsSaidAgainIsTakenDownOnce) {
  hear({answer(true, 1)});
  hear({answer(true, 2)});
  EXPECT_THAT(history(), SizeIs(1));
  hear({answer(true, 3, R"({"notices":{"statistics":[{"id":"counting","version":2}]}})")});
  ASSERT_THAT(history(), SizeIs(2)) << "under another version it is another yes";
  EXPECT_EQ(history()[0].act, Act::renewed);
}

TEST_P(AnswersTest, ANoEndsAYesAndAYesANo) {
  hear({answer(true, 1)});
  hear({answer(false, 2)});
  EXPECT_EQ(history()[0].act, Act::withdrawn);
  EXPECT_EQ(refused(), kAnalytics);
  hear({answer(true, 3)});
  EXPECT_EQ(refused(), PurposeSet{});
}

TEST_P(AnswersTest, OfSeveralAtOnceTheLastCounts) {
  hear({answer(false, 5), answer(true, 2), answer(true, 3)});
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].act, Act::refused);
}

TEST_P(AnswersTest, AClaimDoesNotTakeBackWhatWasSaidMoreSurely) {
  say(Act::withdrawn, 1, gate::Strength::confirmed);
  hear({answer(true, 2)});
  EXPECT_EQ(refused(), kAnalytics);
  source_.trust = sources::Trust::server;
  hear({answer(true, 3)});
  EXPECT_EQ(refused(), kAnalytics) << "a word that was written down is less than one with a proven address";
  say(Act::given, 4, gate::Strength::confirmed);
  EXPECT_EQ(refused(), PurposeSet{});
}

TEST_P(AnswersTest, WithoutANoticeOfOursItIsTakenDownAllTheSame) {
  for (const char* properties : {"{}", R"({"notices":7})", R"({"notices":{"statistics":{"id":1}}})",
                                 R"({"notices":{"statistics":[{"id":"other","version":9},7,null]}})"}) {
    hear({answer(true, 1, properties)});
  }
  ASSERT_THAT(history(), SizeIs(1));
  EXPECT_EQ(history()[0].notice.id, "");
}

TEST_P(AnswersTest, TheSignalIsTakenDownOnceAndALaterYesStands) {
  hear({signal()});
  EXPECT_TRUE(refused().has(Purpose::SellDataToThirdParties));
  EXPECT_TRUE(refused().has(Purpose::PersonalisedAdvertising));
  const auto count = history().size();
  Statement yes = history()[0];
  yes.act = Act::given;
  yes.occurred_at = yes.received_at = kStart + std::chrono::days{2};
  EXPECT_TRUE(place_.write([&](db::Transaction& tx) { return place_.consents->record(tx, yes); }));
  hear({signal()});
  EXPECT_THAT(history(), SizeIs(count + 1));
  EXPECT_FALSE(refused().has(yes.purpose));
}

INSTANTIATE_TEST_SUITE_P(Backends, AnswersTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::banner
