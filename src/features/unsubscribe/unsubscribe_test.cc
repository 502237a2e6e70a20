// Links pressed on real data databases with real vaults beside them.
#include "features/unsubscribe/unsubscribe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "features/regions/testing/two_regions.h"
#include "features/subjects/subjects.h"
#include "features/unsubscribe/link.h"
#include "platform/db/testing/testing.h"

namespace handschlag::unsubscribe {
namespace {

using consent::Act;
using gate::Channel;
using gate::Purpose;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kBase = "https://shop.example";

const identity::Key kMailbox = {identity::KeyKind::email, "@self", "anna@example.org"};

TEST(Link, SaysNothingAndOpensOnlyWhereItWasMade) {
  crypto::initialize();
  const crypto::Key key = crypto::Key::random();
  const Link link = {{42}, kMailbox, Purpose::SatisfactionSurvey, Channel::email};
  const std::string token = seal_link(key, "eu", link);
  EXPECT_NE(token, seal_link(key, "eu", link)) << "two links of one person can't be told to be of one";
  EXPECT_THAT(crypto::from_base64(token).value(), Not(HasSubstr("anna")));
  const auto opened = open_link(key, "eu", token);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->identity, IdentityId{42});
  EXPECT_EQ(opened->address, kMailbox);
  EXPECT_EQ(opened->purpose, Purpose::SatisfactionSurvey);
  EXPECT_EQ(opened->channel, Channel::email);
  EXPECT_FALSE(open_link(key, "us", token)) << "another region";
  EXPECT_FALSE(open_link(crypto::Key::random(), "eu", token));
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {
    std::string forged = token;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_link(key, "eu", forged)) << i;
    EXPECT_FALSE(open_link(key, "eu", token.substr(0, i))) << i;
  }
  EXPECT_FALSE(open_link(key, "eu", std::string(100'000, 'A')));
  EXPECT_FALSE(from_text(R"([0,"DirectMarketing","email","email","@self","a@b.example"])"));
  EXPECT_FALSE(from_text(R"([1,"Nothing","email","email","@self","a@b.example"])"));
}

class UnsubscribeTest : public db::testing::DatabaseTest {
 protected:
  struct Region {
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<identity::Identities> identities;
    std::unique_ptr<consent::Consents> consents;
  };

  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    regions_.open(GetParam(), test_database(),
                  {regions::testing::all_of({subjects::migrations(), identity::migrations(), consent::migrations()}),
                   regions::testing::all_of({vault::migrations()}),
                   {}});
    ids_ = regions_.ids();
    for (const std::string& id : ids_) open_vault(id);
    anna_ = person(ids_[0], "anna", {Purpose::DirectMarketing, Purpose::CustomerOrderManagement});
    open();
  }

  void TearDown() override {
    unsubscribe_.reset();
    regions_.close();
  }

  void open_vault(const std::string& id) {
    regions::Region& region = *regions_->find(id);
    Region& parts = parts_[id];
    parts.vault = *vault::Vault::open(region.vault(), id, keys_.contains(id) ? keys_.at(id) : region.key());
    parts.identities = std::make_unique<identity::Identities>(*parts.vault, identity::Limits{});
    parts.consents = std::make_unique<consent::Consents>(*parts.vault, *parts.identities);
  }

  void open() {
    std::vector<Place> places;
    for (const std::string& id : ids_) {
      Region& parts = parts_[id];
      places.push_back({regions_->find(id), parts.vault.get(), parts.identities.get(), parts.consents.get()});
    }
    auto where = [this](std::string_view region, IdentityId identity) -> Result<customers::Customers::Whereabouts> {
      ++asked_where_;
      if (moved_to_ && identity == anna_) return customers::Customers::Whereabouts{ids_[1], *moved_to_};
      return customers::Customers::Whereabouts{std::string(region), identity};
    };
    unsubscribe_ = Unsubscribe::create(std::move(places), where, law::shipped_law(), clock_, std::string(kBase));
  }

  template <class Body>
  void write(const std::string& region, Body body) {
    auto done = regions_->find(region)->writer().run([&](db::Transaction& tx) -> Result<void> { return body(tx); });
    ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
  }

  IdentityId person(const std::string& region, std::string name, gate::PurposeSet purposes) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, "shop", std::move(name)};
    seen.standing = identity::Standing::confirmed;
    seen.purposes = purposes;
    seen.source = 1;
    seen.origin = "shop";
    seen.country = "DE";
    seen.at = clock_.now();
    IdentityId out;
    const identity::Sighting* one = &seen;
    write(region, [&](db::Transaction& tx) -> Result<void> {
      out = TRY(parts_[region].identities->record(tx, {&one, 1})).front();
      return {};
    });
    return out;
  }

