// Copying a database while it is being written, and making one from the copy.
#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

constexpr std::array kSchema{
    Migration{"a", 1, "0001_first",
              "CREATE TABLE a_pair (id INTEGER NOT NULL PRIMARY KEY, twin INTEGER NOT NULL, data BLOB NOT NULL, note "
              "TEXT); CREATE TABLE a_sum (one INTEGER NOT NULL PRIMARY KEY, rows INTEGER NOT NULL, share REAL); "
              "INSERT INTO a_sum (one, rows, share) VALUES (1, 0, 0.5);"}};

class Copying : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(kSchema).has_value());
  }

  // One transaction: some rows, and their number in another table.
  Result<void> add(std::int64_t first, std::int64_t count) {
    return database().write([&](Transaction& tx) -> Result<void> {
      const std::string filling(200, '\x01');
      Batch batch(4);
      for (std::int64_t id = first; id < first + count; ++id) batch.add({id, -id, BlobView{filling}, {}});
      TRY(tx.execute_batch("INSERT INTO a_pair (id, twin, data, note) VALUES ($1, $2, $3, $4)", batch));
      TRY(tx.execute("UPDATE a_sum SET rows = rows + $1 WHERE one = 1", {count}));
      return {};
    });
  }

  Result<CopyReport> copy() {
    copied_.clear();
    CopyOptions options;
    options.scratch_folder = folder_.path().string();
    options.write = [&](std::string_view bytes) -> Result<void> {
      copied_ += bytes;
      return {};
    };
    options.progress = [&](std::uint64_t done, std::uint64_t total) -> Result<void> {
      EXPECT_TRUE(total == 0 || done <= total);
      if (on_progress_) on_progress_();
      return progress_;
    };
    return database().copy(options);
  }

  // A source of `bytes` in small pieces.
  static ReadCopy reading(const std::string& bytes) {
    return [&bytes, at = std::size_t{0}]() mutable -> Result<std::string> {
      std::string piece = bytes.substr(std::min(at, bytes.size()), 10'007);
      at += piece.size();
      return piece;
    };
  }

  Options elsewhere(const std::string& name) {
    Options options;
    if (GetParam() == testing::Backend::sqlite) {
      options.location = (folder_.path() / (name + ".db")).string();
    } else {
      options.location = test_database().options().location;
      options.schema = test_database().options().schema + "_" + name;
    }
    return options;
  }

  static std::int64_t ask(Database& database, std::string_view sql) {
    std::int64_t answer = -1;
    auto read = database.read(
        [&](Transaction& tx) { return tx.query(sql, {}, [&](const Row& row) { answer = row.integer(0); }); });
    EXPECT_TRUE(read.has_value()) << read.error().detail;
    return answer;
  }

  testing::TemporaryFolder folder_;
  std::string copied_;
  Result<void> progress_;
  std::function<void()> on_progress_;
};

INSTANTIATE_TEST_SUITE_P(Backends, Copying, ::testing::ValuesIn(testing::all_backends()), testing::backend_name);

