#include "platform/db/migrate.h"

#include <array>
#include <thread>
#include <vector>

#include "platform/db/testing/testing.h"

namespace handschlag::db {
namespace {

constexpr Migration kFirst{"a", 1, "0001_first",
                           "CREATE TABLE a_one (id INTEGER PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;\n"
                           "-- an INTEGER; in a comment\nINSERT INTO a_one (id, data) VALUES (1, 'BLOB');"};
constexpr Migration kSecond{"a", 2, "0002_second", "ALTER TABLE a_one ADD COLUMN extra INTEGER;"};
constexpr Migration kOther{"b", 1, "0001_other", "CREATE TABLE b_one (id INTEGER PRIMARY KEY);"};

class Migrating : public testing::DatabaseTest {
 protected:
  std::int64_t ask(std::string_view sql) {
    std::int64_t answer = -1;
    auto read = database().read(
        [&](Transaction& tx) { return tx.query(sql, {}, [&](const Row& row) { answer = row.integer(0); }); });
    return read.has_value() ? answer : -1;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Migrating, ::testing::ValuesIn(testing::all_backends()), testing::backend_name);

TEST_P(Migrating, AFreshDatabaseGetsEveryStepOnce) {
  const std::array all{kFirst, kSecond, kOther};
  auto first = database().migrate(all);
  ASSERT_TRUE(first.has_value()) << first.error().detail;
  ASSERT_TRUE(database().migrate(all).has_value());
  test_database().reopen();
  ASSERT_TRUE(database().migrate(all).has_value());
  EXPECT_EQ(ask("SELECT count(*) FROM schema_migration"), 3);
  EXPECT_EQ(ask("SELECT count(*) FROM a_one"), 1);
  EXPECT_GT(ask("SELECT min(applied_at) FROM schema_migration"), 1'600'000'000'000);
}

TEST_P(Migrating, AppliesWhatIsMissing) {
  ASSERT_TRUE(database().migrate(std::array{kFirst}).has_value());
  ASSERT_TRUE(database().migrate(std::array{kFirst, kOther, kSecond}).has_value());
  EXPECT_EQ(ask("SELECT count(extra) FROM a_one"), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM b_one"), 0);
}

TEST_P(Migrating, APreviousProgramWorksWithStepsThatItDoesNotKnow) {
  ASSERT_TRUE(database().migrate(std::array{kFirst, kSecond}).has_value());
  auto old = database().migrate(std::array{kFirst, kOther});
  EXPECT_TRUE(old.has_value()) << old.error().detail;
  auto state = database().schema_state(std::array{kFirst, kOther});
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->applied, 2U);
  EXPECT_EQ(state->missing, 0U);
  EXPECT_EQ(state->unknown, 1U);
}

TEST_P(Migrating, TheStateTellsWhatIsMissingAndAppliesNothing) {
  auto fresh = database().schema_state(std::array{kFirst, kSecond});
  ASSERT_TRUE(fresh.has_value()) << fresh.error().detail;
  EXPECT_EQ(fresh->applied, 0U);
  EXPECT_EQ(fresh->missing, 2U);
  ASSERT_TRUE(database().migrate(std::array{kFirst}).has_value());
  EXPECT_EQ(database().schema_state(std::array{kFirst, kSecond})->missing, 1U);
  EXPECT_EQ(ask("SELECT count(*) FROM schema_migration"), 1);
}

TEST_P(Migrating, ABreakingStepOfANewerProgramIsRefused) {
  Migration breaking = kSecond;
  breaking.name = "0002_second_breaking";
  ASSERT_TRUE(database().migrate(std::array{kFirst, breaking}).has_value());
  auto old = database().migrate(std::array{kFirst});
  ASSERT_FALSE(old.has_value());
  EXPECT_EQ(old.error().kind, ErrorKind::conflict);
  EXPECT_EQ(old.error().code, "schema_newer");
}

TEST_P(Migrating, AnAppliedStepThatWasChangedIsRefused) {
  ASSERT_TRUE(database().migrate(std::array{kFirst}).has_value());
  Migration changed = kFirst;
  changed.sql = "CREATE TABLE a_one (id INTEGER PRIMARY KEY);";
  auto refused = database().migrate(std::array{changed, kSecond});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "schema_changed");
  EXPECT_EQ(ask("SELECT count(*) FROM schema_migration"), 1);
}

TEST_P(Migrating, AStepThatFailsLeavesNothingAndKeepsThoseBefore) {
  Migration failing = kSecond;
  failing.sql = "CREATE TABLE a_two (id INTEGER PRIMARY KEY); INSERT INTO a_one (id) VALUES (7); SELECT no_such_thing;";
  auto failed = database().migrate(std::array{kFirst, failing});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::internal);
  EXPECT_EQ(ask("SELECT count(*) FROM a_one"), 1);
  EXPECT_EQ(ask("SELECT count(*) FROM a_two"), -1);
  EXPECT_EQ(ask("SELECT count(*) FROM schema_migration"), 1);
  EXPECT_TRUE(database().migrate(std::array{kFirst, kSecond}).has_value());
}

TEST_P(Migrating, AGapInTheNumbersIsRefused) {
  auto refused = database().migrate(std::array{kSecond});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "migrations_numbering");
}

TEST_P(Migrating, SeveralNodesAtOnceApplyEachStepOnce) {
  const std::array all{kFirst, kSecond, kOther};
  std::vector<std::unique_ptr<Database>> nodes;
  for (int i = 0; i < 4; ++i) nodes.push_back(test_database().open_again());
  std::vector<std::thread> threads;
  for (auto& node : nodes) {
    threads.emplace_back([&] {
      auto migrated = node->migrate(all);
      EXPECT_TRUE(migrated.has_value()) << migrated.error().detail;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ask("SELECT count(*) FROM schema_migration"), 3);
  EXPECT_EQ(ask("SELECT count(*) FROM a_one"), 1);
}

TEST(Checksum, DiffersWithTheText) {
  EXPECT_EQ(checksum(""), "cbf29ce484222325");
  EXPECT_EQ(checksum("a"), "af63dc4c8601ec8c");  // published FNV-1a value
  EXPECT_NE(checksum("ab"), checksum("ba"));
}

}  // namespace
}  // namespace handschlag::db
