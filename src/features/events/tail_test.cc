#include "features/events/tail.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace handschlag::events {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Ear final : public http::EventSink {
 public:
  bool send(std::string_view event, std::string_view data, std::string_view) override {
    if (gone) return false;
    heard.emplace_back(event, data);
    return true;
  }
  bool closed() const override { return gone; }

  // The reports, parsed.
  std::vector<json::Value> taken() const {
    std::vector<json::Value> out;
    for (const auto& [event, data] : heard) {
      if (event == "taken") out.push_back(json::parse(data).value());
    }
    return out;
  }

  bool gone = false;
  std::vector<std::pair<std::string, std::string>> heard;
};

const Time kAt = *parse_time("2026-11-22T12:00:00.000Z");
const Outcome kStored;

sources::Source source(std::int64_t number) {
  sources::Source out;
  out.number.value = number;
  return out;
}

Prepared viewed() {
  Prepared event;
  event.intake.name = "Product Viewed";
  event.intake.message_id = "message-1";
  event.intake.user_id = "user-1";
  event.intake.keys.emplace_back(identity::KeyKind::email, "anna@example.org");
  event.decision = gate::Decision::allow;
  event.purposes = {gate::Purpose::CustomerCare};
  event.payload = R"({"properties":{"secret":"never"}})";
  event.refusals = {{"DirectMarketing", "consent_missing"}};
  return event;
}

std::shared_ptr<Ear> listen(Tail& tail, std::int64_t number, const std::string& who = "staff:1") {
  auto ear = std::make_shared<Ear>();
  EXPECT_TRUE(tail.admit(who).has_value());
  tail.watch(number, who, ear);
  return ear;
}

TEST(Tail, WhereNobodyWatchesNothingIsTold) {
  Tail tail;
  EXPECT_EQ(tail.begin(source(1), kAt), nullptr);
  listen(tail, 1);
  EXPECT_NE(tail.begin(source(1), kAt), nullptr);
  EXPECT_EQ(tail.begin(source(2), kAt), nullptr);
}

TEST(Tail, TellsWhatBecameOfAnEventAndNothingPersonal) {
  Tail tail;
  auto ear = listen(tail, 1);
  auto report = tail.begin(source(1), kAt);
  report->add(viewed());
  tail.tell(*report, &kStored);
  ASSERT_EQ(ear->taken().size(), 1U);
  const json::Value told = ear->taken().front()["events"][0];
  EXPECT_EQ(told["name"], "Product Viewed");
  EXPECT_EQ(told["outcome"], "linked");
  EXPECT_EQ(told["purposes"], json::Value::array({"CustomerCare"}));
  EXPECT_EQ(told["reasons"][0]["reason"], "consent_missing");
  for (std::string_view personal : {"user-1", "anna@example.org", "never", "message-1"}) {
    EXPECT_THAT(ear->heard.back().second, Not(HasSubstr(std::string(personal))));
  }
}

TEST(Tail, NamesOfPagesAreNotTold) {
  Tail tail;
  auto ear = listen(tail, 1);
  for (EventType type : {EventType::page, EventType::screen}) {
    Prepared event = viewed();
    event.intake.type = type;
    event.intake.name = "Letter to Anna";
    auto report = tail.begin(source(1), kAt);
    report->add(event);
    report->add_rejected(type, "Letter to Anna", "identity_unusable", "no usable identity");
    tail.tell(*report, &kStored);
    EXPECT_THAT(ear->heard.back().second, Not(HasSubstr("Anna")));
  }
}

TEST(Tail, ALargeBatchIsCountedBeyondWhatIsTold) {
  Tail tail;
  auto ear = listen(tail, 1);
  auto report = tail.begin(source(1), kAt);
  for (std::size_t i = 0; i < TailReport::kMaxEvents + 5; ++i) report->add(viewed());
  tail.tell(*report, &kStored);
  const json::Value told = ear->taken().front();
  EXPECT_EQ(told["count"], TailReport::kMaxEvents + 5);
  EXPECT_EQ(told["events"].size(), TailReport::kMaxEvents);
}

TEST(Tail, WhatWasNotStoredIsToldAsSuch) {
  Tail tail;
  auto ear = listen(tail, 1);
  auto report = tail.begin(source(1), kAt);
  report->add(viewed());
  tail.tell(*report, nullptr);
  EXPECT_EQ(ear->taken().front()["stored"], false);
}

TEST(Tail, WhoIsGoneIsForgotten) {
  Tail tail;
  auto gone = listen(tail, 1);
  auto here = listen(tail, 1);
  gone->gone = true;
  auto report = tail.begin(source(1), kAt);
  report->add(viewed());
  tail.tell(*report, &kStored);
  EXPECT_EQ(here->taken().size(), 1U);
  here->gone = true;
  tail.tell(*report, &kStored);
  EXPECT_EQ(tail.begin(source(1), kAt), nullptr);
}

TEST(Tail, TooManyWatchersAreRefusedUntilSomebodyLeaves) {
  Tail tail;
  std::vector<std::shared_ptr<Ear>> ears;
  while (ears.size() < Tail::kMaxWatchers) ears.push_back(listen(tail, 1, "staff:" + std::to_string(ears.size() / 2)));
  auto refused = tail.admit("staff:999");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "watchers_many");
  ears.front()->gone = true;
  EXPECT_TRUE(tail.admit("staff:999").has_value());
}

TEST(Tail, NobodyTakesAllPlaces) {
  Tail tail;
  std::vector<std::shared_ptr<Ear>> ears;
  while (ears.size() < Tail::kMaxOfOne) ears.push_back(listen(tail, 1));
  auto refused = tail.admit("staff:1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::too_many);
  EXPECT_EQ(refused.error().code, "watching_many");
  EXPECT_GT(refused.error().retry_after.count(), 0);
  EXPECT_TRUE(tail.admit("staff:11").has_value()) << "others are not in the way";
  ears.back()->gone = true;
  EXPECT_TRUE(tail.admit("staff:1").has_value());
}

TEST(Tail, AReasonHasACodeAndWordsInBothLanguages) {
  Tail tail;
  auto ear = listen(tail, 1);
  auto report = tail.begin(source(1), kAt);
  report->add(viewed());
  report->add_undecodable("event_missing", "A track needs its event.");
  tail.tell(*report, &kStored);
  const json::Value told = ear->taken().front()["events"];
  EXPECT_NE(told[0]["reasons"][0]["meaning"]["de"], told[0]["reasons"][0]["meaning"]["en"]);
  EXPECT_TRUE(told[0]["reasons"][0]["detail"].is_null());
  const json::Value rejected = told[1]["reasons"][0];
  EXPECT_EQ(rejected["reason"], "event_missing");
  EXPECT_EQ(rejected["meaning"]["de"], "der Name des Ereignisses fehlt");
  EXPECT_EQ(rejected["detail"], "A track needs its event.");
}

}  // namespace
}  // namespace handschlag::events
