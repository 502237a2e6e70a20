// Taking in and reading back, over real regions, vaults and sources.
#include "features/events/events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "features/events/segments.h"
#include "features/events/store.h"
#include "features/events/testing/house.h"

namespace handschlag::events {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

INSTANTIATE_TEST_SUITE_P(Backends, EventsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

using std::chrono::hours;
using std::chrono::minutes;

TEST_P(EventsTest, WhatIsTakenInIsReadBackWhole) {
  Intake intake = event("m1", kNow - minutes(5));
  intake.properties = json::Value{{"product", "Tee – 日本"}};
  intake.consented = {Purpose::DirectMarketing};
  EXPECT_EQ(submit("shop", {intake}).stored, 1U);
  auto events = timeline("eu", {});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].body["name"], "Viewed");
  EXPECT_EQ(events[0].body["properties"]["product"], "Tee – 日本");
  EXPECT_EQ(events[0].occurred_at, kNow - minutes(5));
  EXPECT_EQ(events[0].received_at, kNow);
  EXPECT_EQ(events[0].source, sources_->find("shop")->number.value);
  EXPECT_EQ(events[0].purposes, (PurposeSet{Purpose::CustomerOrderManagement, Purpose::DirectMarketing}));
  EXPECT_THAT(projection_.messages, ElementsAre("m1"));
}

TEST_P(EventsTest, WhatStaffTellsOfSomebodyKnownMakesAndJoinsNobody) {
  Intake first = event("m1");
  first.keys.emplace_back(identity::KeyKind::phone, "+4915123456789");
  submit("shop", {first});
  Intake note = event("n1");
  note.user_id.reset();
  note.person = identity::Key{identity::KeyKind::user_id, "all", "u1"};
  EXPECT_EQ(submit("app", {note}).stored, 1U);
  EXPECT_THAT(messages("eu", {}), UnorderedElementsAre("m1", "n1"));
  EXPECT_EQ(count("eu", "identity_identity"), 1);
  EXPECT_EQ(count("eu", "identity_link"), 0);
}

TEST_P(EventsTest, TimelinePagesRunNewestFirstWhateverTheOrderOfArrival) {
  std::vector<std::string> expected;
  std::vector<Intake> batch;
  for (int i = 0; i < 23; ++i) {
    expected.push_back(fmt::format("m{}", i));
    batch.push_back(event(expected.back(), kNow - minutes(i / 2)));  // two at a time: then the later arrival is first
  }
  std::vector<Intake> shuffled = batch;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(7));  // NOLINT(bugprone-random-generator-seed)
  for (std::size_t i = 0; i < shuffled.size(); i += 5) {
    submit("shop", std::vector(shuffled.begin() + static_cast<std::ptrdiff_t>(i),
                               shuffled.begin() + static_cast<std::ptrdiff_t>(std::min(i + 5, shuffled.size()))));
  }
  TimelineQuery query;
  query.limit = 4;
  std::vector<Event> seen;
  for (auto page = timeline("eu", query); !page.empty(); page = timeline("eu", query)) {
    EXPECT_LE(page.size(), 4U);
    query.before = Position{page.back().occurred_at, page.back().seq};
    seen.insert(seen.end(), page.begin(), page.end());
  }
  EXPECT_THAT(messages(seen), testing::UnorderedElementsAreArray(expected));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), [](const Event& a, const Event& b) {
    return std::pair(a.occurred_at, a.seq) > std::pair(b.occurred_at, b.seq);
  }));
}

TEST_P(EventsTest, ALateArrivalStandsWhereItBelongs) {
  submit("shop", {event("new", kNow), event("old", kNow - hours(48))});
  TimelineQuery one;
  one.limit = 1;
  auto first = timeline("eu", one);
  submit("shop", {event("late", kNow - hours(24))});
  TimelineQuery next;
  next.before = Position{first[0].occurred_at, first[0].seq};
  EXPECT_THAT(messages("eu", next), ElementsAre("late", "old"));
}

TEST_P(EventsTest, WhatAFilterRulesOutIsNotLookedInto) {
  submit("shop", {event("m1")});
  ASSERT_TRUE(cell("eu").region->writer().run([](db::Transaction& tx) -> Result<void> {
    TRY(store::allocate(tx, store::kSegmentEvents));
    return store::insert_filter(tx, 0, make_filter({}));  // as no job would write it
  }));
  EXPECT_THAT(messages(), IsEmpty());
}

