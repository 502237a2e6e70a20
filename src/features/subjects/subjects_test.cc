#include "features/subjects/subjects.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "platform/db/testing/testing.h"

namespace handschlag::subjects {
namespace {

constexpr db::Migration kRows{"held", 1, "0001_held",
                              "CREATE TABLE held (identity INTEGER NOT NULL, n INTEGER NOT NULL)"};
constexpr std::int64_t kRowsOfOne = 500;

// A slice with some rows of each identity.
class Held final : public SubjectData {
 public:
  Result<void> hide(db::Transaction&, IdentityId identity, Removal) override {
    hidden.push_back(identity.value);
    return {};
  }
  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit, Removal) override {
    std::int64_t removed = TRY(
        tx.execute("DELETE FROM held WHERE identity = $1 AND n IN (SELECT n FROM held WHERE identity = $1 LIMIT $2)",
                   {identity.value, limit}));
    ++steps;
    if (removed == 0 && on_end) on_end();
    return removed;
  }
  Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    return erase(tx, identity, {}, limit, Removal::erased);
  }
  std::vector<std::int64_t> hidden;  // on the region's writer, read after the call
  int steps = 0;
  std::function<void()> on_end;
};

class SubjectsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    static int count = 0;
    region_ = fmt::format("s{}n{}", getpid(), ++count);
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    if (GetParam() == db::testing::Backend::postgresql) settings_.postgres_url = test_database().options().location;
    settings_.regions = {{region_, {"DE"}}};
    settings_.home = region_;
    ASSERT_TRUE(regions::Regions::create_keys(settings_));
    ASSERT_TRUE(database().migrate(jobs::migrations()));
    std::vector<db::Migration> keys(vault::migrations().begin(), vault::migrations().end());
    std::vector<db::Migration> data(migrations().begin(), migrations().end());
    data.push_back(kRows);
    regions_ = *regions::Regions::open(settings_, {data, keys, {}});
    regions::Region& region = regions_->home();
    vault_ = *vault::Vault::open(region.vault(), region.id(), region.key());
    ASSERT_TRUE(vault_->create(kBoth, vault::RetentionClass::ordinary));
    ASSERT_TRUE(vault_->create(kBoth, vault::RetentionClass::bookkeeping));
    ASSERT_TRUE(region.data().write([&](db::Transaction& tx) -> Result<void> {
      db::Batch batch(2);
      for (IdentityId identity : kBoth) {
        for (std::int64_t n = 0; n < kRowsOfOne; ++n) batch.add({identity.value, n});
      }
      TRY(tx.execute_batch("INSERT INTO held (identity, n) VALUES ($1, $2)", batch));
      return {};
    }));
    open();
  }

  void TearDown() override {
    subjects_.reset();
    if (!regions_) return;
    regions_->stop();
    regions_.reset();
    if (settings_.postgres_url.empty()) return;
    for (const char* name : {"data", "vault", "ledger"}) {
      std::string sql = fmt::format("DROP SCHEMA IF EXISTS handschlag_{}_{} CASCADE", region_, name);
      EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.execute(sql, {}));
        return {};
      }));
    }
  }

  void open() { subjects_ = Subjects::create({{&regions_->home(), vault_.get()}}, {&held_}, database(), clock_); }

  std::int64_t rows(IdentityId identity) {
    std::int64_t count = 0;
    EXPECT_TRUE(regions_->home().data().read([&](db::Transaction& tx) {
      return tx.query("SELECT count(*) FROM held WHERE identity = $1", {identity.value},
                      [&](const db::Row& row) { count = row.integer(0); });
    }));
    return count;
  }
  bool readable(IdentityId identity, vault::RetentionClass retention_class = vault::RetentionClass::ordinary) {
    return vault_->get(identity, retention_class).has_value();
  }
  // Runs jobs until the rows of an identity are gone.
  void run_jobs() {
    std::promise<void> gone;
    bool told = false;
    held_.on_end = [&] {
      if (!std::exchange(told, true)) gone.set_value();
    };
    jobs::Options quick;
    quick.poll = std::chrono::milliseconds{10};
    jobs::Runner runner(database(), quick);
    subjects_->bind_jobs(runner);
    ASSERT_TRUE(runner.start());
    gone.get_future().wait();
    runner.stop();
  }

  static constexpr IdentityId kOne{1};
  static constexpr IdentityId kTwo{2};
  const std::vector<IdentityId> kBoth = {kOne, kTwo};
  db::testing::TemporaryFolder folder_;
  std::string region_;
  regions::Settings settings_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<vault::Vault> vault_;
  Held held_;
  std::unique_ptr<Subjects> subjects_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SubjectsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SubjectsTest, ErasedIsUnreadableAtOnceAndTheJobRemovesTheRows) {
  ASSERT_TRUE(subjects_->erase(region_, {&kOne, 1}));
  EXPECT_FALSE(readable(kOne));
  EXPECT_EQ(held_.hidden, std::vector<std::int64_t>{1});
  EXPECT_EQ(rows(kOne), kRowsOfOne) << "nobody waited for them";
  run_jobs();
  EXPECT_EQ(rows(kOne), 0);
  EXPECT_EQ(rows(kTwo), kRowsOfOne);
  EXPECT_TRUE(readable(kTwo));
}

