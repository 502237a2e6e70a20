// Moving customers between regions: what can be seen at every step, and what becomes of it when the program ends there.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "app/testing/house.h"

namespace handschlag::model {
namespace {

using gate::Purpose;

constexpr auto kOrders = Purpose::CustomerOrderManagement;
constexpr int kEvents = 110;  // more than a page of a copy

// Steps that stand inside a turn of the old region's writer: nothing else can be asked of it there.
bool in_turn(std::string_view step) {
  return step == "loaded" || step == "changing";
}

class MovingTest : public testing::TestWithParam<db::testing::Backend> {
 protected:
  void SetUp() override {
    if (!db::testing::TestDatabase::open(GetParam())) GTEST_SKIP() << "this database is not on this machine";
    open();
  }

  void open() {
    house_ = std::make_unique<House>(GetParam());
    messages_ = 0;
    expected_.clear();
  }

  Sent event(int user, std::optional<int> visit = {}, std::size_t country = 0) {
    Sent out;
    out.message = fmt::format("m{}", ++messages_);
    out.user = user;
    out.anonymous = visit;
    out.country = country;
    out.consent = true;
    out.order = 1;
    out.at = house_->clock().now();
    return out;
  }

  Counts store(const std::vector<Sent>& batch) {
    auto counts = house_->ingest(batch);
    EXPECT_TRUE(counts) << counts.error().detail;
    return counts ? *counts : Counts{};
  }

  // A customer with an account and a browser, and `count` events.
  std::vector<Sent> customer(int count = kEvents) {
    std::vector<Sent> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(event(1, i % 7 == 0 ? std::optional(1) : std::nullopt));
      expected_.insert(all.back().message);
    }
    for (std::size_t at = 0; at < all.size(); at += 500) {
      store({all.begin() + static_cast<std::ptrdiff_t>(at),
             all.begin() + static_cast<std::ptrdiff_t>(std::min(at + 500, all.size()))});
    }
    store({event(2)});  // somebody else
    return all;
  }

  // What everybody should see at any moment: each event once, under the handle of before, and one customer by the key.
  void expect_whole(std::string_view when) {
    auto view = house_->view(kBefore, kOrders);
    ASSERT_TRUE(view) << when << ": " << view.error().code;
    ASSERT_TRUE(view->has_value()) << when;
    EXPECT_EQ((*view)->messages, expected_) << when;
    EXPECT_EQ((*view)->events, std::ssize(expected_)) << when;
    EXPECT_EQ((*view)->members.size(), 2U) << when;
    auto found = house_->find(1);
    ASSERT_TRUE(found) << when;
    EXPECT_EQ(found->size(), 1U) << when;
  }

  // Ends a move after its n-th step; false, where it has no so many.
  bool end_after(int steps, const std::function<void(std::string_view)>& at = {}) {
    int step = 0;
    bool ended = false;
    house_->set_at_step([&, steps](std::string_view name) -> Result<void> {
      if (++step < steps) return {};
      if (step == steps && at) at(name);
      ended = true;
      last_step_ = name;
      return fail(ErrorKind::unavailable, "killed", "");
    });
    auto id = house_->begin_move(kBefore, 1);
    EXPECT_TRUE(id) << id.error().detail;
    id_ = id ? *id : Id<moves::Move>{};
    auto moved = house_->finish_move(id_);
    EXPECT_EQ(moved.has_value(), !ended) << (moved ? "" : moved.error().detail);
    house_->set_at_step({});
    return ended;
  }

  // Of the steps at which something is tried: where a house takes long to build, not every one.
  static int stride() { return GetParam() == db::testing::Backend::sqlite ? 1 : 5; }

