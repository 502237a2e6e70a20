#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "features/demo/cast.h"
#include "features/demo/demo.h"
#include "platform/base/clock.h"
#include "platform/json/json.h"

namespace handschlag::demo {
namespace {

constexpr std::size_t kPeople = 3'000;
const Time kUntil = *parse_time("2026-11-23T00:00:00Z");

TEST(Declarations, TellOfTheCrowdAloneAndOfBothAnswers) {
  std::map<std::string, std::string> emails;
  for (const Person& person : make_crowd(kPeople)) emails[person.user_id] = person.email;
  std::map<std::string, int> acts;
  for (const std::string& part : declarations(kPeople, kUntil)) {
    std::istringstream lines(part);
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      const json::Value said = *json::parse(line);
      EXPECT_EQ(emails.at(said.at("key").get<std::string>()), said.at("address").get<std::string>());
      EXPECT_LT(*parse_time(said.at("said_at").get<std::string>()), kUntil);
      ++acts[said.at("act").get<std::string>()];
    }
    EXPECT_LE(count, 2'000U);
  }
  EXPECT_EQ(acts.size(), 3U);
  for (const auto& [act, count] : acts) EXPECT_GT(count, 50) << act;
}

TEST(Declarations, AreTheSameEveryTime) {
  EXPECT_EQ(declarations(50, kUntil), declarations(50, kUntil));
}

}  // namespace
}  // namespace handschlag::demo
