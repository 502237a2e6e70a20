// What the overview counts, and how those hear of it who watch.
#include "features/events/overview.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "features/events/keeper.h"
#include "features/events/overview_live.h"
#include "features/events/reasons.h"
#include "features/events/tally.h"
#include "features/events/testing/ear.h"
#include "features/events/testing/house.h"

namespace handschlag::events {
namespace {

using overview::Frame;
using overview::frame_of;
using overview::Live;
using overview::Query;
using overview::Span;
using overview::Step;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;

http::Request request_of(std::string role = "admin", std::vector<std::pair<std::string, std::string>> query = {}) {
  http::Request request;
  request.principal = {"staff:1", std::move(role), {}};
  request.query = std::move(query);
  return request;
}

// --- steps ----------------------------------------------------------------------------------------------------------

TEST(OverviewFrame, TodayHasTheHoursOfItsPlace) {
  const Time now = *parse_time("2026-11-21T23:30:00Z");  // half past midnight of the 22nd in Berlin
  const Frame frame = *frame_of({Span::today, Step::hour, "Europe/Berlin"}, now);
  ASSERT_EQ(frame.steps.size(), 24U);
  EXPECT_EQ(format_time(frame.steps.front()), "2026-11-21T23:00:00.000Z");
  EXPECT_EQ(format_time(frame.end), "2026-11-22T23:00:00.000Z");
}

TEST(OverviewFrame, DaysBeginAtTheMidnightOfTheirPlaceAlsoWhereTheClockChanges) {
  const Time now = *parse_time("2026-10-26T12:00:00Z");  // the clock was put back on the 25th
  const Frame days = *frame_of({Span::week, Step::day, "Europe/Berlin"}, now);
  ASSERT_EQ(days.steps.size(), 7U);
  EXPECT_EQ(format_time(days.steps.front()), "2026-10-19T22:00:00.000Z");
  EXPECT_EQ(format_time(days.steps.back()), "2026-10-25T23:00:00.000Z");
  const Frame by_hour = *frame_of({Span::week, Step::hour, "Europe/Berlin"}, now);
  EXPECT_EQ(by_hour.steps.size(), 7U * 24 + 1);
}

TEST(OverviewFrame, AheadAndBehindTheDaysAreRight) {
  const Time now = *parse_time("2026-11-21T11:00:00Z");
  EXPECT_EQ(format_time(frame_of({Span::today, Step::day, "Pacific/Kiritimati"}, now)->steps.front()),
            "2026-11-21T10:00:00.000Z");
  EXPECT_EQ(format_time(frame_of({Span::today, Step::day, "Pacific/Pago_Pago"}, now)->steps.front()),
            "2026-11-21T11:00:00.000Z");
}

TEST(OverviewQuery, WhatIsWrongIsNamed) {
  for (const auto& [name, value] : {std::pair{"span", "year"}, {"step", "minute"}, {"step", ""}}) {
    auto query = overview::query_of(request_of("admin", {{name, value}}));
    ASSERT_FALSE(query) << name;
    EXPECT_EQ(query.error().fields.front().pointer, name);
  }
  EXPECT_EQ(overview::query_of(request_of("admin", {{"span", "28d"}, {"step", "hour"}})).error().code, "step_invalid");
  // Of groups alone there is one kind of day: hours, or days that begin elsewhere, would tell smaller ones.
  EXPECT_EQ(overview::query_of(request_of("executive", {}))->step, Step::day);
  EXPECT_EQ(overview::query_of(request_of("executive", {{"step", "hour"}})).error().code, "step_invalid");
  EXPECT_EQ(overview::query_of(request_of("executive", {{"zone", "Etc/GMT+1"}})).error().code, "zone_invalid");
  EXPECT_EQ(frame_of({Span::today, Step::hour, "Mars/Olympus"}, kNow).error().code, "zone_invalid");
}

TEST(OverviewReasons, EachRuleHasWordsAndWhatIsUnknownIsShownAsItIs) {
  EXPECT_EQ(meaning_of("consent_missing").german, gate::text_of(gate::Rule::consent_missing, "de"));
  EXPECT_EQ(meaning_of("identity_unusable").english, "the id stands for nobody");
  EXPECT_EQ(meaning_of("something_new").german, "something_new");
}

// --- numbers --------------------------------------------------------------------------------------------------------

class OverviewTest : public EventsTest {
 protected:
  json::Value overview(Query query = {}) {
    const Frame frame = *frame_of(query, clock_.now());
    auto rows = overview::read(*events_, frame.first_hour);
    EXPECT_TRUE(rows);
    return overview::to_json(frame, *rows, *sources_);
  }
  static std::int64_t total(const json::Value& overview, std::string_view touchpoint) {
    for (const json::Value& item : overview["touchpoints"]) {
      if (item["touchpoint"] == touchpoint) return item["total"];
    }
    return 0;
  }
  static std::int64_t events_of(const json::Value& reasons, std::string_view name, std::string_view value) {
    std::int64_t all = 0;
    for (const json::Value& item : reasons) {
      if (item[std::string(name)] == value) all += item["events"].get<std::int64_t>();
    }
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, OverviewTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(OverviewTest, EventsCountInTheHourInWhichTheyHappened) {
  submit("shop", {event("m1", kNow), event("m2", kNow - hours{1}), event("m3", kNow - hours{1}),
                  event("m4", kNow - hours{13})});  // the last: yesterday
  submit("app", {event("m5", kNow, "u2")});
  const json::Value today = overview();
  EXPECT_EQ(total(today, "shop"), 3);
  EXPECT_EQ(total(today, "app"), 1);
  for (const json::Value& item : today["touchpoints"]) {
    if (item["touchpoint"] != "shop") continue;
    EXPECT_EQ(item["steps"][11], 2);
    EXPECT_EQ(item["steps"][12], 1);
  }
  EXPECT_EQ(total(overview({Span::week, Step::day, "UTC"}), "shop"), 4);
}

TEST_P(OverviewTest, ARetryCountsNothing) {
  submit("shop", {event("m1")});
  submit("shop", {event("m1")});
  EXPECT_EQ(total(overview(), "shop"), 1);
  EXPECT_EQ(overview()["customers"]["total"], 1);
}

TEST_P(OverviewTest, OnlyWhoIsSeenForTheFirstTimeIsNew) {
  submit("shop", {event("m1", kNow, "u1"), event("m2", kNow, "u1"), event("m3", kNow, "u2")});
  submit("shop", {event("m4", kNow, "u1")});
  Intake visit = event("m5");
  visit.user_id.reset();
  visit.anonymous_id = "browser-1";
  submit("shop", {visit});
  EXPECT_EQ(overview()["customers"]["total"], 2) << "browsers are nobody yet";
  EXPECT_EQ(overview()["customers"]["steps"][12], 2);
}

TEST_P(OverviewTest, RefusalsSayThePurposeAndTheRule) {
  submit("ads", {event("m1"), event("m2")});
  submit("shop", {event("m3")});  // stored, though not for marketing
  const json::Value refused = overview()["refused"];
  EXPECT_EQ(refused["total"], 2);
  EXPECT_EQ(events_of(refused["reasons"], "rule", "consent_missing"), 3);
  EXPECT_EQ(events_of(refused["reasons"], "purpose", "PersonalisedAdvertising"), 2);
  EXPECT_EQ(refused["reasons"][0]["meaning"]["de"], gate::text_of(gate::Rule::consent_missing, "de"));
}

TEST_P(OverviewTest, WhatAPlanLeavesOutIsCountedWithoutItsName) {
  sources::Plan plan;
  plan.declared = true;
  plan.events = {{"Viewed", {"product"}}};
  ASSERT_TRUE(sources_->set_plan("shop", plan));
  Intake viewed = event("m1");
  viewed.properties = json::Value{{"annas_secret", 1}, {"other", 2}};
  submit("shop", {viewed});
  const std::string text = json::dump(overview());
  EXPECT_EQ(events_of(overview()["refused"]["reasons"], "rule", "field_undeclared"), 2);
  EXPECT_EQ(text.find("annas_secret"), std::string::npos);
}

TEST_P(OverviewTest, RejectedInputIsCountedByItsCodeAndOutlivesARestart) {
  Intake nobody = event("m1", kNow, "null");
  submit("shop", {nobody, event("m2")});
  events_->tally().reject(nullptr, "write_key_unknown", kNow);
  ASSERT_TRUE(events_->tally().flush());
  events_->stop();
  close();
  open();
  const json::Value rejected = overview()["rejected"];
  EXPECT_EQ(rejected["total"], 2);
  EXPECT_EQ(events_of(rejected["reasons"], "code", "identity_unusable"), 1);
  EXPECT_EQ(events_of(rejected["reasons"], "source", "shop"), 1);
  EXPECT_EQ(events_of(rejected["reasons"], "code", "write_key_unknown"), 1);
}

TEST_P(OverviewTest, WhatWaitsIsWrittenWhenItStops) {
  for (int i = 0; i < 10; ++i) events_->tally().reject(nullptr, "json_malformed", kNow);
  events_->stop();
  EXPECT_EQ(overview()["rejected"]["total"], 10);
}

TEST_P(OverviewTest, OfTestSourcesNothingIsCounted) {
  sources::Source source;
  source.id = "lab";
  source.touchpoint = "lab";
  source.country = "DE";
  source.trust = sources::Trust::server;
  source.mode = sources::Mode::test;
  source.purposes = {{Purpose::CustomerCare, Basis::contract}};
  ASSERT_TRUE(sources_->add(source));
  submit("lab", {event("m1"), event("m2", kNow, "null")});
  ASSERT_TRUE(events_->tally().flush());
  const json::Value today = overview();
  EXPECT_EQ(total(today, "lab"), 0);
  EXPECT_EQ(today["customers"]["total"], 0);
  EXPECT_EQ(today["rejected"]["total"], 0);
  EXPECT_EQ(today["sources"], 4) << "live ones";
}

TEST_P(OverviewTest, SmallGroupsAreLeftOutOfEveryNumber) {
  submit("shop", {event("m1", kNow, "u1"), event("m2", kNow, "u2"), event("m3", kNow - hours{1}, "u3")});
  for (int i = 0; i < 5; ++i) submit("app", {event("a" + std::to_string(i), kNow, "u9")});
  submit("ads", {event("m4")});
  const json::Value today = overview({Span::today, Step::hour, "UTC", "", true});
  EXPECT_EQ(total(today, "shop"), 0);
  EXPECT_EQ(total(today, "app"), 5);
  EXPECT_EQ(today["customers"]["total"], 0);
  EXPECT_EQ(today["refused"]["total"], 0);
  EXPECT_TRUE(today["refused"]["reasons"].empty());
}

TEST_P(OverviewTest, WhatIsTooOldIsNotCountedByTheHourAndIsRemoved) {
  submit("shop", {event("m1", kNow - std::chrono::days{60}), event("m2")});
  EXPECT_EQ(count("eu", "events_hour"), 3) << "an event, its refusal for marketing, somebody new";
  ASSERT_TRUE(events_->forget_refused(kNow + std::chrono::days{36}));
  EXPECT_EQ(count("eu", "events_hour"), 0);
}

// --- live -----------------------------------------------------------------------------------------------------------

class OverviewLiveTest : public OverviewTest {
 protected:
  static constexpr std::chrono::milliseconds kQuick{1};

  std::unique_ptr<Live> live(Live::Pace pace = {kQuick, std::chrono::hours{1}, 0}) {
    return std::make_unique<Live>(*events_, *sources_, clock_, pace);
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, OverviewLiveTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(OverviewLiveTest, TellsAtOnceAndThenWhatChanged) {
  auto watched = live();
  auto ear = std::make_shared<Ear>();
  ASSERT_TRUE(watched->admit(request_of(), {}));
  watched->watch("staff:1", {}, ear);
  EXPECT_EQ(total(ear->next("overview"), "shop"), 0);
  submit("shop", {event("m1")});
  EXPECT_EQ(total(ear->next("overview"), "shop"), 1);
  events_->tally().reject(nullptr, "json_malformed", kNow);
  ASSERT_TRUE(events_->tally().flush());
  EXPECT_EQ(ear->next("overview")["rejected"]["total"], 1);
}

TEST_P(OverviewLiveTest, EachHearsWhatTheyAskedFor) {
  submit("shop", {event("m1", kNow - hours{30})});
  auto watched = live();
  auto today = std::make_shared<Ear>();
  auto week = std::make_shared<Ear>();
  watched->watch("staff:1", {}, today);
  watched->watch("staff:1", {Span::week, Step::day, "UTC"}, week);
  EXPECT_EQ(total(today->next("overview"), "shop"), 0);
  EXPECT_EQ(total(week->next("overview"), "shop"), 1);
}

TEST_P(OverviewLiveTest, ItEndsWhenTheSessionEnds) {
  Keeper keeper(
      [](const http::Request&) -> Result<void> { return fail(ErrorKind::unauthenticated, "session_invalid", ""); },
      kQuick);
  auto watched = live();
  auto ear = std::make_shared<Ear>();
  watched->watch("staff:1", {}, keeper.keep(request_of(), ear));
  EXPECT_TRUE(ear->next("over").is_object());
}

TEST_P(OverviewLiveTest, ASourceThatGoesOverToAnotherUnitTakesItsNumbersAlong) {
  submit("shop", {event("m1")});
  auto watched = live();
  auto ear = std::make_shared<Ear>();
  watched->watch("staff:1", {Span::today, Step::hour, "UTC", "south"}, ear);
  EXPECT_EQ(total(ear->next("overview"), "shop"), 0);
  ASSERT_TRUE(sources_->set_unit("shop", "south/munich"));
  EXPECT_EQ(total(ear->next("overview"), "shop"), 1);
  ASSERT_TRUE(sources_->set_unit("shop", "north"));
  EXPECT_EQ(total(ear->next("overview"), "shop"), 0);
}

TEST_P(OverviewLiveTest, AQuietOneHasABeat) {
  auto watched = live({kQuick, kQuick, 0});
  auto ear = std::make_shared<Ear>();
  watched->watch("staff:1", {}, ear);
  EXPECT_TRUE(ear->next("beat").is_object());
}

TEST_P(OverviewLiveTest, WindowsHaveALimitAndWhoIsGoneMakesRoom) {
  auto watched = live({std::chrono::hours{1}, std::chrono::hours{1}, 0});
  std::vector<std::shared_ptr<Ear>> ears;
  while (watched->admit(request_of(), {})) {
    ears.push_back(std::make_shared<Ear>());
    watched->watch("staff:1", {}, ears.back());
    ASSERT_LE(ears.size(), Live::kMaxOfOne);
  }
  EXPECT_EQ(ears.size(), Live::kMaxOfOne);
  http::Request somebody_else = request_of();
  somebody_else.principal.id = "staff:2";
  EXPECT_TRUE(watched->admit(somebody_else, {}));
  ears.front()->go();
  EXPECT_TRUE(watched->admit(request_of(), {}));
}

}  // namespace
}  // namespace handschlag::events
