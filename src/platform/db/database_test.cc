// What every database must do, on each of them.
#include <gmock/gmock.h>

#include <cmath>
#include <future>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

using ::testing::ElementsAre;

constexpr Migration kThings[] = {
    {"thing", 1, "0001_thing",
     "CREATE TABLE thing (id INTEGER PRIMARY KEY, amount INTEGER, share REAL, name TEXT, bytes BLOB)"}};

class DatabaseContract : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    auto migrated = database().migrate(kThings);
    ASSERT_TRUE(migrated.has_value()) << migrated.error().detail;
  }

  Result<void> insert(std::int64_t id, std::string_view name) {
    return database().write([&](Transaction& tx) -> Result<void> {
      TRY(tx.execute("INSERT INTO thing (id, name) VALUES ($1, $2)", {id, name}));
      return {};
    });
  }

  static Result<std::int64_t> count(Transaction& tx) {
    std::int64_t found = -1;
    TRY(tx.query("SELECT count(*) FROM thing", {}, [&](const Row& row) { found = row.integer(0); }));
    return found;
  }

  std::int64_t count() {
    std::int64_t found = -1;
    auto read = database().read([&](Transaction& tx) -> Result<void> {
      found = TRY(count(tx));
      return {};
    });
    EXPECT_TRUE(read.has_value());
    return found;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, DatabaseContract, ::testing::ValuesIn(testing::all_backends()),
                         testing::backend_name);

std::string all_bytes() {
  std::string bytes(256, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  return bytes;
}

TEST_P(DatabaseContract, KeepsValuesOfEveryType) {
  const std::string bytes = all_bytes();
  const std::string text = "Grüße, 世界 '\"\\ $1 ?";
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    Batch batch(5);
    batch.add({std::int64_t{1}, std::numeric_limits<std::int64_t>::max(), 0.1, text, BlobView{bytes}});
    batch.add({std::int64_t{2}, std::numeric_limits<std::int64_t>::min(), -1e300, "", BlobView{""}});
    batch.add({std::int64_t{3}, {}, {}, {}, {}});
    batch.add({std::int64_t{4}, std::int64_t{0}, 5.0, std::string_view(), BlobView{}});
    TRY(tx.execute_batch("INSERT INTO thing (id, amount, share, name, bytes) VALUES ($1, $2, $3, $4, $5)", batch));
    return {};
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  int rows = 0;
  auto read = database().read([&](Transaction& tx) {
    return tx.query("SELECT id, amount, share, name, bytes FROM thing ORDER BY id", {}, [&](const Row& row) {
      ++rows;
      if (rows == 1) {
        EXPECT_EQ(row.integer(1), std::numeric_limits<std::int64_t>::max());
        EXPECT_EQ(row.real(2), 0.1);
        EXPECT_EQ(row.text(3), text);
        EXPECT_EQ(row.blob(4), bytes);
      } else if (rows == 2) {
        EXPECT_EQ(row.integer(1), std::numeric_limits<std::int64_t>::min());
        EXPECT_EQ(row.real(2), -1e300);
      }
      const bool expect_null = rows == 3;
      for (int column = 1; column < 5; ++column) EXPECT_EQ(row.is_null(column), expect_null) << rows << " " << column;
      if (expect_null) {
        EXPECT_EQ(row.integer(1), 0);
        EXPECT_EQ(row.real(2), 0);
      }
      if (rows > 1) {
        EXPECT_EQ(row.text(3), "");
        EXPECT_EQ(row.blob(4), "");
      }
    });
  });
  EXPECT_TRUE(read.has_value());
  EXPECT_EQ(rows, 4);
}

TEST_P(DatabaseContract, BindsParametersByNumber) {
  std::string found;
  auto read = database().read([&](Transaction& tx) {
    return tx.query("SELECT $2 || $1 || $3 || $1 || $10", {"a", "b", "c", "4", "5", "6", "7", "8", "9", "ten"},
                    [&](const Row& row) { found = row.text(0); });
  });
  // PostgreSQL wants to know every parameter's type and is told; SQLite takes those that do not occur in the text as
  // well.
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(found, "bacaten");
}

TEST_P(DatabaseContract, RefusesAWrongNumberOfParameters) {
  auto read = database().read([&](Transaction& tx) { return tx.query("SELECT $1", {"a", "b"}, [](const Row&) {}); });
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::internal);
}

TEST_P(DatabaseContract, RefusesTextWithANul) {
  auto done = insert(1, std::string_view("a\0b", 3));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::internal);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, AsksWithAParameterThatIsNullSometimes) {
  ASSERT_TRUE(insert(1, "one").has_value());
  auto matches = [&](Param name) {
    std::int64_t found = -1;
    auto read = database().read([&](Transaction& tx) {
      return tx.query("SELECT count(*) FROM thing WHERE coalesce($1, name) = name", {name},
                      [&](const Row& row) { found = row.integer(0); });
    });
    EXPECT_TRUE(read.has_value());
    return found;
  };
  EXPECT_EQ(matches(std::monostate{}), 1);
  EXPECT_EQ(matches("one"), 1);
  EXPECT_EQ(matches("two"), 0);
  EXPECT_EQ(matches(std::monostate{}), 1);
}

