// The digest key is rotated while people are looked for, recorded and erased, on real databases.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "features/identity/identity.h"
#include "platform/db/testing/testing.h"

namespace handschlag::identity {
namespace {

using gate::Purpose;
using gate::PurposeSet;

constexpr PurposeSet kOrders = {Purpose::CustomerOrderManagement};
constexpr Time kStart = Time{std::chrono::milliseconds{1'795'000'000'000}};

TEST(Digester, ALayerMoreIsMadeOfWhatIsStored) {
  crypto::initialize();
  std::vector<crypto::Key> keys = {crypto::Key::random(), crypto::Key::random(), crypto::Key::random()};
  Digester two({keys[0], keys[1]}, 2);
  Digester three(keys, 2);
  EXPECT_FALSE(two.former("anna"));
  EXPECT_EQ(three.former("anna"), two.digest("anna"));
  EXPECT_EQ(three.lift(two.digest("anna")), three.digest("anna"));
  EXPECT_NE(three.digest("anna"), two.digest("anna"));
  EXPECT_FALSE(Digester(keys, 3).former("anna"));
}

TEST(Digester, WhoseFirstKeyAloneIsKnownIsNotFoundByIt) {
  crypto::initialize();
  crypto::Key leaked = crypto::Key::random();
  Digester rotated({leaked, crypto::Key::random()}, 2);
  EXPECT_NE(rotated.digest("anna"), crypto::keyed_digest(leaked, "anna"));
}

Key user(int number) {
  return {KeyKind::user_id, "shop", fmt::format("user-{}", number)};
}
Key email(int number) {
  return {KeyKind::email, "@self", fmt::format("person-{}@example.org", number)};
}

class RotationTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    vault_database_ = db::testing::TestDatabase::open(GetParam());
    ASSERT_TRUE(database().migrate(migrations()));
    ASSERT_TRUE((*vault_database_)->migrate(vault::migrations()));
    reopen();
  }
  void TearDown() override {
    rotation_.reset();
    writer_.reset();
    DatabaseTest::TearDown();
  }

  void reopen() {
    rotation_.reset();
    writer_ = std::make_unique<db::Writer>(database(), 100);
    vault_ = *vault::Vault::open(**vault_database_, "eu", region_key_);
    identities_ = std::make_unique<Identities>(*vault_, Limits{});
    rotation_ =
        std::make_unique<DigestRotation>(*identities_, database(), *writer_, std::vector<DigestHolder*>{}, hold);
  }

  // In place of the order of events, for which every batch of them waits.
  static Result<void> hold(db::Transaction& tx) {
    TRY(tx.execute("UPDATE identity_head SET last_id = last_id WHERE one = 1", {}));
    return {};
  }

  static Sighting seen(int number) {
    Sighting sighting;
    sighting.own = user(number);
    sighting.attributes = {email(number)};
    sighting.standing = Standing::confirmed;
    sighting.purposes = kOrders;
    sighting.source = 1;
    sighting.origin = "shop";
    sighting.country = "DE";
    sighting.at = kStart;
    return sighting;
  }
  Result<std::vector<IdentityId>> record(Identities& identities, const std::vector<Sighting>& sightings) {
    std::vector<const Sighting*> pointers;
    for (const Sighting& sighting : sightings) pointers.push_back(&sighting);
    std::vector<IdentityId> ids;
    TRY(database().write([&](db::Transaction& tx) -> Result<void> {
      TRY(hold(tx));
      ids = TRY(identities.record(tx, pointers));
      return {};
    }));
    return ids;
  }
  Result<IdentityId> record(Identities& identities, int number) {
    return TRY(record(identities, std::vector{seen(number)})).front();
  }
  IdentityId record(int number) {
    auto id = record(*identities_, number);
    EXPECT_TRUE(id) << id.error().detail;
    return id.value_or(IdentityId{});
  }
  // People with the numbers below `end`.
  std::vector<IdentityId> record_all(int end) {
    std::vector<Sighting> sightings;
    for (int i = 0; i < end; ++i) sightings.push_back(seen(i));
    auto ids = record(*identities_, sightings);
    EXPECT_TRUE(ids) << ids.error().detail;
    return ids.value_or(std::vector<IdentityId>(static_cast<std::size_t>(end)));
  }