TEST_P(Copying, ACopyTakenUnderWritingIsOfOneMoment) {
  ASSERT_TRUE(add(1, 20'000).has_value());
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> written{20'000};
  std::thread writer([&] {
    while (!stop) {
      EXPECT_TRUE(add(written + 1, 100).has_value());
      written += 100;
    }
  });
  const std::int64_t before = written;
  auto report = copy();
  const std::int64_t after = written + 100;
  stop = true;
  writer.join();
  ASSERT_TRUE(report.has_value()) << report.error().detail;
  EXPECT_EQ(report->restarts, 0U);
  auto restored = restore(elsewhere("under_writing"), kSchema, reading(copied_));
  ASSERT_TRUE(restored.has_value()) << restored.error().detail;
  auto copy = *Database::open(elsewhere("under_writing"));
  ASSERT_TRUE(copy->migrate(kSchema).has_value());
  const std::int64_t rows = ask(*copy, "SELECT count(*) FROM a_pair");
  EXPECT_EQ(rows, ask(*copy, "SELECT rows FROM a_sum"));
  EXPECT_EQ(rows, ask(*copy, "SELECT max(id) FROM a_pair"));
  EXPECT_EQ(rows, ask(*copy, "SELECT count(*) FROM a_pair WHERE twin = -id AND note IS NULL"));
  EXPECT_GE(rows, before);
  EXPECT_LE(rows, after);
}

TEST_P(Copying, ACopyIsADatabaseThatCanBeWritten) {
  ASSERT_TRUE(add(1, 10).has_value());
  ASSERT_TRUE(copy().has_value());
  ASSERT_TRUE(restore(elsewhere("written"), kSchema, reading(copied_)).has_value());
  auto copy = *Database::open(elsewhere("written"));
  const std::array later{kSchema[0], Migration{"a", 2, "0002_more", "ALTER TABLE a_pair ADD COLUMN extra INTEGER;"}};
  ASSERT_TRUE(copy->migrate(later).has_value());
  EXPECT_EQ(ask(*copy, "SELECT count(*) FROM a_pair"), 10);
  EXPECT_EQ(ask(*copy, "SELECT count(*) FROM a_sum WHERE share = 0.5"), 1);
}

TEST_P(Copying, WhatIsThereIsNotOverwritten) {
  ASSERT_TRUE(copy().has_value());
  ASSERT_TRUE(restore(elsewhere("twice"), kSchema, reading(copied_)).has_value());
  auto again = restore(elsewhere("twice"), kSchema, reading(copied_));
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, "database_exists");
}

TEST_P(Copying, ADamagedCopyLeavesNothing) {
  ASSERT_TRUE(add(1, 5'000).has_value());
  ASSERT_TRUE(copy().has_value());
  const std::string whole = copied_;
  const std::string cut = whole.substr(0, whole.size() / 2);
  const std::string nonsense(5'000, 'x');
  for (const std::string* bytes : {&cut, &nonsense}) {
    auto restored = restore(elsewhere("damaged"), kSchema, reading(*bytes));
    ASSERT_FALSE(restored.has_value());
    EXPECT_EQ(restored.error().code, "copy_damaged");
  }
  EXPECT_TRUE(restore(elsewhere("damaged"), kSchema, reading(whole)).has_value());
}

TEST_P(Copying, ACopyOfANewerProgramIsRefused) {
  ASSERT_TRUE(copy().has_value());
  auto restored = restore(elsewhere("newer"), {}, reading(copied_));
  if (GetParam() == testing::Backend::sqlite) {
    EXPECT_TRUE(restored.has_value()) << "its tables come with it, and no step is breaking";
  } else {
    ASSERT_FALSE(restored.has_value());
    EXPECT_EQ(restored.error().code, "schema_newer");
  }
}

TEST_P(Copying, AnErrorOfTheCallerEndsItAndLeavesNoFile) {
  ASSERT_TRUE(add(1, 20'000).has_value());
  progress_ = fail(ErrorKind::unavailable, "cancelled", "");
  auto copied = copy();
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().code, "cancelled");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  progress_ = {};
  EXPECT_TRUE(copy().has_value()) << "and the next one works";
  EXPECT_TRUE(add(30'000, 1).has_value());
}

TEST_P(Copying, OneAtATime) {
  ASSERT_TRUE(add(1, 20'000).has_value());
  std::string inner;
  on_progress_ = [&] {
    on_progress_ = nullptr;
    CopyOptions options;
    options.scratch_folder = folder_.path().string();
    std::thread([&] { inner = database().copy(options).error().code; }).join();
  };
  ASSERT_TRUE(copy().has_value());
  EXPECT_EQ(inner, "copy_running");
}

}  // namespace
}  // namespace handschlag::db
