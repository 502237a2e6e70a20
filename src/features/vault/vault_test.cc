#include "features/vault/vault.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>
#include <utility>

#include "platform/db/testing/testing.h"

namespace handschlag::vault {
namespace {

class VaultTest : public testing::TestWithParam<db::testing::Backend> {
 protected:
  void SetUp() override {
    crypto::initialize();
    database_ = db::testing::TestDatabase::open(GetParam());
    if (!database_) GTEST_SKIP() << "this database is not on this machine";
    ASSERT_TRUE((*database_)->migrate(migrations()));
    vault_ = *Vault::open(**database_, "eu", region_key_);
  }

  crypto::Key region_key_ = crypto::Key::random();
  std::unique_ptr<db::testing::TestDatabase> database_;
  std::unique_ptr<Vault> vault_;
};

constexpr auto kOrdinary = RetentionClass::ordinary;

TEST_P(VaultTest, KeysSurviveReopening) {
  std::vector<IdentityId> ids = {{1}, {2}};
  auto keys = *vault_->create(ids, kOrdinary);
  EXPECT_NE(keys[0].bytes(), keys[1].bytes());
  auto again = *Vault::open(**database_, "eu", region_key_);
  EXPECT_EQ(again->get({1}, kOrdinary)->bytes(), keys[0].bytes());
  EXPECT_EQ(again->first_digest_key().bytes(), vault_->first_digest_key().bytes());
}

TEST_P(VaultTest, CreatingTwiceGivesTheSameKey) {
  std::vector<IdentityId> one = {{1}};
  auto first = *vault_->create(one, kOrdinary);
  std::vector<IdentityId> two = {{1}, {2}};
  EXPECT_EQ((*vault_->create(two, kOrdinary))[0].bytes(), first[0].bytes());
}

TEST_P(VaultTest, ClassesHaveKeysOfTheirOwn) {
  std::vector<IdentityId> one = {{1}};
  auto ordinary = *vault_->create(one, kOrdinary);
  auto proof = *vault_->create(one, RetentionClass::consent_proof);
  EXPECT_NE(ordinary[0].bytes(), proof[0].bytes());
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  EXPECT_EQ(vault_->get({1}, RetentionClass::consent_proof)->bytes(), proof[0].bytes());
}

TEST_P(VaultTest, DestroyedKeyIsGoneForGood) {
  std::vector<IdentityId> one = {{1}};
  ASSERT_TRUE(vault_->create(one, kOrdinary));
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  EXPECT_EQ(vault_->get({1}, kOrdinary).error().code, "key_destroyed");
  auto again = *Vault::open(**database_, "eu", region_key_);
  EXPECT_EQ(again->get({1}, kOrdinary).error().code, "key_destroyed");
  EXPECT_TRUE(vault_->destroy({1}, kOrdinary)) << "destroying twice is no error";
}

TEST_P(VaultTest, AKeyCachedByOneNodeIsGoneWhenAnotherDestroysIt) {
  if (!(**database_).shared()) GTEST_SKIP() << "one process alone has a SQLite file";
  auto database_of_other = database_->open_again();
  auto other = *Vault::open(*database_of_other, "eu", region_key_);
  std::vector<IdentityId> two = {{1}, {2}};
  ASSERT_TRUE(vault_->create(two, kOrdinary));
  auto cached = *other->find(two, kOrdinary);
  ASSERT_TRUE(cached[0] && cached[1]);
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  auto after = *other->find(two, kOrdinary);
  EXPECT_FALSE(after[0]);
  ASSERT_TRUE(after[1]);
  EXPECT_EQ(after[1]->bytes(), cached[1]->bytes());
  ASSERT_TRUE(other->destroy({2}, kOrdinary));
  EXPECT_EQ(vault_->get({2}, kOrdinary).error().code, "key_destroyed");
}

TEST_P(VaultTest, ManyAreDestroyedAtOnce) {
  std::vector<IdentityId> all = {{1}, {2}, {3}};
  ASSERT_TRUE(vault_->create(all, kOrdinary));
  ASSERT_TRUE(vault_->destroy(std::span(all).first(2), kOrdinary));
  EXPECT_FALSE(vault_->get({1}, kOrdinary));
  EXPECT_FALSE(vault_->get({2}, kOrdinary));
  EXPECT_TRUE(vault_->get({3}, kOrdinary));
}

TEST_P(VaultTest, WrongRegionKeyIsToldAtOpening) {
  auto wrong = Vault::open(**database_, "eu", crypto::Key::random());
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "region_key_wrong");
}

TEST_P(VaultTest, AnotherRegionsVaultDoesNotOpen) {
  EXPECT_EQ(Vault::open(**database_, "us", region_key_).error().code, "region_key_wrong");
}

TEST_P(VaultTest, SecretsStayTheSame) {
  auto first = *vault_->secret("unlinked:2026-11-21");
  EXPECT_EQ(vault_->secret("unlinked:2026-11-21")->bytes(), first.bytes());
  EXPECT_NE(vault_->secret("unlinked:2026-11-22")->bytes(), first.bytes());
}

// The keys stay what they are, whatever wraps them.
TEST_P(VaultTest, AfterRotationOnlyTheNewRegionKeyOpensIt) {
  std::vector<IdentityId> ids;
  for (std::int64_t id = 1; id <= 1'000; ++id) ids.push_back({id});
  auto keys = *vault_->create(ids, kOrdinary);
  auto secret = *vault_->secret("unlinked:2026-11-21");
  crypto::Key fresh = crypto::Key::random();
  ASSERT_TRUE(vault_->rotate(fresh));
  std::vector<IdentityId> later = {{1'001}};
  auto key_between = *vault_->create(later, kOrdinary);
  Vault::Position position;
  ASSERT_FALSE(*vault_->rewrap(position)) << "one step is not all";
  {
    auto half = *Vault::open(**database_, "eu", RegionKeys(fresh, region_key_));
    EXPECT_EQ(half->get({1}, kOrdinary)->bytes(), keys[0].bytes());
    EXPECT_EQ(half->get({1'000}, kOrdinary)->bytes(), keys[999].bytes());
    Vault::Position from_start;
    while (!*half->rewrap(from_start)) {
    }
    ASSERT_TRUE(half->finish_rotation());
    EXPECT_EQ(from_start.done, 1'001U + 2U) << "every key and every secret was looked at";
  }
  auto after = *Vault::open(**database_, "eu", fresh);
  EXPECT_EQ(after->get({1'000}, kOrdinary)->bytes(), keys[999].bytes());
  EXPECT_EQ(after->get({1'001}, kOrdinary)->bytes(), key_between[0].bytes());
  EXPECT_EQ(after->secret("unlinked:2026-11-21")->bytes(), secret.bytes());
  EXPECT_EQ(after->first_digest_key().bytes(), vault_->first_digest_key().bytes());
  EXPECT_EQ(Vault::open(**database_, "eu", region_key_).error().code, "region_key_wrong");
}

TEST_P(VaultTest, AKeyThatNeitherRegionKeyOpensStopsTheRotation) {
  std::vector<IdentityId> one = {{1}};
  ASSERT_TRUE(vault_->create(one, kOrdinary));
  ASSERT_TRUE((*database_)->write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE vault_key SET wrapped = $1", {db::BlobView{std::string(60, 'x')}}));
    return {};
  }));
  ASSERT_TRUE(vault_->rotate(crypto::Key::random()));
  Vault::Position position;
  EXPECT_EQ(vault_->rewrap(position).error().code, "envelope_invalid");
  EXPECT_EQ(position.done, 0U);
}

// What a node beside the one that rotates does, on the same database. `kept_`: the keys as their files are.
class NodesTest : public VaultTest {
 protected:
  void SetUp() override {
    VaultTest::SetUp();
    if (IsSkipped()) return;
    other_ = *Vault::open(**database_, "eu", region_key_, {}, [this] { return Result<RegionKeys>(kept_); });
    ASSERT_TRUE(vault_->create(one_, kOrdinary));
  }
  void rotate_whole() {
    ASSERT_TRUE(vault_->rotate(fresh_));
    Vault::Position position;
    while (!*vault_->rewrap(position)) {
    }
    ASSERT_TRUE(vault_->finish_rotation());
  }

  const std::vector<IdentityId> one_ = {{1}};
  const std::vector<IdentityId> two_ = {{2}};
  const crypto::Key fresh_ = crypto::Key::random();
  RegionKeys kept_{region_key_};
  std::unique_ptr<Vault> other_;
};

TEST_P(NodesTest, ANodeWithTheFormerKeyStoresNothingFromTheMomentTheRotationBegins) {
  ASSERT_TRUE(vault_->rotate(fresh_));
  EXPECT_EQ(other_->create(two_, kOrdinary).error().code, "region_key_changed");
  EXPECT_EQ(other_->create(two_, kOrdinary).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(other_->secret("new").error().code, "region_key_changed");
  EXPECT_EQ(other_->refresh().error().code, "region_key_changed");
  rotate_whole();
  EXPECT_EQ(other_->find(one_, kOrdinary).error().code, "region_key_changed");
  EXPECT_FALSE((*vault_->find(two_, kOrdinary))[0]) << "nothing that nobody can open";
  EXPECT_TRUE(vault_->create(two_, kOrdinary));
}

TEST_P(NodesTest, ANodeReadsTheKeysAnewWhenAnotherRotates) {
  ASSERT_TRUE(vault_->rotate(fresh_));
  kept_ = RegionKeys(fresh_, region_key_);
  const auto made = other_->create(two_, kOrdinary);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(other_->get({1}, kOrdinary));
  rotate_whole();
  EXPECT_EQ(vault_->get({2}, kOrdinary)->bytes(), made->front().bytes());
  kept_ = fresh_;
  ASSERT_TRUE(other_->refresh());
  EXPECT_FALSE(other_->region_keys().former) << "it is destroyed, and has no place in memory or in a backup";
  auto after = *Vault::open(**database_, "eu", fresh_);
  EXPECT_EQ(after->get({2}, kOrdinary)->bytes(), made->front().bytes());
}

TEST_P(NodesTest, ANodeThatOnlyReadFindsTheNewKeyWhenTheRotationIsOver) {
  rotate_whole();
  kept_ = fresh_;
  EXPECT_TRUE(other_->get({1}, kOrdinary));
  EXPECT_TRUE(other_->secret("new"));
}

TEST_P(NodesTest, KeysThatAreNotTheVaultsAreNotTaken) {
  ASSERT_TRUE(vault_->rotate(fresh_));
  kept_ = crypto::Key::random();
  EXPECT_EQ(other_->create(two_, kOrdinary).error().code, "region_key_changed");
  EXPECT_TRUE(crypto::equal(other_->region_keys().current.bytes(), region_key_.bytes()));
}

TEST_P(NodesTest, ARotationThatEndedBeforeTheDatabaseKnewIsToldAtTheNextOpening) {
  auto again = *Vault::open(**database_, "eu", RegionKeys(fresh_, region_key_));
  EXPECT_EQ(other_->create(two_, kOrdinary).error().code, "region_key_changed");
  EXPECT_TRUE(again->create(two_, kOrdinary));
}

// Keys that one node makes while another rotates are all there afterwards, whatever came first.
TEST_P(NodesTest, NoKeyIsLostBetweenAnInsertAndTheRotation) {
  auto database_of_other = (**database_).shared() ? database_->open_again() : nullptr;
  db::Database& database = database_of_other ? *database_of_other : **database_;
  auto stale = *Vault::open(database, "eu", region_key_);
  std::vector<IdentityId> made;
  std::thread inserting([&] {
    for (std::int64_t id = 100; id < 100'000; ++id) {
      const std::vector<IdentityId> next = {{id}};
      if (!stale->create(next, kOrdinary)) return;
      made.push_back({id});
    }
  });
  rotate_whole();
  inserting.join();
  ASSERT_LT(made.size(), 99'900U) << "it was refused in the end";
  auto after = *Vault::open(**database_, "eu", fresh_);
  const auto found = *after->find(made, kOrdinary);
  EXPECT_TRUE(std::all_of(found.begin(), found.end(), [](const auto& key) { return key.has_value(); }));
}

class ErasureTest : public VaultTest {
 protected:
  void SetUp() override {
    VaultTest::SetUp();
    if (IsSkipped()) return;
    vault_ = open_with_list(**database_);
  }
  std::filesystem::path list() const { return folder_.path() / "erasures" / "eu.list"; }
  std::unique_ptr<Vault> open_with_list(db::Database& database) {
    return *Vault::open(database, "eu", region_key_, list());
  }
  db::testing::TemporaryFolder folder_;
};

TEST_P(ErasureTest, AnOlderVaultBesideTheListHasNothingOfTheErased) {
  std::vector<IdentityId> ids = {{1}, {2}};
  ASSERT_TRUE(vault_->create(ids, kOrdinary));
  ASSERT_TRUE(vault_->create(ids, RetentionClass::consent_proof));
  std::string copy;
  db::CopyOptions options{folder_.path().string(),
                          [&](std::string_view bytes) -> Result<void> {
                            copy += bytes;
                            return {};
                          },
                          [](std::uint64_t, std::uint64_t) -> Result<void> { return {}; }};
  ASSERT_TRUE((*database_)->copy(options));
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  db::Options elsewhere = database_->options();
  GetParam() == db::testing::Backend::sqlite ? elsewhere.location += ".older" : elsewhere.schema += "_older";
  bool given = false;
  ASSERT_TRUE(db::restore(elsewhere, migrations(),
                          [&]() -> Result<std::string> { return std::exchange(given, true) ? "" : copy; }));
  auto older = *db::Database::open(elsewhere);
  EXPECT_TRUE((*Vault::open(*older, "eu", region_key_))->get({1}, kOrdinary)) << "without the list it comes back";
  auto restored = open_with_list(*older);
  EXPECT_EQ(restored->get({1}, kOrdinary).error().code, "key_destroyed");
  EXPECT_TRUE(restored->get({1}, RetentionClass::consent_proof)) << "a class that a duty holds stays";
  EXPECT_TRUE(restored->get({2}, kOrdinary));
}

TEST_P(ErasureTest, WhatWasCarriedOutAtOpeningIsToldUntilItIsSettled) {
  EXPECT_FALSE(vault_->unsettled_erasures()) << "an empty list";
  std::vector<IdentityId> ids = {{1}, {2}, {3}};
  ASSERT_TRUE(vault_->create(ids, kOrdinary));
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  vault_ = open_with_list(**database_);
  EXPECT_FALSE(vault_->unsettled_erasures()) << "this one was whole";
  vault_.reset();
  std::ofstream(list(), std::ios::app) << "2 1 1763771234567\n2 2 1763771234567\n3 1 1763771234567\n";
  for (int opening = 0; opening < 2; ++opening) {
    vault_ = open_with_list(**database_);
    EXPECT_FALSE(vault_->get({2}, kOrdinary));
    ASSERT_TRUE(vault_->unsettled_erasures());
    std::int64_t position = *vault_->unsettled_erasures();
    EXPECT_EQ(*vault_->erased(position, 2), (std::vector<IdentityId>{{2}})) << "the other line is of another class";
    EXPECT_EQ(*vault_->erased(position, 2), (std::vector<IdentityId>{{3}}));
    EXPECT_TRUE(vault_->erased(position, 2)->empty());
  }
  ASSERT_TRUE(vault_->settle_erasures());
  EXPECT_FALSE(vault_->unsettled_erasures());
  vault_ = open_with_list(**database_);
  EXPECT_FALSE(vault_->unsettled_erasures());
}

TEST_P(ErasureTest, ALostListIsBegunAnewWithWhatTheVaultKnows) {
  std::vector<IdentityId> one = {{7}};
  ASSERT_TRUE(vault_->create(one, kOrdinary));
  ASSERT_TRUE(vault_->destroy({7}, kOrdinary));
  vault_.reset();
  std::filesystem::remove(list());
  vault_ = open_with_list(**database_);
  std::ifstream file(list());
  std::string head;
  std::string line;
  std::getline(file, head);
  std::getline(file, line);
  EXPECT_TRUE(line.starts_with("7 1 ")) << line;
}

TEST_P(ErasureTest, ALineThatWasCutShortIsDropped) {
  std::vector<IdentityId> ids = {{1}, {2}};
  ASSERT_TRUE(vault_->create(ids, kOrdinary));
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  vault_.reset();
  std::ofstream(list(), std::ios::app) << "2 1 17";
  vault_ = open_with_list(**database_);
  EXPECT_TRUE(vault_->get({2}, kOrdinary)) << "that erasure was never confirmed";
  ASSERT_TRUE(vault_->destroy({2}, kOrdinary));
  vault_.reset();
  EXPECT_TRUE(Vault::open(**database_, "eu", region_key_, list()));
}

TEST_P(ErasureTest, LinesOfAnotherListMayBeAppended) {
  std::vector<IdentityId> ids = {{1}, {2}};
  ASSERT_TRUE(vault_->create(ids, kOrdinary));
  vault_.reset();
  std::ofstream(list(), std::ios::app) << "handschlag-erasures 1 eu 0011\n2 1 1763771234567\n";
  vault_ = open_with_list(**database_);
  EXPECT_FALSE(vault_->get({2}, kOrdinary));
  EXPECT_EQ(*vault_->highest_identity(), 2);
  ASSERT_TRUE(vault_->destroy({1}, kOrdinary));
  EXPECT_EQ(*vault_->highest_identity(), 2) << "also of those that are gone";
}

TEST_P(ErasureTest, ADamagedListOrOneOfAnotherRegionIsRefused) {
  vault_.reset();
  std::ofstream(list(), std::ios::app) << "nonsense\n";
  EXPECT_EQ(Vault::open(**database_, "eu", region_key_, list()).error().code, "erasure_list_damaged");
  std::ofstream(list()) << "handschlag-erasures 1 us 0011\n";
  EXPECT_EQ(Vault::open(**database_, "eu", region_key_, list()).error().code, "erasure_list_damaged");
}

INSTANTIATE_TEST_SUITE_P(Backends, ErasureTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

INSTANTIATE_TEST_SUITE_P(Backends, NodesTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

INSTANTIATE_TEST_SUITE_P(Backends, VaultTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::vault
