#include "platform/http/events.h"

#include <gtest/gtest.h>

namespace handschlag::http {
namespace {

TEST(Event, IsWrittenAsTheStandardSays) {
  EXPECT_EQ(format_event("", "hello", ""), "data: hello\n\n");
  EXPECT_EQ(format_event("score", "{\"nps\":9}", "17"), "event: score\nid: 17\ndata: {\"nps\":9}\n\n");
  EXPECT_EQ(format_event("", "", ""), "data: \n\n");
}

TEST(Event, LineBreaksCannotForgeFields) {
  EXPECT_EQ(format_event("", "a\nb\r\nc\rd\n", ""), "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  EXPECT_EQ(format_event("x\ndata: y", "z", std::string_view("1\r\n\0", 4)), "event: xdata: y\nid: 1\ndata: z\n\n");
}

TEST(EventQueue, WakesWhenThereIsSomethingToTake) {
  int wakes = 0;
  EventQueue queue([&] { ++wakes; });
  EXPECT_TRUE(queue.send("", "a", ""));
  EXPECT_TRUE(queue.send("", "b", ""));
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(queue.take(), "data: a\n\ndata: b\n\n");
  EXPECT_EQ(queue.take(), "");
  EXPECT_TRUE(queue.send("", "c", ""));
  EXPECT_EQ(wakes, 2);
}

TEST(EventQueue, ClosesWhenTooMuchWaits) {
  int wakes = 0;
  EventQueue queue([&] { ++wakes; });
  std::string quarter(kMaxEventBacklogBytes / 4, 'x');
  EXPECT_TRUE(queue.send("", quarter, ""));
  queue.take();  // not yet written: still counts
  EXPECT_TRUE(queue.send("", quarter, ""));
  EXPECT_TRUE(queue.send("", quarter, ""));
  EXPECT_FALSE(queue.send("", quarter, ""));
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.send("", "small", ""));
  EXPECT_EQ(wakes, 3);
}

TEST(EventQueue, TakesNothingMoreWhenTheClientIsGone) {
  EventQueue queue([] {});
  queue.close();
  EXPECT_TRUE(queue.closed());
  EXPECT_FALSE(queue.send("", "a", ""));
}

}  // namespace
}  // namespace handschlag::http