  const Who kBefore{0, 1};
  std::unique_ptr<House> house_;
  std::multiset<std::string> expected_;
  int messages_ = 0;
  Id<moves::Move> id_;
  std::string last_step_;
};

INSTANTIATE_TEST_SUITE_P(Backends, MovingTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(MovingTest, EverythingIsInTheNewRegionAndOnlyNumbersAreLeftInTheOld) {
  auto sent = customer();
  auto uses = *house_->uses(kBefore);
  auto moved = house_->move(kBefore, 1);
  ASSERT_TRUE(moved) << moved.error().detail;
  EXPECT_EQ(*moved, (Who{1, 1}));
  expect_whole("after");
  Rows old = *house_->rows(0);
  EXPECT_EQ(old.events, 1) << "the other one's";
  EXPECT_EQ(old.identities, 1);
  EXPECT_EQ(old.keys, 3) << "the digests of those who went lead on";
  EXPECT_EQ(old.tombstones, 0);
  EXPECT_EQ(house_->rows(1)->events, kEvents);
  EXPECT_GT(*house_->uses(*moved), uses) << "who looked there is told here, and that they moved";
  EXPECT_EQ(store({sent.begin(), sent.begin() + 100}), (Counts{.duplicates = 100})) << "a retry changes nothing";
  auto more = event(1, 1);
  expected_.insert(more.message);
  EXPECT_EQ(store({more}).stored, 1U);
  expect_whole("with what came later");
  EXPECT_EQ(house_->rows(0)->events, 1);
}

TEST_P(MovingTest, WhereverTheProgramEndsEverythingCanBeReadOnceAndTheMoveGoesOn) {
  std::set<std::string> steps;
  for (int n = 1;; n += stride()) {
    SCOPED_TRACE(n);
    open();
    auto sent = customer();
    bool ended = end_after(n, [&](std::string_view step) {
      if (!in_turn(step)) expect_whole(step);
    });
    if (!ended) break;
    steps.insert(last_step_);
    house_->reopen();
    expect_whole("after the restart, ended at " + last_step_);
    EXPECT_EQ(store({sent.back()}), (Counts{.duplicates = 1}));
    auto more = event(1);
    expected_.insert(more.message);
    EXPECT_EQ(store({more}).stored, 1U);
    auto moved = house_->finish_move(id_);
    ASSERT_TRUE(moved) << last_step_ << ": " << moved.error().detail;
    expect_whole("in the end, ended at " + last_step_);
    EXPECT_EQ(house_->rows(0)->events, 1) << last_step_;
    EXPECT_EQ(house_->rows(1)->events, std::ssize(expected_)) << last_step_;
  }
  if (stride() > 1) return;
  for (const char* step : {"expected", "leaving", "page", "compared", "ledger", "loaded", "changing", "gone", "settled",
                           "clearing", "cleared"}) {
    EXPECT_TRUE(steps.contains(step)) << step;
  }
}

TEST_P(MovingTest, WhatComesInTheMiddleIsNeitherLostNorDoubled) {
  customer();
  house_->set_at_step([&](std::string_view step) -> Result<void> {
    if (in_turn(step)) return {};
    auto more = event(1, 1);
    expected_.insert(more.message);
    EXPECT_EQ(store({more}).stored, 1U) << step;
    EXPECT_EQ(store({more}), (Counts{.duplicates = 1})) << step;
    expect_whole(step);
    return {};
  });
  auto moved = house_->move(kBefore, 1);
  ASSERT_TRUE(moved) << moved.error().detail;
  expect_whole("after");
  EXPECT_EQ(house_->rows(1)->events, std::ssize(expected_));
}

TEST_P(MovingTest, AnErasureInTheMiddleWinsOnBothSides) {
  for (int n = 1;; n += stride()) {
    SCOPED_TRACE(n);
    open();
    auto sent = customer(20);
    bool ended = end_after(n);
    ASSERT_TRUE(house_->erase(kBefore)) << last_step_;
    ASSERT_TRUE(house_->erase({0, 2})) << last_step_;
    (void)house_->finish_move(id_);
    EXPECT_FALSE(house_->view(kBefore, kOrders)->has_value()) << last_step_;
    EXPECT_TRUE(house_->find(1)->empty()) << last_step_;
    EXPECT_EQ(house_->rows(0)->events, 1) << last_step_;
    EXPECT_EQ(house_->rows(1)->events, 0) << last_step_;
    EXPECT_EQ(house_->rows(1)->identities, 0) << last_step_;
    EXPECT_EQ(store({sent.back()}).stored, 0U) << "a retry stays out: " << last_step_;
    EXPECT_EQ(store({event(1)}), (Counts{.refused = 1})) << last_step_;
    house_->reopen();
    EXPECT_EQ(store({sent.front()}).stored, 0U) << last_step_;
    EXPECT_EQ(store({event(1, 1)}), (Counts{.refused = 1})) << last_step_;
    if (!ended) break;
  }
}

TEST_P(MovingTest, WhoIsLinkedInTheMiddleComesAlongAndWhoIsPartedGoesAlongToo) {
  for (int n = 1; n < 100; n += stride()) {
    SCOPED_TRACE(n);
    open();
    customer(20);
    bool linked = false;
    bool ended = false;
    int step = 0;
    house_->set_at_step([&](std::string_view name) -> Result<void> {
      if (++step != n) return {};
      ended = true;
      last_step_ = name;
      if (in_turn(name)) return {};
      EXPECT_FALSE(house_->unlink(kBefore, {0, 2}));
      linked = !house_->link(kBefore, {0, 3}, {kOrders});
      return {};
    });
    auto moved = house_->move(kBefore, 1);
    ASSERT_TRUE(moved) << moved.error().detail;
    house_->set_at_step({});
    if (!ended) break;
    // The second one goes in any case; the third one where they were linked before the moment of the change.
    Rows old = *house_->rows(0);
    EXPECT_EQ(old.identities, linked ? 0 : 1) << last_step_;
    EXPECT_EQ(house_->rows(1)->identities, linked ? 3 : 2) << last_step_;
    EXPECT_EQ((*house_->view(kBefore, kOrders))->events, linked ? 21 : 20) << last_step_;
  }
}

TEST_P(MovingTest, BackAgainIsAMoveLikeAnyOther) {
  auto sent = customer(30);
  auto there = house_->move(kBefore, 1);
  ASSERT_TRUE(there);
  auto back = house_->move(*there, 0);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_GT(back->second, 3) << "no number is given out twice";
  expect_whole("back");
  EXPECT_EQ(house_->rows(1)->events, 0);
  EXPECT_EQ(store(sent), (Counts{.duplicates = 30}));
  house_->reopen();
  EXPECT_EQ(store(sent), (Counts{.duplicates = 30}));
  expect_whole("back, after a restart");
  ASSERT_TRUE(house_->erase(kBefore));
  EXPECT_FALSE(house_->view(*there, kOrders)->has_value());
  EXPECT_EQ(store({event(1)}), (Counts{.refused = 1}));
}

TEST_P(MovingTest, FeedsTellEachEventOnceAndNotWhatWasBroughtAlong) {
  customer(10);
  std::vector<std::int64_t> positions = {0, 0};
  std::multiset<std::string> told;
  auto read = [&](std::string_view step) {
    for (std::size_t region = 0; region < 2; ++region) {
      auto more = house_->told(region, positions[region]);
      ASSERT_TRUE(more) << step << ": " << more.error().detail;
      told.insert(more->begin(), more->end());
    }
  };
  auto all = expected_;
  all.insert("m11");  // somebody else's
  read("before");
  EXPECT_EQ(told, all);
  house_->set_at_step([&](std::string_view step) -> Result<void> {
    if (in_turn(step)) return {};
    read(step);
    EXPECT_EQ(told, all) << step;
    auto more = event(1, 1);
    expected_.insert(more.message);
    all.insert(more.message);
    EXPECT_EQ(store({more}).stored, 1U) << step;
    read(step);
    EXPECT_EQ(told, all) << step;
    return {};
  });
  auto moved = house_->move(kBefore, 1);
  ASSERT_TRUE(moved) << moved.error().detail;
  read("after");
  EXPECT_EQ(told, all);
  expect_whole("after");
  // From the beginning: each is told where it happened; of who has gone the old region tells nothing any more.
  positions = {0, 0};
  EXPECT_EQ(house_->told(0, positions[0])->size(), 1U);
  auto here = *house_->told(1, positions[1]);
  EXPECT_FALSE(here.empty());
  for (const std::string& message : here) EXPECT_TRUE(expected_.contains(message)) << message;
  EXPECT_LT(here.size(), expected_.size() - 10);
}

TEST_P(MovingTest, WhileTheDigestKeysOfBothRegionsAreRotatedEverythingIsFoundAsBefore) {
  for (std::size_t taken = 0; taken < 2; ++taken) {
    SCOPED_TRACE(taken);
    open();
    auto sent = customer(20);
    ASSERT_TRUE(house_->rotate_digest_key(0, taken));
    ASSERT_TRUE(house_->rotate_digest_key(1, 0));
    auto there = house_->move(kBefore, 1);
    ASSERT_TRUE(there) << there.error().detail;
    expect_whole("moved");
    for (std::size_t region : {0U, 1U}) ASSERT_TRUE(house_->rotate_digest_key(region, 1'000));
    house_->reopen();
    expect_whole("rotated");
    EXPECT_EQ(store(sent), (Counts{.duplicates = 20}));
    ASSERT_TRUE(house_->rotate_digest_key(0, taken));
    auto back = house_->move(*there, 0);
    ASSERT_TRUE(back) << back.error().detail;
    ASSERT_TRUE(house_->rotate_digest_key(0, 1'000));
    house_->reopen();
    expect_whole("back, and rotated");
    EXPECT_EQ(store(sent), (Counts{.duplicates = 20}));
    EXPECT_EQ(house_->rows(0)->identities, 3);
    EXPECT_EQ(house_->rows(1)->identities, 0);
  }
}

TEST_P(MovingTest, WhomATestSourceMadeUpIsNotMoved) {
  auto sender = std::find_if(senders().begin(), senders().end(), [](const Sender& each) { return each.test; });
  ASSERT_NE(sender, senders().end());
  Sent made_up = event(1);
  made_up.sender = static_cast<std::size_t>(sender - senders().begin());
  ASSERT_EQ(store({made_up}).stored, 1U);
  EXPECT_EQ(house_->begin_move({0, 1}, 1).error().code, "customer_is_test");
}

TEST_P(MovingTest, OnlyToWhereTheCountryOfThePersonBelongs) {
  customer(3);
  EXPECT_EQ(house_->begin_move(kBefore, 0).error().code, "already_there");
  EXPECT_EQ(house_->begin_move({0, 99}, 1).error().code, "customer_unknown");
  ASSERT_TRUE(house_->begin_move(kBefore, 1));
  EXPECT_EQ(house_->begin_move(kBefore, 1).error().code, "customer_moving");
}

TEST_P(MovingTest, UnderLoadEveryReaderSeesTheWholeCustomer) {
  customer(300);
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::atomic<int> looks = 0;
  std::atomic<bool> blind = false;
  std::thread writer([&] {
    while (!stop) {
      Sent one = event(1, 1);
      if (store({one}).stored == 1) {
        ++sent;
      } else {
        ADD_FAILURE() << "an event was not stored";
      }
    }
  });
  std::thread reader([&] {
    while (!stop) {
      int before = sent;
      auto view = house_->view(kBefore, kOrders);
      int after = sent;
      if (!view || !*view) {
        ADD_FAILURE() << (view ? "nobody is there" : view.error().code);
        blind = true;
        return;
      }
      EXPECT_GE((*view)->events, 300 + before);
      EXPECT_LE((*view)->events, 300 + after + 1);
      auto found = house_->find(1);
      EXPECT_TRUE(found && found->size() == 1);
      ++looks;
    }
  });
  // As the grace of a server does: looks that were under way end before the old keys go.
  house_->set_at_step([&](std::string_view step) -> Result<void> {
    const int seen = looks;
    while (step == "clearing" && looks < seen + 2 && !blind) std::this_thread::yield();
    return {};
  });
  auto moved = house_->move(kBefore, 1);
  while (looks < 5 && !blind) std::this_thread::yield();
  stop = true;
  writer.join();
  reader.join();
  ASSERT_TRUE(moved) << moved.error().detail;
  EXPECT_EQ(house_->rows(1)->events, 300 + sent);
}

}  // namespace
}  // namespace handschlag::model
