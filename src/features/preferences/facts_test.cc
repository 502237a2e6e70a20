// What outreach is told of a person's leave, over two regions of real databases.
#include <gtest/gtest.h>

#include "features/preferences/preferences.h"
#include "platform/db/testing/testing.h"

namespace handschlag::preferences {
namespace {

using gate::ConsentState;

constexpr Time kStart = Time{std::chrono::milliseconds{1'795'000'000'000}};

class OneInterest final : public gate::Interests {
 public:
  gate::PurposeSet weighed(Time) const override { return {gate::Purpose::DirectMarketing}; }
};

struct Place {
  std::unique_ptr<db::testing::TestDatabase> data;
  std::unique_ptr<db::testing::TestDatabase> vault_database;
  crypto::Key region_key = crypto::Key::random();
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<identity::Identities> identities;
  std::unique_ptr<consent::Consents> consents;

  void open(db::testing::Backend backend, std::string_view region) {
    data = db::testing::TestDatabase::open(backend);
    vault_database = db::testing::TestDatabase::open(backend);
    ASSERT_TRUE((*data)->migrate(subjects::migrations()));
    ASSERT_TRUE((*data)->migrate(identity::migrations()));
    ASSERT_TRUE((*data)->migrate(consent::migrations()));
    ASSERT_TRUE((*vault_database)->migrate(vault::migrations()));
    vault = *vault::Vault::open(**vault_database, region, region_key);
    identities = std::make_unique<identity::Identities>(*vault, identity::Limits{});
    consents = std::make_unique<consent::Consents>(*vault, *identities);
  }
};

class FactsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    eu_.open(GetParam(), "eu");
    uk_.open(GetParam(), "uk");
    open_facts(nullptr);
  }

  void open_facts(const sources::Sources* sources) {
    facts_ = create_facts({{"eu", &**eu_.data, eu_.identities.get(), eu_.consents.get()},
                           {"uk", &**uk_.data, uk_.identities.get(), uk_.consents.get()}},
                          interests_, sources);
  }

  static IdentityId person(Place& place, std::string name, gate::PurposeSet purposes) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, "shop", std::move(name)};
    seen.standing = identity::Standing::confirmed;
    seen.purposes = purposes;
    seen.source = 1;
    seen.origin = "shop";
    seen.at = kStart;
    const identity::Sighting* one = &seen;
    IdentityId id;
    EXPECT_TRUE((*place.data)->write([&](db::Transaction& tx) -> Result<void> {
      id = TRY(place.identities->record(tx, {&one, 1})).front();
      return {};
    }));
    return id;
  }

  void say(Place& place, IdentityId who, consent::Act act, int minute) {
    consent::Statement said;
    said.identity = who;
    said.act = act;
    said.channel = gate::Channel::email;
    said.address = address_;
    said.occurred_at = said.received_at = kStart + std::chrono::minutes{minute};
    auto done = (*place.data)->write([&](db::Transaction& tx) -> Result<void> {
      TRY(place.consents->record(tx, said));
      return {};
    });
    EXPECT_TRUE(done) << done.error().detail;
  }

  gate::Question told(IdentityId who) {
    gate::Question question;
    question.purpose = gate::Purpose::DirectMarketing;
    question.channel = gate::Channel::email;
    question.at = kStart + std::chrono::days{1};
    auto done = (*eu_.data)->read([&](db::Transaction& tx) { return facts_->fill(tx, "eu", who, address_, question); });
    EXPECT_TRUE(done) << done.error().detail;
    return question;
  }

  static constexpr gate::PurposeSet kMarketing = {gate::Purpose::DirectMarketing};
  static constexpr gate::PurposeSet kOrders = {gate::Purpose::CustomerOrderManagement};
  const identity::Key address_{identity::KeyKind::email, "@self", "anna@example.org"};
  const OneInterest interests_;
  ManualClock clock_{kStart};
  Place eu_;
  Place uk_;
  std::unique_ptr<outreach::Facts> facts_;
};

TEST_P(FactsTest, WhatWasSaidIsTold) {
  const IdentityId anna = person(eu_, "anna", kMarketing);
  EXPECT_EQ(told(anna).consent, ConsentState::unknown);
  EXPECT_TRUE(told(anna).interest_weighed);
  say(eu_, anna, consent::Act::given, 1);
  EXPECT_EQ(told(anna).consent, ConsentState::given);
  EXPECT_EQ(told(anna).consented_at, kStart + std::chrono::minutes{1});
  say(eu_, anna, consent::Act::withdrawn, 2);
  EXPECT_EQ(told(anna).consent, ConsentState::refused);
}

TEST_P(FactsTest, YesOfALinkForServiceIsNoneForMarketingAndItsNoIs) {
  const IdentityId shop = person(eu_, "shop", kOrders);
  const IdentityId crm = person(eu_, "crm", kOrders);
  ASSERT_TRUE((*eu_.data)->write([&](db::Transaction& tx) -> Result<void> {
    return eu_.identities->link(tx, shop, crm, gate::Basis::contract, kOrders, "staff", kStart);
  }));
  say(eu_, crm, consent::Act::given, 1);
  EXPECT_EQ(told(shop).consent, ConsentState::unknown);
  say(eu_, crm, consent::Act::withdrawn, 2);
  EXPECT_EQ(told(shop).consent, ConsentState::refused);
}

TEST_P(FactsTest, NoFromAnotherRegionHoldsAndItsYesDoesNot) {
  const IdentityId anna = person(eu_, "anna", kMarketing);
  const IdentityId there = person(uk_, "anna", kMarketing);
  say(uk_, there, consent::Act::given, 1);
  EXPECT_EQ(told(anna).consent, ConsentState::unknown);
  say(eu_, anna, consent::Act::given, 2);
  EXPECT_EQ(told(anna).consent, ConsentState::given);
  say(uk_, there, consent::Act::withdrawn, 3);
  EXPECT_EQ(told(anna).consent, ConsentState::refused);
}

TEST_P(FactsTest, WhomAServiceForChildrenKnowsMayBeAChild) {
  const auto control = db::testing::TestDatabase::open(GetParam());
  ASSERT_TRUE((*control)->migrate(staff::migrations()));
  ASSERT_TRUE((*control)->migrate(sources::migrations()));
  const auto sources = *sources::Sources::open(**control, clock_);
  ASSERT_TRUE(sources->add({.id = "games",
                            .touchpoint = "app",
                            .for_children = true,
                            .purposes = {{gate::Purpose::DirectMarketing, gate::Basis::consent}}}));
  open_facts(sources.get());
  EXPECT_TRUE(told(person(eu_, "anna", kMarketing)).for_children);
  facts_.reset();
}

TEST_P(FactsTest, UnknownRegionIsAnError) {
  gate::Question question;
  auto done = (*eu_.data)->read([&](db::Transaction& tx) { return facts_->fill(tx, "xx", {1}, address_, question); });
  EXPECT_FALSE(done);
  EXPECT_EQ(question.consent, ConsentState::unknown);
}

INSTANTIATE_TEST_SUITE_P(Backends, FactsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::preferences
