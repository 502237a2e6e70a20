#include "features/vault/vault.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(again->digest_key().bytes(), vault_->digest_key().bytes());
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

INSTANTIATE_TEST_SUITE_P(Backends, VaultTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::vault