TEST_P(DatabaseContract, TellsHowManyRowsChanged) {
  std::vector<std::int64_t> changed;
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    Batch batch(1);
    for (std::int64_t id = 1; id <= 5; ++id) batch.add({id});
    changed.push_back(TRY(tx.execute_batch("INSERT INTO thing (id) VALUES ($1)", batch)));
    changed.push_back(TRY(tx.execute_batch("INSERT INTO thing (id) VALUES ($1) ON CONFLICT DO NOTHING", batch)));
    changed.push_back(
        TRY(tx.execute("UPDATE thing SET amount = $1 WHERE id > $2", {std::int64_t{7}, std::int64_t{2}})));
    changed.push_back(TRY(tx.execute("DELETE FROM thing WHERE id = $1", {std::int64_t{99}})));
    changed.push_back(TRY(tx.execute("CREATE TABLE other (id BIGINT)", {})));
    changed.push_back(TRY(tx.execute_batch("DELETE FROM thing WHERE id = $1", Batch(1))));
    return {};
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  EXPECT_THAT(changed, ElementsAre(5, 0, 3, 0, 0, 0));
}

TEST_P(DatabaseContract, AnswersABatchOfQueriesWithTheIndexOfEach) {
  std::vector<std::pair<std::size_t, std::int64_t>> answers;
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    Batch batch(2);
    for (std::int64_t i = 0; i < 600; ++i) batch.add({i % 300, std::int64_t{1}});
    return tx.query_batch(
        "INSERT INTO thing (id, amount) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET amount = thing.amount + 1 "
        "WHERE thing.id < 100 RETURNING amount",
        batch, [&](std::size_t index, const Row& row) { answers.emplace_back(index, row.integer(0)); });
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  ASSERT_EQ(answers.size(), 400u);  // those that the WHERE leaves out answer nothing
  EXPECT_EQ(answers[299], (std::pair<std::size_t, std::int64_t>{299, 1}));
  EXPECT_EQ(answers[300], (std::pair<std::size_t, std::int64_t>{300, 2}));
  EXPECT_EQ(answers[399], (std::pair<std::size_t, std::int64_t>{399, 2}));
}

TEST_P(DatabaseContract, ABatchOfFiveThousandLargeRowsGoesInAndComesBack) {
  const std::string blob(10'000, 'x');
  std::size_t bytes_back = 0;
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    Batch batch(2);
    for (std::int64_t id = 0; id < 5000; ++id) batch.add({id, BlobView{blob}});
    return tx.query_batch("INSERT INTO thing (id, bytes) VALUES ($1, $2) RETURNING bytes", batch,
                          [&](std::size_t, const Row& row) { bytes_back += row.blob(0).size(); });
  });
  ASSERT_TRUE(done.has_value()) << done.error().detail;
  EXPECT_EQ(bytes_back, 50'000'000u);
  EXPECT_EQ(count(), 5000);
}

TEST_P(DatabaseContract, NothingStaysOfAWriteThatReturnsAnError) {
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{1}}));
    return fail(ErrorKind::not_found, "mine", "Said by the body.");
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, "mine");
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, NothingStaysOfAWriteThatThrows) {
  auto throwing = [&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{1}}));
    throw std::runtime_error("not foreseen");
  };
  EXPECT_THROW((void)database().write(throwing), std::runtime_error);
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(insert(2, "after").has_value());
}

TEST_P(DatabaseContract, ThrowingWhileRowsComeLeavesTheConnectionUsable) {
  for (std::int64_t id = 0; id < 3; ++id) ASSERT_TRUE(insert(id, "x").has_value());
  auto throwing = [&](Transaction& tx) {
    return tx.query("SELECT id FROM thing", {}, [](const Row&) { throw std::runtime_error("not foreseen"); });
  };
  EXPECT_THROW((void)database().write(throwing), std::runtime_error);
  EXPECT_THROW((void)database().read(throwing), std::runtime_error);
  Batch batch(1);
  for (std::int64_t i = 0; i < 1000; ++i) batch.add({i});
  auto throwing_batch = [&](Transaction& tx) {
    return tx.query_batch("SELECT $1", batch,
                          [](std::size_t, const Row&) { throw std::runtime_error("not foreseen"); });
  };
  EXPECT_THROW((void)database().write(throwing_batch), std::runtime_error);
  EXPECT_EQ(count(), 3);
  EXPECT_TRUE(insert(9, "after").has_value());
}