  void say(Act act, identity::Key address = kMailbox, IdentityId who = {}) {
    consent::Statement said;
    said.identity = who ? who : anna_;
    said.act = act;
    said.channel = Channel::email;
    said.address = std::move(address);
    said.strength = gate::Strength::confirmed;
    said.occurred_at = said.received_at = clock_.now();
    said.keep_until = clock_.now() + std::chrono::days{1000};
    write(ids_[0], [&](db::Transaction& tx) -> Result<void> {
      TRY(parts_[ids_[0]].consents->record(tx, said));
      return {};
    });
    clock_.advance(std::chrono::minutes{1});
  }

  std::string link(Purpose purpose = Purpose::DirectMarketing) {
    std::string url;
    write(ids_[0], [&](db::Transaction& tx) -> Result<void> {
      url = TRY(unsubscribe_->unsubscribe_url(tx, ids_[0], anna_, kMailbox, purpose, Channel::email));
      return {};
    });
    EXPECT_THAT(url, StartsWith("https://shop.example/u/"));
    return url.substr(kBase.size() + 3);
  }

  void press(const std::string& token) {
    auto pressed = unsubscribe_->press(token, {"de", "Keine solchen Nachrichten mehr?", false});
    ASSERT_TRUE(pressed) << pressed.error().code;
    ASSERT_TRUE(*pressed);
    EXPECT_EQ((*pressed)->channel, Channel::email);
    clock_.advance(std::chrono::minutes{1});
  }

  std::vector<consent::Statement> history(const std::string& region, IdentityId identity) {
    std::vector<consent::Statement> out;
    write(region, [&](db::Transaction& tx) -> Result<void> {
      out = TRY(parts_[region].consents->history(tx, {&identity, 1}));
      return {};
    });
    return out;
  }
  std::vector<Act> acts(const std::string& region, IdentityId identity) {
    std::vector<Act> out;
    for (const consent::Statement& said : history(region, identity)) out.push_back(said.act);
    return out;
  }
  bool said_no(const std::string& region, Purpose purpose = Purpose::DirectMarketing) {
    bool no = false;
    write(region, [&](db::Transaction& tx) -> Result<void> {
      no = TRY(parts_[region].consents->said_no(tx, kMailbox, purpose, Channel::email));
      return {};
    });
    return no;
  }

  std::vector<std::string> ids_;
  regions::testing::TwoRegions regions_;
  std::map<std::string, Region> parts_;
  std::map<std::string, crypto::Key> keys_;
  ManualClock clock_{Time{std::chrono::milliseconds{1'795'000'000'000}}};
  IdentityId anna_;
  std::optional<IdentityId> moved_to_;
  int asked_where_ = 0;
  std::unique_ptr<Unsubscribe> unsubscribe_;
};

INSTANTIATE_TEST_SUITE_P(Backends, UnsubscribeTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(UnsubscribeTest, LookingChangesNothingAndPressingTakesTheYesBackOnce) {
  say(Act::given);
  const std::string token = link();
  for (int i = 0; i < 50; ++i) {
    const auto ends = unsubscribe_->look(token);
    ASSERT_TRUE(ends && *ends);
    EXPECT_EQ((*ends)->purpose, Purpose::DirectMarketing);
  }
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::given));
  press(token);
  press(token);
  press(link());
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::given));
  const consent::Statement said = history(ids_[0], anna_).front();
  EXPECT_EQ(said.way, consent::Way::mail_link);
  EXPECT_EQ(said.address, kMailbox);
  EXPECT_EQ(said.proof.language, "de");
  EXPECT_EQ(said.proof.declaration, "Keine solchen Nachrichten mehr?");
  EXPECT_GT(said.keep_until, clock_.now());
}

TEST_P(UnsubscribeTest, AComplaintIsANoForEveryAddressAndSaidOnce) {
  say(Act::given);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(unsubscribe_->end(ids_[0], anna_, Purpose::DirectMarketing, Channel::email));
    clock_.advance(std::chrono::minutes{1});
  }
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::given));
  const consent::Statement said = history(ids_[0], anna_).front();
  EXPECT_FALSE(said.address);
  EXPECT_EQ(said.way, consent::Way::message);
  write(ids_[0], [&](db::Transaction& tx) -> Result<void> {
    const auto standing = TRY(parts_[ids_[0]].consents->standing(
        tx, {{&anna_, 1}, Purpose::DirectMarketing, Channel::email, &kMailbox, clock_.now()}));
    EXPECT_EQ(standing.state, gate::ConsentState::refused);
    return {};
  });
  say(Act::given);  // and it can be agreed to anew
  ASSERT_TRUE(unsubscribe_->end(ids_[0], anna_, Purpose::DirectMarketing, Channel::email));
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::given, Act::withdrawn, Act::given));
  // Whoever is not there any more has nothing said of them.
  ASSERT_TRUE(unsubscribe_->end(ids_[0], IdentityId{4711}, Purpose::DirectMarketing, Channel::email));
}

TEST_P(UnsubscribeTest, WithoutAConsentItIsAnObjection) {
  press(link());
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::objected));
}

