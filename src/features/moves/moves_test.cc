// How moves are kept. What they do is tested where every slice is there: src/app/testing/moving_test.cc.
#include "features/moves/moves.h"

#include <gtest/gtest.h>

#include "features/moves/store.h"
#include "platform/db/testing/testing.h"

namespace handschlag::moves {
namespace {

class MovesTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()));
  }

  Move add(std::int64_t identity) {
    Move move;
    move.from = "eu";
    move.identity = {identity};
    move.to = "us";
    move.country = "US";
    move.purpose = gate::Purpose::LegalCompliance;
    move.role = "data_protection_officer";
    move.people = 2;
    move.requested_at = from_millis(1'795'000'000'000);
    EXPECT_TRUE(database().write([&](db::Transaction& tx) { return store::insert(tx, move); }));
    return move;
  }
  std::optional<Move> find(Id<Move> id) {
    std::optional<Move> out;
    EXPECT_TRUE(database().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(store::find(tx, id));
      return {};
    }));
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, MovesTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(MovesTest, IsKeptAsItIs) {
  Move move = add(5);
  auto kept = find(move.id);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->from, "eu");
  EXPECT_EQ(kept->to, "us");
  EXPECT_EQ(kept->country, "US");
  EXPECT_EQ(kept->purpose, gate::Purpose::LegalCompliance);
  EXPECT_EQ(kept->role, "data_protection_officer");
  EXPECT_EQ(kept->state, State::copying);
  EXPECT_EQ(kept->people, 2);
  EXPECT_EQ(kept->requested_at, move.requested_at);
  EXPECT_FALSE(kept->moved_at);
  move.state = State::moved;
  move.events = 300;
  move.target = {9};
  move.moved_at = move.requested_at + std::chrono::seconds{2};
  ASSERT_TRUE(database().write([&](db::Transaction& tx) { return store::update(tx, move); }));
  kept = find(move.id);
  EXPECT_EQ(kept->state, State::moved);
  EXPECT_EQ(kept->events, 300);
  EXPECT_EQ(kept->target, IdentityId{9});
  EXPECT_EQ(kept->moved_at, move.moved_at);
  EXPECT_FALSE(kept->ended_at);
  EXPECT_FALSE(find({move.id.value + 1}));
}

TEST_P(MovesTest, OneThatIsBeingCopiedIsFoundByWhomItMoves) {
  Move move = add(5);
  auto copying = [&](std::string_view region, std::int64_t identity) {
    bool found = false;
    EXPECT_TRUE(database().read([&](db::Transaction& tx) -> Result<void> {
      found = TRY(store::copying(tx, region, {identity})).has_value();
      return {};
    }));
    return found;
  };
  EXPECT_TRUE(copying("eu", 5));
  EXPECT_FALSE(copying("us", 5));
  EXPECT_FALSE(copying("eu", 6));
  move.state = State::done;
  ASSERT_TRUE(database().write([&](db::Transaction& tx) { return store::update(tx, move); }));
  EXPECT_FALSE(copying("eu", 5));
}

TEST_P(MovesTest, TheNewestAreListedFirstInPages) {
  for (std::int64_t identity = 1; identity <= 3; ++identity) add(identity);
  ASSERT_TRUE(database().read([&](db::Transaction& tx) -> Result<void> {
    auto first = TRY(store::list(tx, 0, 2));
    EXPECT_EQ(first.size(), 2U);
    EXPECT_EQ(first.at(0).identity, IdentityId{3});
    auto rest = TRY(store::list(tx, first.at(1).id.value, 2));
    EXPECT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest.at(0).identity, IdentityId{1});
    return {};
  }));
}

}  // namespace
}  // namespace handschlag::moves
