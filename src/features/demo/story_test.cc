#include "features/demo/story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "features/demo/company.h"
#include "features/demo/intake.h"
#include "platform/base/money.h"

namespace handschlag::demo {
namespace {

using events::EventType;
using events::Intake;

const Time kEnd = *parse_time("2026-11-21");

std::vector<Intake> all_intakes(const Story& story) {
  std::vector<sources::Source> company = declare_sources();
  std::vector<Intake> out;
  for (const Happening& happening : story.happenings) {
    const auto& source = company[static_cast<std::size_t>(place_of(happening.what))];
    out.push_back(make_intake(story, happening, source, kEnd));
  }
  return out;
}

std::string fingerprint(const Intake& event) {
  return event.message_id + format_time(event.occurred) + event.name + event.properties->dump() + event.traits->dump() +
         event.context + event.user_id.value_or("-") + event.anonymous_id.value_or("-");
}

TEST(DemoStory, IsTheSameEveryTime) {
  std::vector<Intake> first = all_intakes(tell_story(40, kEnd));
  std::vector<Intake> second = all_intakes(tell_story(40, kEnd));
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) ASSERT_EQ(fingerprint(first[i]), fingerprint(second[i]));
}

TEST(DemoStory, FillsAYearAtEveryTouchpointOldestFirst) {
  Story story = tell_story(3'000, kEnd);
  EXPECT_GT(story.happenings.size(), 150'000U);
  EXPECT_LT(story.happenings.size(), 250'000U);
  EXPECT_TRUE(std::is_sorted(story.happenings.begin(), story.happenings.end(),
                             [](const Happening& a, const Happening& b) { return a.at < b.at; }));
  EXPECT_GE(story.happenings.front().at, kEnd - std::chrono::days(365));
  EXPECT_LT(story.happenings.back().at, kEnd);
  EXPECT_GT(story.happenings.back().at, kEnd - std::chrono::days(1));
  std::map<Place, std::size_t> places;
  for (const Happening& happening : story.happenings) ++places[place_of(happening.what)];
  EXPECT_EQ(places.size(), kPlaces);
  for (const auto& [place, count] : places) EXPECT_GT(count, 300U) << static_cast<int>(place);
}

TEST(DemoStory, NamesEveryEventOnceASource) {
  Story story = tell_story(200, kEnd);
  std::set<std::string> ids;
  for (const Intake& event : all_intakes(story)) EXPECT_TRUE(ids.insert(event.message_id).second) << event.message_id;
}

TEST(DemoStory, SendsWhatTheSourcesWouldSend) {
  std::map<std::string, int> names;
  for (const Intake& event : all_intakes(tell_story(200, kEnd))) {
    EXPECT_TRUE(event.history);
    EXPECT_EQ(event.original, event.occurred);
    EXPECT_FALSE(event.country.empty());
    EXPECT_TRUE((event.consented & event.refused).empty());
    EXPECT_EQ(event.type == EventType::identify, event.name.empty());
    ++names[event.name];
    if (events::measure_of(event.type, event.name).empty()) continue;
    auto amount = events::amount_of(event.properties.view());
    ASSERT_TRUE(amount) << event.name;
    EXPECT_TRUE(is_currency_code(amount->currency));
    EXPECT_GT(amount->micros, 0);
  }
  for (const char* name : {"Product Viewed", "Order Completed", "Order Cancelled", "Order Refunded", "Order Delivered",
                           "Call Answered", "Mail Answered", "Message Received", "Ride Recorded"}) {
    EXPECT_GT(names[name], 0) << name;
  }
}

TEST(DemoStory, EndsInTheMiddleOfThings) {
  Story story = tell_story(3'000, kEnd);
  std::set<std::uint32_t> shipped;
  std::set<std::uint32_t> delivered;
  for (const Happening& happening : story.happenings) {
    if (happening.what == What::order_shipped) shipped.insert(happening.order);
    if (happening.what == What::order_delivered) delivered.insert(happening.order);
  }
  EXPECT_LT(delivered.size(), shipped.size()) << "some parcels are still on their way";
}

}  // namespace
}  // namespace handschlag::demo