TEST_P(DatabaseContract, ASecondRowWithTheSameKeyIsAConflict) {
  ASSERT_TRUE(insert(1, "first").has_value());
  auto again = insert(1, "secret-value");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_EQ(again.error().code, "unique");
  EXPECT_EQ(again.error().detail.find("secret-value"), std::string::npos);
}

TEST_P(DatabaseContract, ABatchThatFailsMidwayLeavesNothing) {
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    Batch batch(1);
    for (std::int64_t i = 0; i < 1000; ++i) batch.add({i == 700 ? std::int64_t{5} : i});
    TRY(tx.execute_batch("INSERT INTO thing (id) VALUES ($1)", batch));
    return {};
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, "unique");
  EXPECT_EQ(count(), 0);
  EXPECT_TRUE(insert(1, "after").has_value());
}

TEST_P(DatabaseContract, ATransactionCanOnlyEndAfterAnError) {
  ASSERT_TRUE(insert(1, "first").has_value());
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    auto conflict = tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{1}});
    EXPECT_FALSE(conflict.has_value());
    auto more = tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{2}});
    EXPECT_FALSE(more.has_value());
    EXPECT_EQ(more.error().code, "unique");
    return {};  // the body did not look; the database still does not commit
  });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, "unique");
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, WrongSqlIsAnInternalError) {
  auto done = database().read([](Transaction& tx) { return tx.query("SELECT FROM WHERE", {}, [](const Row&) {}); });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::internal);
}

TEST_P(DatabaseContract, AskingForAnotherTypeThanTheColumnHasThrows) {
  ASSERT_TRUE(insert(1, "text").has_value());
  auto body = [](Transaction& tx) {
    return tx.query("SELECT name FROM thing", {}, [](const Row& row) { (void)row.integer(0); });
  };
  EXPECT_THROW((void)database().read(body), std::logic_error);
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, ReadersCannotWrite) {
  auto done = database().read([](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{1}}));
    return {};
  });
  EXPECT_FALSE(done.has_value());
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseContract, ReadersDoNotWaitForAWriterInATransaction) {
  ASSERT_TRUE(insert(1, "committed").has_value());
  auto done = database().write([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO thing (id) VALUES ($1)", {std::int64_t{2}}));
    EXPECT_EQ(count(), 1);  // would hang here, were it to wait
    return {};
  });
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, AReaderSeesOneSnapshot) {
  ASSERT_TRUE(insert(1, "before").has_value());
  auto read = database().read([&](Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(count(tx)), 1);
    EXPECT_TRUE(insert(2, "meanwhile").has_value());
    EXPECT_EQ(TRY(count(tx)), 1);
    return {};
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseContract, WritersOfManyThreadsTakeTurns) {
  ASSERT_TRUE(insert(1, "counter").has_value());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        auto done = database().write([](Transaction& tx) -> Result<void> {
          std::int64_t amount = 0;
          TRY(tx.query("SELECT amount FROM thing", {}, [&](const Row& row) { amount = row.integer(0); }));
          TRY(tx.execute("UPDATE thing SET amount = $1", {amount + 1}));
          return {};
        });
        EXPECT_TRUE(done.has_value());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::int64_t amount = 0;
  auto read = database().read([&](Transaction& tx) {
    return tx.query("SELECT amount FROM thing", {}, [&](const Row& row) { amount = row.integer(0); });
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(amount, 160);
}

TEST_P(DatabaseContract, MoreReadersThanConnectionsAllGetTheirTurn) {
  ASSERT_TRUE(insert(1, "x").has_value());
  std::vector<std::future<std::int64_t>> counts;
  for (int i = 0; i < 20; ++i) counts.push_back(std::async(std::launch::async, [&] { return count(); }));
  for (auto& each : counts) EXPECT_EQ(each.get(), 1);
}

TEST_P(DatabaseContract, WhatWasCommittedIsThereAfterReopening) {
  ASSERT_TRUE(insert(1, "kept").has_value());
  test_database().reopen();
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseContract, TheDatabaseClockRunsNearOurs) {
  std::int64_t now = 0;
  auto read = database().read([&](Transaction& tx) -> Result<void> {
    now = TRY(tx.now_ms());
    return {};
  });
  ASSERT_TRUE(read.has_value());
  const auto ours = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  EXPECT_LT(std::abs(now - ours.time_since_epoch().count()), 60'000);
}

TEST_P(DatabaseContract, AnswersPingAndCheckpoint) {
  EXPECT_TRUE(database().ping().has_value());
  EXPECT_TRUE(insert(1, "x").has_value());
  EXPECT_TRUE(database().checkpoint().has_value());
  EXPECT_TRUE(database().ping().has_value());
}

}  // namespace
}  // namespace handschlag::db