TEST_P(EventsTest, TimelineIsFilteredBySourceTypeAndPurpose) {
  Intake page = event("page", kNow - minutes(1));
  page.type = EventType::page;
  submit("shop", {event("track"), page});
  submit("app", {event("care", kNow - minutes(2))});
  TimelineQuery query;
  query.sources = {sources_->find("app")->number.value};
  EXPECT_THAT(messages("eu", query), ElementsAre("care"));
  query.sources.push_back(sources_->find("shop")->number.value);
  EXPECT_THAT(messages("eu", query), ElementsAre("track", "page", "care"));
  query = {};
  query.type = EventType::page;
  EXPECT_THAT(messages("eu", query), ElementsAre("page"));
  EXPECT_THAT(messages(timeline("eu", {}, "u1", {Purpose::CustomerCare})), ElementsAre("care"));
  EXPECT_THAT(timeline("eu", {}, "u1", {Purpose::DirectMarketing}), IsEmpty());
}

TEST_P(EventsTest, ARetryChangesNothing) {
  auto first = submit("shop", {event("m1"), event("m1"), event("m2")});
  EXPECT_EQ(first.stored, 2U);
  EXPECT_EQ(first.duplicates, 1U) << "within one batch";
  Intake retried = event("m1");
  retried.received += minutes(10);
  auto second = submit("shop", {retried, event("m2"), event("m3")});
  EXPECT_EQ(second.stored, 1U);
  EXPECT_EQ(second.duplicates, 2U);
  EXPECT_EQ(submit("app", {event("m1")}).stored, 1U) << "another source has message ids of its own";
  close();
  open();
  EXPECT_EQ(submit("shop", {event("m1"), event("m2"), event("m3")}).duplicates, 3U) << "also after a restart";
  EXPECT_EQ(timeline("eu", {}).size(), 4U);
  EXPECT_EQ(projection_.messages.size(), 4U);
}

TEST_P(EventsTest, RefusedEventsLeaveATombstoneFor30DaysAndACount) {
  EXPECT_EQ(submit("ads", {event("m1"), event("m2")}).refused, 2U);
  EXPECT_EQ(count("eu", "events_event") + count("eu", "events_unlinked"), 0);
  EXPECT_EQ(count("eu", "events_tombstone"), 2);
  EXPECT_EQ(count("eu", "identity_identity"), 0) << "nobody is made from what was refused";
  Intake consented = event("m1");
  consented.consented = {Purpose::PersonalisedAdvertising};
  EXPECT_EQ(submit("ads", {consented}).duplicates, 1U) << "a retry does not get in";
  auto refusals = events_->refusals();
  ASSERT_TRUE(refusals);
  ASSERT_EQ(refusals->size(), 1U);
  EXPECT_EQ((*refusals)[0].subject, "PersonalisedAdvertising");
  EXPECT_EQ((*refusals)[0].reason, "consent_missing");
  EXPECT_EQ((*refusals)[0].source, "ads");
  EXPECT_EQ((*refusals)[0].day, "2026-11-21");
  EXPECT_EQ((*refusals)[0].events, 2);
  ASSERT_TRUE(events_->forget_refused(kNow + hours(30 * 24)));
  EXPECT_EQ(count("eu", "events_tombstone"), 2);
  ASSERT_TRUE(events_->forget_refused(kNow + hours(30 * 24) + minutes(1)));
  EXPECT_EQ(count("eu", "events_tombstone"), 0);
}

TEST_P(EventsTest, UnlinkedRowsHoldNoClientIds) {
  Intake intake = event("secret-message", kNow - minutes(7), "secret-user");
  intake.anonymous_id = "secret-browser";
  intake.properties = json::Value{{"total", 5}, {"note", "secret-note"}};
  EXPECT_EQ(submit("web", {intake}).unlinked, 1U);
  EXPECT_EQ(count("eu", "identity_identity"), 0);
  EXPECT_EQ(count("eu", "events_event"), 0);
  std::string payload;
  ASSERT_TRUE(cell("eu").region->data().read([&](db::Transaction& tx) -> Result<void> {
    auto key = TRY(vaults_[0]->secret("unlinked:2026-11-21"));
    return tx.query("SELECT event_id, sealed, occurred_hour FROM events_unlinked", {}, [&](const db::Row& row) {
      auto opened = crypto::open(key, row.blob(1), fmt::format("events_unlinked|{}", crypto::to_hex(row.blob(0))));
      ASSERT_TRUE(opened);
      payload = *opened;
      EXPECT_EQ(row.integer(2), to_millis(kNow) / 3'600'000 - 1) << "the hour, no finer";
    });
  }));
  EXPECT_THAT(payload, testing::HasSubstr("\"total\":5"));
  EXPECT_THAT(payload, testing::Not(testing::HasSubstr("secret")));
  EXPECT_EQ(submit("web", {intake}).duplicates, 1U);
}

