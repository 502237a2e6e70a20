#include "platform/db/writer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <vector>

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

}  // namespace
}  // namespace handschlag::db
