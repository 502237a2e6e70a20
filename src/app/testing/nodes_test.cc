// Two nodes on one PostgreSQL.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <atomic>
#include <latch>
#include <thread>

#include "app/testing/house.h"

namespace handschlag::model {
namespace {

using gate::Purpose;

class NodesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!db::testing::TestDatabase::open(db::testing::Backend::postgresql)) {
      GTEST_SKIP() << "PostgreSQL is not on this machine";
    }
    one_ = std::make_unique<House>(db::testing::Backend::postgresql);
    two_ = std::make_unique<House>(*one_);
  }

  Sent event(int user, std::size_t country, std::string message) {
    Sent out;
    out.message = std::move(message);
    out.user = user;
    out.country = country;
    out.order = 1;
    out.at = one_->clock().now();
    return out;
  }

  std::unique_ptr<House> one_;
  std::unique_ptr<House> two_;
};

TEST_F(NodesTest, SomebodyNewWhomTwoNodesSeeAtOnceLivesInOneRegion) {
  constexpr int kPeople = 40;
  for (int person = 0; person < kPeople; ++person) {
    std::latch both(2);
    auto send = [&](House& node, std::size_t country) {
      both.arrive_and_wait();
      auto counts = node.ingest({event(person, country, fmt::format("m{}-{}", person, country))});
      ASSERT_TRUE(counts) << counts.error().detail;
      EXPECT_EQ(counts->stored, 1U);
    };
    std::thread other([&] { send(*two_, 1); });
    send(*one_, 0);
    other.join();
  }
  auto eu = *one_->rows(0);
  auto us = *one_->rows(1);
  EXPECT_EQ(eu.identities + us.identities, kPeople);
  EXPECT_EQ(eu.events + us.events, 2 * kPeople);
}

TEST_F(NodesTest, WhomOneNodeErasedTheOtherNeitherShowsNorStores) {
  ASSERT_EQ(one_->ingest({event(1, 0, "m1"), event(2, 0, "m2")})->stored, 2U);
  ASSERT_EQ(two_->ingest({event(1, 0, "m3"), event(2, 0, "m4")})->stored, 2U);
  Who erased{0, 1};
  Who other{0, 2};
  ASSERT_EQ((*two_->view(erased, Purpose::CustomerOrderManagement))->events, 2) << "so its key is cached there";
  ASSERT_TRUE(one_->erase(erased));
  EXPECT_FALSE(two_->view(erased, Purpose::CustomerOrderManagement)->has_value());
  EXPECT_EQ(*two_->ingest({event(1, 0, "m5")}), (Counts{.refused = 1}));
  EXPECT_EQ(*two_->ingest({event(1, 0, "m1")}), (Counts{.duplicates = 1})) << "its tombstone keeps a retry out";
  EXPECT_EQ((*two_->view(other, Purpose::CustomerOrderManagement))->events, 2);
  EXPECT_EQ(one_->rows(0)->events, 2);
}

// Nodes learn of a new digest key from the databases, in the middle of what they do.
TEST_F(NodesTest, WhileOneRotatesTheDigestKeyNobodyIsMadeTwiceByAnother) {
  constexpr int kPeople = 20;
  auto send = [&](House& node, int round) {
    std::vector<Sent> batch;
    for (int person = 0; person < kPeople; ++person) {
      batch.push_back(event(person, 0, fmt::format("m{}-{}", person, round)));
      batch.back().email = person;
      batch.back().order = 0;
    }
    auto counts = node.ingest(batch);
    EXPECT_TRUE(counts && counts->stored == kPeople);
  };
  send(*one_, 0);
  std::atomic<bool> done = false;
  int rounds = 0;
  std::thread other([&] {
    while (!done || rounds < 5) {
      if (rounds % 3 == 2) two_->reopen();  // so that it has to look everybody up
      send(*two_, ++rounds);
    }
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(one_->rotate_digest_key(0, static_cast<std::size_t>(i)));
    EXPECT_TRUE(one_->rotate_digest_key(0, 1'000));
  }
  done = true;
  other.join();
  one_->reopen();
  send(*one_, rounds + 1);
  auto rows = *one_->rows(0);
  EXPECT_EQ(rows.identities, kPeople);
  EXPECT_EQ(rows.keys, 2 * kPeople);
  EXPECT_EQ(rows.events, kPeople * (rounds + 2));
}

}  // namespace
}  // namespace handschlag::model
