#include "platform/log/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "platform/base/clock.h"
#include "platform/json/json.h"
#include "platform/log/trace.h"

namespace handschlag {
namespace {

std::string written(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectALine) {
  std::string line = written([] {
    log::info("server started", {{"port", std::int64_t{8080}}, {"tls", false}, {"load", 0.5}, {"address", "::1"}});
  });
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_TRUE(line.starts_with(R"({"time":")"));
  auto value = json::parse(line);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["level"], "info");
  EXPECT_EQ((*value)["message"], "server started");
  EXPECT_EQ((*value)["port"], 8080);
  EXPECT_EQ((*value)["tls"], false);
  EXPECT_EQ((*value)["load"], 0.5);
  EXPECT_EQ((*value)["address"], "::1");
  EXPECT_TRUE(parse_time((*value)["time"].get<std::string>()).has_value());
}

TEST(Log, LinesOfAThreadNameItsTrace) {
  const log::Trace outer("aa");
  EXPECT_NE(written([] { log::info("a"); }).find(R"("trace_id":"aa"})"), std::string::npos);
  {
    const log::Trace inner("bb");
    EXPECT_NE(written([] { log::info("a", {{"n", std::int64_t{1}}}); }).find(R"("n":1,"trace_id":"bb"})"),
              std::string::npos);
  }
  EXPECT_EQ(log::Trace::current(), "aa");
  const std::string own = written([] { log::info("a", {{"trace_id", std::string_view("cc")}}); });
  EXPECT_NE(own.find(R"("trace_id":"cc"})"), std::string::npos);
  EXPECT_EQ(own.find("aa"), std::string::npos);
  std::thread([] { EXPECT_EQ(log::Trace::current(), ""); }).join();
}

TEST(Log, TextCannotForgeASecondLineOrField) {
  std::string line = written([] { log::error("a\n{\"b\":1} {}", {{"why", "x\"\n,\"y\":\"\xff"}}); });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  auto value = json::parse(line);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["message"], "a\n{\"b\":1} {}");
  EXPECT_FALSE(value->contains("y"));
}

TEST(Log, NumbersThatJsonDoesNotKnowAreNull) {
  std::string line = written([] { log::warning("n", {{"ratio", std::nan("")}}); });
  auto value = json::parse(line);
  ASSERT_TRUE(value.has_value());
  EXPECT_TRUE((*value)["ratio"].is_null());
}

TEST(Log, LinesBelowTheLevelAreNotWritten) {
  log::set_level(log::Level::warning);
  EXPECT_EQ(written([] { log::info("quiet"); }), "");
  EXPECT_NE(written([] { log::warning("loud"); }), "");
  log::set_level(log::Level::debug);
  EXPECT_NE(written([] { log::debug("chatty"); }), "");
  log::set_level(log::Level::info);
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  std::string text = written([] {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int line = 0; line < 50; ++line) log::info("tick", {{"line", std::int64_t{line}}});
      });
    }
  });
  int lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_TRUE(json::parse(std::string_view(text).substr(at, end - at)).has_value());
    at = end + 1;
  }
  EXPECT_EQ(lines, 200);
}

}  // namespace
}  // namespace handschlag
