#include "features/customers/profile.h"

#include <gtest/gtest.h>

namespace handschlag::customers {
namespace {

constexpr gate::PurposeSet kOrders = {gate::Purpose::CustomerOrderManagement};
constexpr gate::PurposeSet kAnalytics = {gate::Purpose::ServiceUsageAnalytics};
constexpr std::int64_t kIdentity = 7;
constexpr Teller kFirst = {1, kIdentity};
constexpr Teller kSecond = {2, kIdentity};

events::Event event(std::int64_t seq, std::int64_t at, gate::PurposeSet purposes, events::EventType type,
                    json::Value body, std::int64_t source = 1) {
  return {seq, {kIdentity}, type, source, purposes, from_millis(at), from_millis(at), std::move(body)};
}

events::Event order(std::int64_t seq, const char* name, const char* revenue, const char* currency = "EUR") {
  return event(seq, seq * 1000, kOrders, events::EventType::track,
               {{"name", name}, {"properties", {{"revenue", revenue}, {"currency", currency}}}});
}

TEST(Profile, CountsOrdersAndMoneyByCurrency) {
  Profile profile;
  profile.add(order(1, "Order Completed", "10.50"));
  profile.add(order(2, "Order Completed", "0.125"));
  profile.add(order(3, "Order Completed", "99", "GBP"));
  profile.add(order(4, "Order Cancelled", "-10.50"));
  profile.add(order(5, "Order Refunded", "0.125"));
  Sums sums = profile.for_purposes(kOrders);
  EXPECT_EQ(sums.orders, 3);
  EXPECT_EQ(sums.cancellations, 1);
  EXPECT_EQ(sums.refunds, 1);
  EXPECT_EQ(sums.money["EUR"].ordered, 10'625'000);
  EXPECT_EQ(sums.money["EUR"].cancelled, 10'500'000) << "a till's negative sum and a shop's positive one mean the same";
  EXPECT_EQ(sums.money["EUR"].refunded, 125'000);
  EXPECT_EQ(sums.money["GBP"].ordered, 99'000'000);
  EXPECT_EQ(profile.through_seq, 5);
}

TEST(Profile, FirstAndLastSeenGoByOccurrenceNotArrival) {
  Profile profile;
  profile.add(event(1, 5'000, kOrders, events::EventType::page, json::Value::object()));
  profile.add(event(2, 1'000, kOrders, events::EventType::page, json::Value::object(), 2));
  Sums sums = profile.for_purposes(kOrders);
  EXPECT_EQ(sums.all.first_at, 1'000);
  EXPECT_EQ(sums.all.last_at, 5'000);
  EXPECT_EQ(sums.sources[2].events, 1);
}

TEST(Profile, OtherPurposesStayOut) {
  Profile profile;
  profile.add(order(1, "Order Completed", "1"));
  profile.add(event(2, 2'000, kAnalytics, events::EventType::identify, {{"traits", {{"plan", "gold"}}}}));
  EXPECT_TRUE(profile.for_purposes(kOrders).traits.empty());
  EXPECT_EQ(profile.for_purposes(kOrders).all.events, 1);
  EXPECT_EQ(profile.for_purposes(kAnalytics).traits["plan"][kFirst].value, "gold");
  EXPECT_EQ(profile.for_purposes(kOrders | kAnalytics).all.events, 2);
  EXPECT_EQ(profile.for_purposes({}).all.events, 0);
}

TEST(Profile, IsToldApartBySource) {
  Profile profile;
  profile.add(order(1, "Order Completed", "1"));
  profile.add(event(2, 2'000, kAnalytics, events::EventType::identify, {{"traits", {{"plan", "gold"}}}}, 2));
  const auto second = [](std::int64_t source) { return source == 2; };
  EXPECT_EQ(profile.for_purposes(kOrders | kAnalytics, second).orders, 0);
  EXPECT_EQ(profile.for_purposes(kOrders | kAnalytics, second).all.events, 1);
  EXPECT_EQ(profile.for_purposes(kOrders, second).all.events, 0);
  EXPECT_EQ(profile.stored_for(second), kAnalytics);
  EXPECT_TRUE(profile.stored_for([](std::int64_t) { return false; }).empty());
}

TEST(Profile, NewestTraitOfEachSourceWins) {
  Profile profile;
  auto identify = [](std::int64_t seq, std::int64_t at, const char* city, std::int64_t source) {
    return event(seq, at, kOrders, events::EventType::identify, {{"traits", {{"city", city}}}}, source);
  };
  profile.add(identify(1, 2'000, "Kiel", 1));
  profile.add(identify(2, 1'000, "Bonn", 1));
  profile.add(identify(3, 1'500, "Ulm", 2));
  auto traits = profile.for_purposes(kOrders).traits;
  EXPECT_EQ(traits["city"][kFirst].value, "Kiel") << "an older value that arrives late does not win";
  EXPECT_EQ(traits["city"][kSecond].value, "Ulm");
}

TEST(Profile, WhatOneSourceTellsOfTwoPeopleStaysApartWhenTheyAreJoined) {
  auto named = [](std::int64_t identity, std::int64_t at, const char* name) {
    Profile profile;
    profile.add({at,
                 {identity},
                 events::EventType::identify,
                 1,
                 kOrders,
                 from_millis(at),
                 from_millis(at),
                 {{"traits", {{"name", name}}}}});
    return profile.for_purposes(kOrders);
  };
  Sums both = named(7, 1'000, "Anna");
  both.add(named(8, 2'000, "Kai"));
  EXPECT_EQ(both.traits["name"].size(), 2U);
  EXPECT_EQ((both.traits["name"][{1, 7}].value), "Anna");
  EXPECT_EQ((both.traits["name"][{1, 8}].value), "Kai");
  EXPECT_EQ(name_in(both), "Kai") << "the newest is what they are called";
}

TEST(Profile, ANameIsNeverMadeOfTheFirstOfOneAndTheLastOfAnother) {
  auto told = [](std::int64_t identity, std::int64_t at, json::Value traits) {
    Profile profile;
    profile.add({at,
                 {identity},
                 events::EventType::identify,
                 1,
                 kOrders,
                 from_millis(at),
                 from_millis(at),
                 {{"traits", std::move(traits)}}});
    return profile.for_purposes(kOrders);
  };
  Sums both = told(7, 2'000, {{"firstName", "Anna"}, {"lastName", "Vogel"}});
  both.add(told(8, 1'000, {{"firstName", "Kai"}, {"lastName", "Berg"}}));
  both.add(told(9, 3'000, {{"firstName", "Zoe"}}));
  EXPECT_EQ(name_in(both), "Anna Vogel");
  Sums halves = told(7, 1'000, {{"firstName", "Anna"}});
  halves.add(told(8, 2'000, {{"lastName", "Vogel"}}));
  EXPECT_EQ(name_in(halves), "Anna Vogel") << "each tells what the other does not";
  EXPECT_EQ(name_in(told(7, 1'000, {{"name", 5}})), "");
}

TEST(Profile, SurvivesBeingSaved) {
  Profile profile;
  profile.add(order(1, "Order Completed", "1"));
  profile.add(event(2, 2'000, kAnalytics, events::EventType::identify, {{"traits", {{"tags", {"a", "b"}}}}}));
  auto again = Profile::from_text(profile.to_text(), kIdentity);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->to_text(), profile.to_text());
  EXPECT_TRUE(again->for_purposes(kAnalytics).traits["tags"].contains(kFirst));
  EXPECT_FALSE(Profile::from_text(R"({"format":99})", 7));
}

TEST(Profile, HugeSumsStopAtTheLimit) {
  Profile profile;
  profile.add(order(1, "Order Completed", "9000000000000"));
  profile.add(order(2, "Order Completed", "9000000000000"));
  EXPECT_EQ(profile.for_purposes(kOrders).money["EUR"].ordered, INT64_MAX);
}

}  // namespace
}  // namespace handschlag::customers
