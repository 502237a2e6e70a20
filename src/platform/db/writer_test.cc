#include "platform/db/writer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/group_commit.h"
#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

class WriterTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    constexpr Migration kTable{"t", 1, "0001_t", "CREATE TABLE t (id INTEGER PRIMARY KEY)"};
    ASSERT_TRUE(database().migrate(std::span(&kTable, 1)).has_value());
  }

  static Writer::Body insert(std::int64_t id) {
    return [id](Transaction& tx) -> Result<void> {
      TRY(tx.execute("INSERT INTO t (id) VALUES ($1)", {id}));
      return {};
    };
  }

  std::int64_t count() {
    std::int64_t found = 0;
    auto read = database().read([&](Transaction& tx) {
      return tx.query("SELECT count(*) FROM t", {}, [&](const Row& row) { found = row.integer(0); });
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, WriterTest, ::testing::ValuesIn(testing::all_backends()), testing::backend_name);

// Holds the writer until the test lets it go.
struct Gate {
  std::promise<void> reached;
  std::promise<void> open;
  Writer::Body body() {
    return [this](Transaction&) -> Result<void> {
      reached.set_value();
      open.get_future().wait();
      return {};
    };
  }
};

TEST_P(WriterTest, TellsHowLongTheOldestTaskHasWaited) {
  Writer writer(database(), 10);
  EXPECT_EQ(writer.oldest_wait().count(), 0);
  Gate gate;
  ASSERT_TRUE(writer.post(gate.body(), [](const Result<void>&) {}).has_value());
  gate.reached.get_future().wait();
  const auto waited = writer.oldest_wait();
  EXPECT_GT(waited.count(), 0);
  ASSERT_TRUE(writer.post(insert(1), [](const Result<void>&) {}).has_value());
  EXPECT_GT(writer.oldest_wait(), waited);
  gate.open.set_value();
  ASSERT_TRUE(writer.run(insert(2)).has_value());
  while (writer.oldest_wait().count() != 0) std::this_thread::yield();
}

TEST_P(WriterTest, TasksRunInTheOrderTheyCameAndAreDurableWhenDone) {
  std::vector<int> order;
  {
    Writer writer(database(), 100);
    for (int i = 0; i < 50; ++i) {
      auto posted = writer.post(insert(i), [&order, i, this](Result<void> result) {
        EXPECT_TRUE(result.has_value());
        EXPECT_GE(count(), i + 1);
        order.push_back(i);
      });
      ASSERT_TRUE(posted.has_value());
    }
  }
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(count(), 50);
}

TEST_P(WriterTest, AFullQueueRefuses) {
  Gate gate;
  std::atomic<int> done{0};
  {
    Writer writer(database(), 2);
    auto count_done = [&](Result<void>) { ++done; };
    ASSERT_TRUE(writer.post(gate.body(), count_done).has_value());
    gate.reached.get_future().wait();
    ASSERT_TRUE(writer.post(insert(1), count_done).has_value());
    ASSERT_TRUE(writer.post(insert(2), count_done).has_value());
    EXPECT_EQ(writer.queued(), 2u);
    auto refused = writer.post(insert(3), count_done);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::too_many);
    gate.open.set_value();
  }
  EXPECT_EQ(done, 3);
  EXPECT_EQ(count(), 2);
}

TEST_P(WriterTest, StopFinishesWhatWasAcceptedAndRefusesMore) {
  Gate gate;
  Writer writer(database(), 10);
  ASSERT_TRUE(writer.post(gate.body(), [](Result<void>) {}).has_value());
  ASSERT_TRUE(writer.post(insert(1), [](Result<void> result) { EXPECT_TRUE(result.has_value()); }).has_value());
  gate.reached.get_future().wait();
  gate.open.set_value();
  writer.stop();
  writer.stop();
  EXPECT_EQ(count(), 1);
  auto refused = writer.run(insert(2));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
}

TEST_P(WriterTest, RunWaitsAndHandsBackTheError) {
  Writer writer(database(), 10);
  ASSERT_TRUE(writer.run(insert(1)).has_value());
  EXPECT_EQ(count(), 1);
  auto again = writer.run(insert(1));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, "unique");
}