TEST_P(UnsubscribeTest, AnotherYesAndTheOldLinkCountsAgain) {
  say(Act::given);
  const std::string token = link();
  press(token);
  say(Act::given);
  press(token);
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::given, Act::withdrawn, Act::given));
}

TEST_P(UnsubscribeTest, ANoThatAnothersYesOutweighedIsSaidAgain) {
  say(Act::given);
  const std::string token = link();
  press(token);
  say(Act::given, kMailbox,
      person(ids_[0], "ben", {Purpose::DirectMarketing}));  // who proved that the mailbox is theirs
  press(token);
  press(token);
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::withdrawn, Act::given));
  EXPECT_TRUE(said_no(ids_[0]));
}

TEST_P(UnsubscribeTest, ANoForAnotherAddressOrPurposeDoesNotStandInForThisOne) {
  say(Act::given);
  say(Act::withdrawn, {identity::KeyKind::email, "@self", "other@example.org"});
  press(link(Purpose::SatisfactionSurvey));
  press(link());
  EXPECT_TRUE(said_no(ids_[0]));
  EXPECT_TRUE(said_no(ids_[0], Purpose::SatisfactionSurvey));
  EXPECT_EQ(acts(ids_[0], anna_).size(), 4U);
}

TEST_P(UnsubscribeTest, WhatIsMadeUpOrSwappedIsNoneOfOurs) {
  say(Act::given);
  const std::string token = link();
  const crypto::Key stranger = crypto::Key::random();
  const Link wish = {anna_, kMailbox, Purpose::DirectMarketing, Channel::email};
  const crypto::Key other = *parts_[ids_[1]].vault->secret("unsubscribe");
  for (const std::string& bad :
       {std::string(), std::string("x"), token.substr(1), token + "A", seal_link(stranger, ids_[0], wish),
        seal_link(other, ids_[0], wish), std::string(5'000, 'A')}) {
    const auto looked = unsubscribe_->look(bad);
    const auto pressed = unsubscribe_->press(bad, {});
    EXPECT_TRUE(looked && !*looked) << bad;
    EXPECT_TRUE(pressed && !*pressed) << bad;
  }
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::given));
}

TEST_P(UnsubscribeTest, WorksForWhoMovedSince) {
  const std::string token = link();
  moved_to_ = person(ids_[1], "anna", {Purpose::DirectMarketing});
  press(token);
  press(token);
  EXPECT_THAT(acts(ids_[1], *moved_to_), ElementsAre(Act::objected));
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre());
  EXPECT_GE(asked_where_, 2);
}

TEST_P(UnsubscribeTest, WorksForWhoWasJoinedWithOthersSince) {
  const std::string token = link();
  const IdentityId other = person(ids_[0], "till-7", {Purpose::DirectMarketing, Purpose::CustomerOrderManagement});
  write(ids_[0], [&](db::Transaction& tx) {
    return parts_[ids_[0]].identities->link(tx, anna_, other, gate::Basis::consent, {Purpose::DirectMarketing}, "staff",
                                            clock_.now());
  });
  say(Act::given);
  press(token);
  press(token);
  EXPECT_TRUE(said_no(ids_[0]));
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::withdrawn, Act::given));
}

TEST_P(UnsubscribeTest, OfWhoWasErasedTheNoIsKeptForTheAddress) {
  say(Act::given);
  const std::string token = link();
  ASSERT_TRUE(parts_[ids_[0]].vault->destroy(anna_, vault::RetentionClass::ordinary));
  write(ids_[0], [&](db::Transaction& tx) -> Result<void> {
    TRY(consent::create_subject_data(clock_)->hide(tx, anna_, subjects::Removal::erased));
    TRY(identity::create_subject_data()->hide(tx, anna_, subjects::Removal::erased));
    while (TRY(identity::create_subject_data()->erase(tx, anna_, clock_.now(), 100, subjects::Removal::erased)) > 0) {
    }
    return {};
  });
  EXPECT_FALSE(said_no(ids_[0]));
  press(token);
  press(token);
  EXPECT_TRUE(said_no(ids_[0]));
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre()) << "shown to nobody";
}

TEST_P(UnsubscribeTest, LinksOutliveARestartAndTheRotationOfTheRegionsKey) {
  const std::string token = link();
  unsubscribe_.reset();
  const crypto::Key fresh = crypto::Key::random();
  vault::Vault& vault = *parts_[ids_[0]].vault;
  ASSERT_TRUE(vault.rotate(fresh));
  vault::Vault::Position position;
  for (;;) {
    const auto done = vault.rewrap(position);
    ASSERT_TRUE(done) << done.error().code;
    if (*done) break;
  }
  ASSERT_TRUE(vault.finish_rotation());
  keys_.insert({ids_[0], fresh});
  open_vault(ids_[0]);
  open();
  press(token);
  EXPECT_THAT(acts(ids_[0], anna_), ElementsAre(Act::objected));
}

}  // namespace
}  // namespace handschlag::unsubscribe
