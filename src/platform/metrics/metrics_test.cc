#include "platform/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace handschlag::metrics {
namespace {

using testing::HasSubstr;

TEST(Metrics, SameNameAndLabelsGiveTheSameObject) {
  Registry registry;
  Counter& first = registry.counter("requests_total", "Requests.", {{"operation", "ping"}});
  Counter& again = registry.counter("requests_total", "Requests.", {{"operation", "ping"}});
  Counter& other = registry.counter("requests_total", "Requests.", {{"operation", "pong"}});
  EXPECT_EQ(&first, &again);
  EXPECT_NE(&first, &other);
}

TEST(Metrics, RenderShowsWhatWasCounted) {
  Registry registry;
  registry.counter("requests_total", "Requests.", {{"operation", "ping"}}).add();
  registry.counter("requests_total", "Requests.", {{"operation", "ping"}}).add(2);
  registry.gauge("connections", "Open.").set(7);
  registry.gauge("connections", "Open.").add(-1);
  registry.histogram("seconds", "Duration.").observe(0.002);
  registry.histogram("sizes", "Bytes.", {}, {10, 100}).observe(50);
  std::string text = registry.render();
  EXPECT_THAT(text, HasSubstr("# HELP requests_total Requests.\n# TYPE requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{operation=\"ping\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("connections 6\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("sizes_bucket{le=\"10\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sizes_bucket{le=\"100\"} 1\n"));
}

TEST(Metrics, HistogramsOfOneNameStandTogether) {
  Registry registry;
  registry.histogram("seconds", "Duration.", {{"stage", "a"}}, {1}).observe(0.5);
  registry.histogram("bytes", "Size.", {}, {1}).observe(2);
  registry.histogram("seconds", "Duration.", {{"stage", "b"}}, {1}).observe(3);
  std::string text = registry.render();
  EXPECT_EQ(text.find("# TYPE seconds histogram"), text.rfind("# TYPE seconds histogram"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{stage=\"a\",le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{stage=\"b\",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_sum{stage=\"b\"} 3\n"));
}

TEST(Metrics, ManyThreadsObserveTogether) {
  Registry registry;
  Histogram& histogram = registry.histogram("seconds", "Duration.", {}, {1});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&histogram] {
        for (int n = 0; n < 1000; ++n) histogram.observe(1);
      });
    }
  }
  EXPECT_THAT(registry.render(), HasSubstr("seconds_bucket{le=\"1\"} 4000\n"));
  EXPECT_THAT(registry.render(), HasSubstr("seconds_sum 4000\n"));
}

TEST(Metrics, ManyThreadsCountTogether) {
  Registry registry;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&registry] {
        for (int n = 0; n < 1000; ++n) registry.counter("total", "Total.").add();
      });
    }
  }
  EXPECT_THAT(registry.render(), HasSubstr("total 4000\n"));
}

}  // namespace
}  // namespace handschlag::metrics
