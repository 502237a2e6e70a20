// What a person refused is not stored of them, whatever the source says.
#include <gmock/gmock.h>

#include "features/events/testing/house.h"

namespace handschlag::events {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RefusedEventsTest : public EventsTest {
 protected:
  void say(consent::Act act, Purpose purpose, std::string_view who = "u1") {
    consent::Statement said;
    said.identity = find("eu", std::string(who));
    said.act = act;
    said.purpose = purpose;
    said.occurred_at = said.received_at = kNow + std::chrono::minutes{++minute_};
    ASSERT_TRUE(cell("eu").region->writer().run([&](db::Transaction& tx) -> Result<void> {
      TRY(cell("eu").consents->record(tx, said));
      return {};
    }));
  }
  static Intake agreed(std::string message, PurposeSet purposes, std::string who = "u1") {
    Intake out = event(std::move(message), kNow, std::move(who));
    out.consented = purposes;
    return out;
  }

  int minute_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Backends, RefusedEventsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

constexpr PurposeSet kMarketing = {Purpose::DirectMarketing};
constexpr PurposeSet kAnalytics = {Purpose::ServiceUsageAnalytics};

TEST_P(RefusedEventsTest, TheEventIsKeptForWhatIsLeftOfItsPurposes) {
  submit("shop", {agreed("m1", kMarketing)});
  say(consent::Act::withdrawn, Purpose::DirectMarketing);
  EXPECT_EQ(submit("shop", {agreed("m2", kMarketing)}).stored, 1U);
  EXPECT_THAT(messages("eu"), UnorderedElementsAre("m1", "m2"));
  EXPECT_THAT(messages(timeline("eu", {}, "u1", kMarketing)), ElementsAre("m1")) << "stored before";
  say(consent::Act::given, Purpose::DirectMarketing);
  submit("shop", {agreed("m3", kMarketing)});
  EXPECT_THAT(messages(timeline("eu", {}, "u1", kMarketing)), UnorderedElementsAre("m1", "m3"));
}

TEST_P(RefusedEventsTest, WithoutAnyPurposeLeftItIsKeptUnlinkedOrNotAtAll) {
  submit("web", {agreed("m1", kAnalytics)});
  submit("ads", {agreed("a1", {Purpose::PersonalisedAdvertising})});
  say(consent::Act::withdrawn, Purpose::ServiceUsageAnalytics);
  say(consent::Act::objected, Purpose::DirectMarketing);
  EXPECT_EQ(submit("web", {agreed("m2", kAnalytics)}).unlinked, 1U);
  EXPECT_EQ(submit("ads", {agreed("a2", {Purpose::PersonalisedAdvertising})}).refused, 1U);
  EXPECT_EQ(submit("ads", {agreed("a2", {Purpose::PersonalisedAdvertising})}).duplicates, 1U);
  EXPECT_THAT(messages("eu"), UnorderedElementsAre("m1", "a1"));
  auto counts = *events_->refusals();
  EXPECT_TRUE(std::any_of(counts.begin(), counts.end(), [](const RefusalCount& count) {
    return count.source == "ads" && count.subject == "PersonalisedAdvertising" && count.reason == "consent_refused" &&
           count.events == 1;
  }));
}

TEST_P(RefusedEventsTest, WhatRestsOnAContractIsStoredAllTheSame) {
  submit("shop", {event("m1")});
  say(consent::Act::refused, Purpose::CustomerOrderManagement);
  EXPECT_EQ(submit("shop", {event("m2")}).stored, 1U);
}

TEST_P(RefusedEventsTest, NobodyElseIsConcerned) {
  submit("web", {agreed("m1", kAnalytics), agreed("m2", kAnalytics, "u2")});
  say(consent::Act::withdrawn, Purpose::ServiceUsageAnalytics);
  const Outcome outcome = submit("web", {agreed("m3", kAnalytics), agreed("m4", kAnalytics, "u2")});
  EXPECT_EQ(outcome.stored, 1U);
  EXPECT_EQ(outcome.unlinked, 1U);
  EXPECT_THAT(messages(timeline("eu", {}, "u2")), UnorderedElementsAre("m2", "m4"));
}

TEST_P(RefusedEventsTest, ABrowserThatIsLinkedWithSomebodyWhoRefusedIsHeldToItToo) {
  submit("web", {agreed("m1", kAnalytics)});
  say(consent::Act::withdrawn, Purpose::ServiceUsageAnalytics);
  Intake together = agreed("m2", kAnalytics);
  together.anonymous_id = "b1";
  submit("web", {together});
  Intake alone = agreed("m3", kAnalytics);
  alone.user_id.reset();
  alone.anonymous_id = "b1";
  EXPECT_EQ(submit("web", {alone}).unlinked, 1U);
}

class SpokenTest : public EventsTest {
 protected:
  static Intake answer(std::string message, bool yes, std::optional<std::string> user,
                       std::optional<std::string> browser = {}) {
    Intake out = event(std::move(message));
    out.name = kConsentEvent;
    out.user_id = std::move(user);
    out.anonymous_id = std::move(browser);
    (yes ? out.consented : out.refused) = kAnalytics;
    return out;
  }
  void add_page() {
    sources::Source page;
    page.id = "page";
    page.touchpoint = "page";
    page.name_space = "all";
    page.country = "DE";
    page.trust = sources::Trust::public_;
    page.purposes = {{Purpose::ServiceUsageAnalytics, Basis::consent}};
    ASSERT_TRUE(sources_->add(page));
  }
  std::vector<std::string> heard() {
    std::vector<std::string> out;
    for (const auto& [identity, message] : listener_.heard_) out.push_back(message);
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, SpokenTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SpokenTest, ANoMakesNobodyKnownAndIsHeardOfWhoIs) {
  submit("web", {answer("n1", false, "u1")});
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_EQ(count("eu", "identity_identity"), 0);
  submit("web", {answer("y1", true, "u1")});
  submit("web", {answer("n2", false, "u1")});
  submit("web", {answer("n2", false, "u1")});
  EXPECT_THAT(heard(), ElementsAre("y1", "n2"));
  EXPECT_EQ(listener_.heard_[1].first, find("eu", "u1"));
}

TEST_P(SpokenTest, OfAPublicSourceABrowserSpeaksForItselfAlone) {
  add_page();
  submit("web", {answer("y1", true, "u1")});
  submit("page", {answer("n1", false, "u1")});
  EXPECT_THAT(heard(), ElementsAre("y1")) << "anybody can send any user id";
  submit("page", {answer("y2", true, "u1", "b1")});
  submit("page", {answer("n2", false, "u1", "b1")});
  EXPECT_THAT(heard(), ElementsAre("y1", "y2", "n2"));
  EXPECT_NE(listener_.heard_[1].first, find("eu", "u1"));
  EXPECT_EQ(listener_.heard_[2].first, listener_.heard_[1].first);
}

TEST_P(SpokenTest, TheSignalIsHeardOfWhoIsKnownAnyway) {
  Intake signal = event("s1");
  signal.global_privacy_control = true;
  submit("shop", {signal, event("e1")});
  EXPECT_THAT(heard(), ElementsAre("s1"));
  Intake stranger = event("s2", kNow, "u9");
  stranger.global_privacy_control = true;
  submit("ads", {stranger});
  EXPECT_THAT(heard(), ElementsAre("s1")) << "it makes nobody known";
}

}  // namespace
}  // namespace handschlag::events