  // Whether everything about them is found and readable.
  void expect_known(int number, IdentityId id) {
    auto read = database().read([&](db::Transaction& tx) -> Result<void> {
      for (const Key& key : {user(number), email(number)}) {
        auto found = TRY(identities_->find(tx, {&key, 1}, PurposeSet::all()));
        EXPECT_TRUE(found.size() == 1 && found.front().id == id) << key.value;
      }
      Key own = user(number);
      EXPECT_EQ(TRY(identities_->knows(tx, {&own, 1})).front().id, id);
      auto customer = TRY(identities_->customer(tx, id, PurposeSet::all()));
      std::set<std::string> values;
      for (const HeldKey& key : customer.identities.front().keys) values.insert(key.value);
      EXPECT_EQ(values, (std::set{user(number).value, email(number).value}));
      return {};
    });
    EXPECT_TRUE(read) << read.error().detail;
  }

  std::set<std::string> digests() {
    std::set<std::string> out;
    EXPECT_TRUE(database().read([&](db::Transaction& tx) {
      return tx.query("SELECT digest FROM identity_key", {}, [&](const db::Row& row) { out.emplace(row.blob(0)); });
    }));
    return out;
  }
  std::int64_t count(std::string_view sql) {
    std::int64_t rows = 0;
    EXPECT_TRUE(database().read(
        [&](db::Transaction& tx) { return tx.query(sql, {}, [&](const db::Row& row) { rows = row.integer(0); }); }));
    return rows;
  }

  Result<void> finish() {
    return rotation_->finish([] { return false; });
  }

  crypto::Key region_key_ = crypto::Key::random();
  std::unique_ptr<db::testing::TestDatabase> vault_database_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Identities> identities_;
  std::unique_ptr<db::Writer> writer_;
  std::unique_ptr<DigestRotation> rotation_;
};

INSTANTIATE_TEST_SUITE_P(Backends, RotationTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(RotationTest, PeopleAreFoundAndNotMadeAgainBeforeWhileAndAfter) {
  auto ids = record_all(5);
  auto before = digests();
  ASSERT_TRUE(rotation_->begin());
  EXPECT_TRUE(*rotation_->running());
  for (int i = 0; i < 5; ++i) expect_known(i, ids[static_cast<std::size_t>(i)]);
  EXPECT_EQ(record(0), ids[0]) << "who is named is brought up";
  for (int i = 0; i < 5; ++i) expect_known(i, ids[static_cast<std::size_t>(i)]);
  IdentityId fresh = record(5);
  expect_known(5, fresh);
  ASSERT_TRUE(finish());
  EXPECT_FALSE(*rotation_->running());
  for (int i = 0; i < 5; ++i) expect_known(i, ids[static_cast<std::size_t>(i)]);
  EXPECT_EQ(record(1), ids[1]);
  expect_known(5, fresh);
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 6);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 12);
  for (const std::string& digest : digests()) EXPECT_FALSE(before.contains(digest)) << "a former digest is left";
}

TEST_P(RotationTest, WhoWasErasedIsKeptOutAfterItToo) {
  IdentityId erased = record(1);
  ASSERT_TRUE(vault_->destroy(erased, vault::RetentionClass::ordinary));
  auto subject = create_subject_data();
  ASSERT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
    TRY(subject->hide(tx, erased, subjects::Removal::erased));
    while (TRY(subject->erase(tx, erased, kStart, 1, subjects::Removal::erased)) > 0) {
    }
    return {};
  }));
  ASSERT_EQ(count("SELECT count(*) FROM identity_key"), 1);
  auto before = digests();
  for (bool named_meanwhile : {true, false}) {
    ASSERT_TRUE(rotation_->begin());
    EXPECT_TRUE(!named_meanwhile || record(1) == erased);
    ASSERT_TRUE(finish());
    EXPECT_EQ(record(1), erased);
    EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM identity_key WHERE purposes = 0 AND length(sealed) = 0"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 0);
  }
  EXPECT_NE(digests(), before);
}