TEST_P(EventsTest, BadEventsAreReportedByTheirPlaceAndTheGoodAreStored) {
  Intake large = event("large");
  large.properties = json::Value{{"text", std::string(40'000, 'x')}};
  auto outcome = submit("shop", {event("m1"), event("m2", kNow, "null"), large, event("m4")});
  EXPECT_EQ(outcome.stored, 2U);
  ASSERT_EQ(outcome.rejected.size(), 2U);
  EXPECT_EQ(outcome.rejected[0].index, 1U);
  EXPECT_EQ(outcome.rejected[1].index, 2U);
  EXPECT_EQ(submit("shop", {event("m5", kNow, "null")}).rejected.size(), 1U) << "nothing good is an answer too";
  EXPECT_EQ(submit("shop", {}).stored, 0U);
}

TEST_P(EventsTest, TotalsAddUpBySourceCountryMeasureAndCurrency) {
  auto order = [](std::string message, const char* total, const char* currency, const char* country) {
    Intake intake = event(std::move(message));
    intake.name = "Order Completed";
    intake.properties = json::Value{{"total", total}, {"currency", currency}};
    intake.country = country;
    return intake;
  };
  submit("shop", {order("m1", "10.50", "EUR", "DE"), order("m2", "0.25", "EUR", "DE")});
  submit("shop", {order("m1", "10.50", "EUR", "DE"), order("m3", "7", "USD", "DE")});
  submit("app", {event("m4")});
  auto shop = *events_->totals("shop");
  ASSERT_EQ(shop.size(), 3U);
  EXPECT_EQ(shop[0].measure, "events");
  EXPECT_EQ(shop[0].events, 3);
  EXPECT_EQ(shop[1].currency, "EUR");
  EXPECT_EQ(shop[1].events, 2);
  EXPECT_EQ(shop[1].amount_micros, 10'750'000);
  EXPECT_EQ(shop[2].currency, "USD");
  EXPECT_EQ(shop[2].amount_micros, 7'000'000);
  EXPECT_EQ(events_->totals("")->size(), 4U);
  EXPECT_EQ(events_->totals("nobody").error().kind, ErrorKind::not_found);
}

TEST_P(EventsTest, AbsurdSumsStopNobody) {
  for (int i = 0; i < 4; ++i) {
    Intake intake = event(fmt::format("m{}", i), kNow - hours(24 * (i / 2)));
    intake.name = "Order Completed";
    intake.properties = json::Value{{"total", "3900000000000"}, {"currency", "EUR"}};
    EXPECT_EQ(submit("shop", {intake}).stored, 1U);
  }
  auto totals = events_->totals("shop");
  ASSERT_TRUE(totals) << totals.error().detail;
  EXPECT_GT(totals->back().amount_micros, 4'000'000'000'000'000'000);
}

TEST_P(EventsTest, APersonStaysInTheRegionOfTheFirstCountry) {
  Intake first = event("m1");
  first.country = "US";
  Intake second = event("m2");
  second.country = "FR";
  submit("shop", {first, second});
  EXPECT_THAT(messages("us"), UnorderedElementsAre("m1", "m2"));
  close();
  open();
  Intake third = event("m3");
  third.country = "GB";
  EXPECT_EQ(submit("app", {third}).stored, 1U);
  EXPECT_EQ(timeline("us", {}).size(), 3U) << "after a restart, from another country";
  EXPECT_EQ(submit("shop", {event("m1"), second}).duplicates, 2U) << "a retry goes where the first went";
  EXPECT_EQ(count("eu", "events_event") + count("uk", "events_event"), 0);
  EXPECT_EQ(count("eu", "identity_key") + count("uk", "identity_key"), 0);
}

TEST_P(EventsTest, OneBatchMayGoToAllRegions) {
  std::vector<Intake> batch;
  for (const char* country : {"DE", "GB", "US", ""}) {
    batch.push_back(event(fmt::format("m{}", batch.size()), kNow, fmt::format("u{}", batch.size())));
    batch.back().country = country;
  }
  EXPECT_EQ(submit("shop", batch).stored, 4U);
  EXPECT_EQ(count("eu", "events_event"), 2) << "unknown goes where the source says, else home";
  EXPECT_EQ(count("uk", "events_event"), 1);
  EXPECT_EQ(count("us", "events_event"), 1);
  EXPECT_EQ(submit("shop", batch).duplicates, 4U);
}

TEST_P(EventsTest, ManyAtOnceStoreEachEventOnceInOneRegion) {
  constexpr std::size_t kClients = 8;
  std::vector<std::future<Outcome>> answers;
  for (std::size_t i = 0; i < kClients; ++i) {
    answers.push_back(std::async(std::launch::async, [this, i] {
      std::vector<Intake> batch;
      for (int j = 0; j < 20; ++j) {
        batch.push_back(event(fmt::format("m{}", j), kNow, fmt::format("u{}", j % 5)));
        batch.back().country = i % 2 == 0 ? "US" : "FR";
      }
      return submit("shop", batch);
    }));
  }
  std::size_t stored = 0;
  for (auto& answer : answers) stored += answer.get().stored;
  EXPECT_EQ(stored, 20U);
  EXPECT_EQ(count("eu", "events_event") + count("us", "events_event"), 20);
  EXPECT_EQ(count("eu", "identity_identity") + count("us", "identity_identity"), 5);
}

TEST_P(EventsTest, AnErasedPersonsEventsAreRefusedAndTheOthersStored) {
  submit("shop", {event("m1")});
  ASSERT_TRUE(vaults_[0]->destroy(find("eu", "u1"), vault::RetentionClass::ordinary));
  Intake again = event("m2");
  again.keys = {{identity::KeyKind::email, "anna@example.org"}};
  auto outcome = submit("shop", {again, event("m3", kNow, "u2")});
  EXPECT_EQ(outcome.refused, 1U);
  EXPECT_EQ(outcome.stored, 1U);
  EXPECT_THAT(timeline("eu", {}), IsEmpty());
  EXPECT_EQ(submit("shop", {again}).duplicates, 1U);
}

TEST_P(EventsTest, ALinkToAnErasedPersonDoesNotComeBackWithTheNextVisit) {
  Intake visit = event("m1");
  visit.anonymous_id = "browser-1";
  submit("shop", {visit});
  visit.message_id = "m2";
  submit("shop", {visit});  // both are known without a look-up by now
  ASSERT_EQ(count("eu", "identity_link"), 1);
  const IdentityId person = find("eu", "u1");
  ASSERT_TRUE(vaults_[0]->destroy(person, vault::RetentionClass::ordinary));
  auto subject = identity::create_subject_data();
  ASSERT_TRUE(cell("eu").region->writer().run(
      [&](db::Transaction& tx) { return subject->hide(tx, person, subjects::Removal::erased); }));
  ASSERT_EQ(count("eu", "identity_link"), 0);
  visit.message_id = "m3";
  EXPECT_EQ(submit("shop", {visit}).refused, 1U);
  EXPECT_EQ(count("eu", "identity_link"), 0);
}

TEST_P(EventsTest, NothingStaysWhereAProjectionFails) {
  projection_.failing = true;
  EXPECT_FALSE(try_submit("shop", {event("m1")}));
  EXPECT_EQ(count("eu", "events_event"), 0);
  projection_.failing = false;
  EXPECT_EQ(submit("shop", {event("m1")}).stored, 1U) << "so the retry gets in";
}

TEST_P(EventsTest, SinceGivesWhatCameAfterAPosition) {
  submit("shop", {event("m1"), event("m2", kNow, "u2")});
  auto read = [&](std::int64_t after) {
    std::vector<std::string> out;
    std::int64_t last = 0;
    EXPECT_TRUE(cell("eu").region->data().read([&](db::Transaction& tx) -> Result<void> {
      last = TRY(events_->last_seq(tx));
      return events_->since(tx, cell("eu"), find("eu", "u1"), after,
                            [&](const Event& entry) { out.push_back(entry.body["message_id"]); });
    }));
    return std::pair(out, last);
  };
  auto [all, position] = read(0);
  EXPECT_THAT(all, ElementsAre("m1"));
  submit("shop", {event("m3", kNow - hours(48))});
  EXPECT_THAT(read(position).first, ElementsAre("m3")) << "by arrival, not by occurrence";
}

TEST_P(EventsTest, AfterTheStopItSaysSo) {
  regions_->stop();
  auto outcome = try_submit("shop", {event("m1")});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace handschlag::events
