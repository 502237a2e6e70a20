#include "features/ledger/ledger.h"

#include <gtest/gtest.h>

#include <thread>

#include "platform/db/testing/testing.h"

namespace handschlag::ledger {
namespace {

class LedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    crypto::initialize();
    regions::Settings settings{folder_.path() / "data", folder_.path() / "keys", "", {{"eu", {"DE"}}}, "eu"};
    ASSERT_TRUE(regions::Regions::create_keys(settings));
    regions::Schemas schemas;
    for (const auto& migration : vault::migrations()) schemas.vault.push_back(migration);
    for (const auto& migration : migrations()) schemas.ledger.push_back(migration);
    regions_ = *regions::Regions::open(settings, schemas);
    vault_ = *vault::Vault::open(regions_->home().vault(), "eu", regions_->home().key());
    ledger_ = Ledger::create(regions_->home(), *vault_);
    std::vector<IdentityId> ids = {{1}, {2}};
    ASSERT_TRUE(vault_->create(ids, vault::RetentionClass::ordinary));
  }
  void TearDown() override {
    regions_->stop();
    ledger_.reset();
    vault_.reset();
    regions_.reset();
  }

  static Entry view(std::int64_t identity, std::int64_t at) {
    Entry entry;
    entry.identity = {identity};
    entry.at = from_millis(at);
    entry.purposes = {gate::Purpose::CustomerCare};
    entry.decision = gate::Decision::allow;
    entry.rules = {gate::Rule::contract_suffices};
    entry.rule_set = 1;
    entry.role = "agent";
    entry.operation = "getCustomer";
    return entry;
  }

  db::testing::TemporaryFolder folder_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, WhatWasWrittenIsReadBackNewestFirst) {
  ASSERT_TRUE(ledger_->record({view(1, 100), view(2, 150)}));
  ASSERT_TRUE(ledger_->record({view(1, 200)}));
  auto records = *ledger_->read({1}, 0, 10);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(to_millis(records[0].entry.at), 200);
  EXPECT_EQ(records[0].entry.role, "agent");
  EXPECT_EQ(records[0].entry.rules, std::vector{gate::Rule::contract_suffices});
  EXPECT_EQ(records[1].entry.purposes, gate::PurposeSet{gate::Purpose::CustomerCare});
  EXPECT_EQ(ledger_->read({1}, records[0].seq, 10)->size(), 1u);
}

TEST_F(LedgerTest, ManyThreadsLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 25; ++i) EXPECT_TRUE(ledger_->record({view(1, i)}));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger_->read({1}, 0, 1000)->size(), 200u);
}

TEST_F(LedgerTest, AfterTheKeyIsGoneNothingCanBeRead) {
  ASSERT_TRUE(ledger_->record({view(1, 100)}));
  ASSERT_TRUE(vault_->destroy({1}, vault::RetentionClass::ordinary));
  EXPECT_EQ(ledger_->read({1}, 0, 10).error().code, "key_destroyed");
}

TEST_F(LedgerTest, StoppedLedgerSaysNo) {
  regions_->stop();
  EXPECT_FALSE(ledger_->record({view(1, 100)}));
}

}  // namespace
}  // namespace handschlag::ledger