TEST_P(WriterTest, ABodyThatThrowsDoesNotEndTheWriter) {
  Writer writer(database(), 10);
  auto thrown = writer.run([](Transaction&) -> Result<void> { throw std::runtime_error("not foreseen"); });
  ASSERT_FALSE(thrown.has_value());
  EXPECT_EQ(thrown.error().kind, ErrorKind::internal);
  EXPECT_TRUE(writer.run(insert(1)).has_value());
}

// One lane floods while another sends little: groups are of items "LANE:NUMBER", each of weight 1.
struct Lanes {
  Gate gate;
  std::vector<std::vector<std::string>> groups;
  std::atomic<int> failed{0};
  std::atomic<int> finished{0};
  int taken = 0;
  Writer writer;
  GroupCommit<std::string> commits;

  Lanes(Database& database, std::size_t group_weight, std::size_t capacity)
      : writer(database, 10),
        commits(
            writer,
            [this](Transaction&, std::span<std::string*> items) -> Result<void> {
              auto& group = groups.emplace_back();
              for (std::string* item : items) group.push_back(*item);
              return {};
            },
            group_weight, capacity) {
    EXPECT_TRUE(writer.post(gate.body(), [](Result<void>) {}).has_value());
    gate.reached.get_future().wait();
  }
  bool send(std::int64_t lane, int number, std::size_t weight = 1) {
    auto done = [this](const Result<void>& result, std::string&) {
      failed += result ? 0 : 1;
      ++finished;
      finished.notify_one();
    };
    bool accepted = commits.submit(lane, std::to_string(lane) + ":" + std::to_string(number), weight, done).has_value();
    taken += accepted ? 1 : 0;
    return accepted;
  }
  // Waits for every item that was taken: a writer that stops earlier fails the groups still to come.
  void finish() {
    gate.open.set_value();
    for (int seen = finished; seen != taken; seen = finished) finished.wait(seen);
    writer.stop();
  }
};

TEST_P(WriterTest, EveryLaneIsInTheNextGroup) {
  Lanes lanes(database(), 4, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(lanes.send(1, i));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(lanes.send(2, i));
  lanes.finish();
  ASSERT_GE(lanes.groups.size(), 2u);
  EXPECT_THAT(lanes.groups[0], ::testing::ElementsAre("1:0", "1:1", "2:0", "2:1"));
  EXPECT_THAT(lanes.groups[1], ::testing::UnorderedElementsAre("1:2", "1:3", "1:4", "2:2"));
  std::size_t all = 0;
  for (const auto& group : lanes.groups) {
    EXPECT_LE(group.size(), 4u);
    all += group.size();
  }
  EXPECT_EQ(all, 23u);
}

TEST_P(WriterTest, ALaneThatFloodsLeavesRoomForOthers) {
  Lanes lanes(database(), 4, 10);
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += lanes.send(1, i) ? 1 : 0;
  EXPECT_EQ(taken, 5) << "half of the queue";
  EXPECT_TRUE(lanes.send(2, 0));
  EXPECT_TRUE(lanes.send(3, 0, 4)) << "whatever fits";
  EXPECT_FALSE(lanes.send(4, 0)) << "now all of it is taken";
  lanes.finish();
  EXPECT_EQ(lanes.failed, 0);
}

TEST_P(WriterTest, AnItemHeavierThanAGroupIsAGroupOfItsOwn) {
  Lanes lanes(database(), 4, 100);
  EXPECT_TRUE(lanes.send(1, 0, 9));
  EXPECT_TRUE(lanes.send(2, 0, 3));
  EXPECT_TRUE(lanes.send(2, 1, 3));
  lanes.finish();
  EXPECT_THAT(lanes.groups, ::testing::ElementsAre(::testing::ElementsAre("1:0"), ::testing::ElementsAre("2:0"),
                                                   ::testing::ElementsAre("2:1")));
}

}  // namespace
}  // namespace handschlag::db
