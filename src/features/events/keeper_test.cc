#include "features/events/keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "features/events/tail.h"
#include "features/events/testing/ear.h"
#include "features/events/testing/house.h"
#include "features/staff/staff.h"

namespace handschlag::events {
namespace {

class KeeperTest : public EventsTest {
 protected:
  void SetUp() override {
    EventsTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(sources_->set_unit("shop", "south"));
    request_.principal = {"staff:1", "experience_manager", {}};
    staff::Caller south;
    south.unit = "south";
    request_.principal.who = south;
    keeper_ = std::make_unique<Keeper>(
        [this](const http::Request&) -> Result<void> {
          ++asked_;
          asked_.notify_all();
          if (error_ == ErrorKind::internal) return {};
          return std::unexpected(Error{error_, "code", ""});
        },
        std::chrono::milliseconds{1});
  }
  void TearDown() override {
    keeper_.reset();
    EventsTest::TearDown();
  }

  std::shared_ptr<Ear> listen() {
    auto ear = std::make_shared<Ear>();
    EXPECT_TRUE(events_->tail().admit("staff:1"));
    auto sink = keeper_->keep(request_, ear, [this](const http::Request& request) {
      return sources::find_within(*sources_, staff::unit_of(request.principal), "shop") != nullptr;
    });
    events_->tail().watch(sources_->find("shop")->number.value, "staff:1", std::move(sink));
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
  std::unique_ptr<Keeper> keeper_;
};

INSTANTIATE_TEST_SUITE_P(Backends, KeeperTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(KeeperTest, ItEndsWhenTheSessionEnds) {
  auto ear = listen();
  error_ = ErrorKind::unauthenticated;
  EXPECT_TRUE(ear->next("over").is_object());
  EXPECT_TRUE(events_->tail().admit("staff:1"));  // where those who are gone are forgotten
  EXPECT_FALSE(watched());
}

TEST_P(KeeperTest, ItEndsWhenTheSourceGoesOverToAnotherUnit) {
  auto ear = listen();
  ASSERT_TRUE(sources_->set_unit("shop", "north"));
  EXPECT_TRUE(ear->next("over").is_object());
  EXPECT_TRUE(events_->tail().admit("staff:1"));  // where those who are gone are forgotten
  EXPECT_FALSE(watched());
}

TEST_P(KeeperTest, ItGoesOnForWhoMayAndWhereNobodyCanSay) {
  auto ear = listen();
  ASSERT_TRUE(sources_->set_unit("shop", "south/munich"));
  await_looks(2);
  error_ = ErrorKind::unavailable;
  await_looks(2);
  EXPECT_TRUE(watched());
  submit("shop", {event("m1")});
  EXPECT_EQ(ear->next("taken")["count"], 1);
}

TEST_P(KeeperTest, OneWhoLeftIsForgotten) {
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
