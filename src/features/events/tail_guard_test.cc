#include "features/events/tail_guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "features/events/testing/ear.h"
#include "features/events/testing/house.h"
#include "features/staff/staff.h"

namespace handschlag::events {
namespace {

class TailGuardTest : public EventsTest {
 protected:
  void SetUp() override {
    EventsTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(sources_->set_unit("shop", "south"));
    request_.principal = {"staff:1", "experience_manager", {}};
    staff::Caller south;
    south.unit = "south";
    request_.principal.who = south;
    guard_ = std::make_unique<TailGuard>(
        events_->tail(), *sources_,
        [this](const http::Request&) -> Result<void> {
          ++asked_;
          asked_.notify_all();
          if (error_ == ErrorKind::internal) return {};
          return std::unexpected(Error{error_, "code", ""});
        },
        std::chrono::milliseconds{1});
  }
  void TearDown() override {
    guard_.reset();
    EventsTest::TearDown();
  }

  std::shared_ptr<Ear> listen() {
    auto ear = std::make_shared<Ear>();
    EXPECT_TRUE(events_->tail().admit());
    guard_->watch(request_, *sources_->find("shop"), ear);
    EXPECT_TRUE(ear->next("watching").is_object());
    return ear;
  }
  bool watched() { return events_->tail().begin(*sources_->find("shop"), kNow) != nullptr; }
  void await_looks(int count) {
    const int until = asked_ + count;
    for (int now = asked_; now < until; now = asked_) asked_.wait(now);
  }

  http::Request request_;
  std::atomic<ErrorKind> error_{ErrorKind::internal};  // why they may not; internal: they may
  std::atomic<int> asked_{0};
  std::unique_ptr<TailGuard> guard_;
};

INSTANTIATE_TEST_SUITE_P(Backends, TailGuardTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(TailGuardTest, ItEndsWhenTheSessionEnds) {
  auto ear = listen();
  error_ = ErrorKind::unauthenticated;
  EXPECT_TRUE(ear->next("over").is_object());
  EXPECT_FALSE(watched());
}

TEST_P(TailGuardTest, ItEndsWhenTheSourceGoesOverToAnotherUnit) {
  auto ear = listen();
  ASSERT_TRUE(sources_->set_unit("shop", "north"));
  EXPECT_TRUE(ear->next("over").is_object());
  EXPECT_FALSE(watched());
}

TEST_P(TailGuardTest, ItGoesOnForWhoMayAndWhereNobodyCanSay) {
  auto ear = listen();
  ASSERT_TRUE(sources_->set_unit("shop", "south/munich"));
  await_looks(2);
  error_ = ErrorKind::unavailable;
  await_looks(2);
  EXPECT_TRUE(watched());
  submit("shop", {event("m1")});
  EXPECT_EQ(ear->next("taken")["count"], 1);
}

TEST_P(TailGuardTest, OneWhoLeftIsForgotten) {
  auto ear = listen();
  std::weak_ptr<Ear> held = ear;
  ear->go();
  auto other = listen();
  await_looks(3);
  ear.reset();
  EXPECT_TRUE(held.expired());
  EXPECT_TRUE(watched());
}

}  // namespace
}  // namespace handschlag::events