TEST_P(SubjectsTest, WhoVanishesGoesInStepsAndLeavesTheKeyToTheCaller) {
  int calls = 0;
  for (bool gone = false; !gone; ++calls) {
    ASSERT_TRUE(regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
      gone = TRY(subjects_->vanish(tx, kOne, kRowsOfOne / 2));
      return {};
    }));
  }
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(rows(kOne), 0);
  EXPECT_EQ(rows(kTwo), kRowsOfOne);
  EXPECT_TRUE(readable(kOne));
  EXPECT_TRUE(held_.hidden.empty());
}

TEST_P(SubjectsTest, WhatADutyHoldsUnderAnotherKeyStaysReadable) {
  ASSERT_TRUE(subjects_->erase_now(region_, {&kOne, 1}));
  EXPECT_FALSE(readable(kOne));
  EXPECT_TRUE(readable(kOne, vault::RetentionClass::bookkeeping));
}

TEST_P(SubjectsTest, OneThatWasCutShortIsFinishedAfterARestart) {
  int asked = 0;
  auto cut = subjects_->erase_now(region_, {&kOne, 1}, [&] { return ++asked > 2; });
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, "interrupted");
  EXPECT_FALSE(readable(kOne));
  std::int64_t left = rows(kOne);
  EXPECT_GT(left, 0);
  EXPECT_LT(left, kRowsOfOne);
  open();
  run_jobs();
  EXPECT_EQ(rows(kOne), 0);
}

TEST_P(SubjectsTest, ErasingTwiceOrNobodyIsNoOp) {
  ASSERT_TRUE(subjects_->erase_now(region_, kBoth));
  EXPECT_TRUE(subjects_->erase_now(region_, kBoth));
  const IdentityId nobody{99};
  EXPECT_TRUE(subjects_->erase_now(region_, {&nobody, 1}));
  EXPECT_EQ(rows(kOne) + rows(kTwo), 0);
}

TEST_P(SubjectsTest, RowsGoInManySmallSteps) {
  ASSERT_TRUE(subjects_->erase_now(region_, {&kOne, 1}));
  EXPECT_GE(held_.steps, 3);
}

TEST_P(SubjectsTest, WhatARestoredVaultDestroyedIsHiddenAtOnceAndTheJobRemovesTheRows) {
  const auto list = folder_.path() / "list";
  auto open_vault = [&] {
    subjects_.reset();
    regions::Region& region = regions_->home();
    vault_ = *vault::Vault::open(region.vault(), region.id(), region.key(), list);
    open();
  };
  open_vault();
  ASSERT_TRUE(subjects_->settle());
  EXPECT_TRUE(held_.hidden.empty());
  std::ofstream(list, std::ios::app) << "1 1 1763771234567\n";  // erased after the backup was taken
  open_vault();
  EXPECT_FALSE(readable(kOne));
  ASSERT_TRUE(subjects_->settle());
  EXPECT_EQ(held_.hidden, std::vector<std::int64_t>{1});
  EXPECT_EQ(rows(kOne), kRowsOfOne);
  open_vault();
  ASSERT_TRUE(subjects_->settle());
  EXPECT_EQ(held_.hidden, std::vector<std::int64_t>{1}) << "settled is settled";
  run_jobs();
  EXPECT_EQ(rows(kOne), 0);
  EXPECT_EQ(rows(kTwo), kRowsOfOne);
}

TEST_P(SubjectsTest, AnUnknownRegionIsTold) {
  EXPECT_EQ(subjects_->erase("mars", kBoth).error().code, "region_unknown");
  EXPECT_TRUE(readable(kOne));
}

}  // namespace
}  // namespace handschlag::subjects