TEST_P(RotationTest, WhatIsCutShortAnywhereGoesOnAfterARestart) {
  constexpr int kPeople = 620;  // of many steps
  auto ids = record_all(kPeople);
  ASSERT_TRUE(rotation_->begin());
  int cuts = 0;
  for (;; ++cuts) {
    reopen();
    int steps = 1 + cuts;
    auto finished = rotation_->finish([&] { return steps-- == 0; });
    if (finished) break;
    ASSERT_EQ(finished.error().code, "interrupted");
    EXPECT_TRUE(*rotation_->running());
    for (int i = 0; i < kPeople; i += 97) expect_known(i, ids[static_cast<std::size_t>(i)]);
    EXPECT_EQ(record(cuts), ids[static_cast<std::size_t>(cuts)]);
  }
  EXPECT_GE(cuts, 3);
  EXPECT_FALSE(*rotation_->running());
  for (int i = 0; i < kPeople; i += 31) expect_known(i, ids[static_cast<std::size_t>(i)]);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key WHERE layers <> 2"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 2 * kPeople);
}

TEST_P(RotationTest, OneAtATimeAndNotForEver) {
  IdentityId id = record(1);
  for (std::size_t layers = 2; layers <= Digester::kMostLayers; ++layers) {
    ASSERT_TRUE(rotation_->begin());
    EXPECT_EQ(rotation_->begin().error().code, "rotation_running");
    ASSERT_TRUE(finish());
    ASSERT_TRUE(finish()) << "once more does nothing";
  }
  EXPECT_EQ(rotation_->begin().error().code, "digest_rotated_too_often");
  expect_known(1, id);
}

TEST_P(RotationTest, AnotherNodeNeedsNotBeTold) {
  IdentityId one = record(1);
  IdentityId two = record(2);
  auto other_vault = *vault::Vault::open(**vault_database_, "eu", region_key_);
  Identities other(*other_vault, Limits{});
  ASSERT_EQ(*record(other, 1), one) << "so it knows the former key, and none other yet";
  ASSERT_TRUE(rotation_->begin());
  EXPECT_EQ(*record(other, 1), one);
  expect_known(1, one);
  ASSERT_TRUE(finish());
  EXPECT_EQ(*record(other, 2), two);
  ASSERT_TRUE(rotation_->begin());
  ASSERT_TRUE(finish());
  EXPECT_EQ(*record(other, 2), two);
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 2);
}

TEST_P(RotationTest, ADataBaseWhoseVaultIsOlderIsRefusedAndNobodyIsMadeAgain) {
  record(1);
  ASSERT_TRUE(rotation_->begin());
  ASSERT_TRUE(finish());
  ASSERT_TRUE((*vault_database_)->write([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("DELETE FROM vault_secret WHERE name <> 'digest'", {}));
    return {};
  }));
  reopen();
  EXPECT_EQ(record(*identities_, 1).error().code, "digest_key_missing");
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 1);
}

TEST_P(RotationTest, ManyWhoWriteMeanwhileMakeNobodyTwice) {
  constexpr int kPeople = 40;
  constexpr int kRotations = 4;
  auto ids = record_all(kPeople / 2);
  std::atomic<bool> done = false;
  std::atomic<int> failures = 0;
  std::atomic<int> rounds = 0;
  auto other_vault = *vault::Vault::open(**vault_database_, "eu", region_key_);
  Identities other(*other_vault, Limits{});
  auto write = [&](Identities& identities, int step) {
    for (int i = 0; !done || i < kPeople; ++i) {
      if (!record(identities, i * step % kPeople)) ++failures;
      ++rounds;
      rounds.notify_all();
    }
  };
  std::thread one([&] { write(*identities_, 1); });
  std::thread two([&] { write(other, 7); });
  for (int i = 0; i < kRotations; ++i) {
    EXPECT_TRUE(rotation_->begin());
    EXPECT_TRUE(finish());
    for (int seen = rounds; rounds < seen + 5;) rounds.wait(rounds);
  }
  done = true;
  one.join();
  two.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), kPeople);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 2 * kPeople);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key WHERE layers <> 5"), 0);
  for (int i = 0; i < kPeople / 2; ++i) expect_known(i, ids[static_cast<std::size_t>(i)]);
}

}  // namespace
}  // namespace handschlag::identity
