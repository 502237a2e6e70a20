#include "platform/http/trace.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

constexpr const char* kId = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(Traceparent, GivesItsTraceId) {
  EXPECT_EQ(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), kId);
  EXPECT_EQ(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be"), kId);
}

TEST(Traceparent, MalformedOnesAreIgnored) {
  for (const char* bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                          "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"}) {
    EXPECT_FALSE(parse_traceparent(bad).has_value()) << bad;
  }
}

TEST(TraceId, NewOnesAreDifferentAndWellFormed) {
  std::string id = new_trace_id();
  EXPECT_NE(id, new_trace_id());
  EXPECT_EQ(parse_traceparent("00-" + id + "-00f067aa0ba902b7-01"), id);
}

}  // namespace
}  // namespace handschlag::http
