// Identities, links and the view over them, on a real data database with a real vault beside it.
#include "features/identity/identity.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "platform/db/testing/testing.h"

namespace handschlag::identity {
namespace {

using gate::Basis;
using gate::Purpose;
using gate::PurposeSet;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr PurposeSet kOrders = {Purpose::CustomerOrderManagement};
constexpr PurposeSet kCare = {Purpose::CustomerCare};
constexpr PurposeSet kMarketing = {Purpose::DirectMarketing};
constexpr Time kStart = Time{std::chrono::milliseconds{1'795'000'000'000}};

Key user(std::string value, std::string name_space = "shop") {
  return {KeyKind::user_id, std::move(name_space), std::move(value)};
}
Key browser(std::string value) {
  return {KeyKind::anonymous_id, "shop", std::move(value)};
}
Key email(std::string value) {
  return {KeyKind::email, "@self", std::move(value)};
}

class IdentityTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    vault_database_ = db::testing::TestDatabase::open(GetParam());
    ASSERT_TRUE(database().migrate(subjects::migrations()));
    ASSERT_TRUE(database().migrate(migrations()));
    ASSERT_TRUE((*vault_database_)->migrate(vault::migrations()));
    vault_ = *vault::Vault::open(**vault_database_, "eu", region_key_);
    identities_ = std::make_unique<Identities>(*vault_, Limits{});
  }

  void use_limits(Limits limits) { identities_ = std::make_unique<Identities>(*vault_, limits); }

  Sighting seen(Key own, Standing standing = Standing::confirmed, PurposeSet purposes = kOrders) const {
    Sighting sighting;
    sighting.own = std::move(own);
    sighting.standing = standing;
    sighting.purposes = purposes;
    sighting.source = 1;
    sighting.origin = "shop";
    sighting.country = "DE";
    sighting.at = now_;
    return sighting;
  }

  std::vector<IdentityId> record(const std::vector<Sighting>& sightings) {
    std::vector<IdentityId> ids;
    std::vector<const Sighting*> pointers;
    for (const Sighting& sighting : sightings) pointers.push_back(&sighting);
    auto written = database().write([&](db::Transaction& tx) -> Result<void> {
      ids = TRY(identities_->record(tx, pointers));
      return {};
    });
    EXPECT_TRUE(written) << written.error().detail;
    return ids;
  }
  IdentityId record(Sighting sighting) {
    auto ids = record(std::vector{std::move(sighting)});
    return ids.empty() ? IdentityId{} : ids.front();
  }

  template <class Body>
  auto read(Body body) {
    using Value = std::invoke_result_t<Body, db::Transaction&>;
    Value value = fail(ErrorKind::internal, "not_run", "");
    auto done = database().read([&](db::Transaction& tx) -> Result<void> {
      value = body(tx);
      return {};
    });
    EXPECT_TRUE(done);
    return value;
  }

  std::vector<std::int64_t> reached(IdentityId start, PurposeSet purposes = PurposeSet::all()) {
    auto found = read([&](db::Transaction& tx) { return identities_->reach(tx, start, purposes); });
    EXPECT_TRUE(found);
    std::vector<std::int64_t> ids;
    for (const Reached& entry : *found) ids.push_back(entry.id.value);
    return ids;
  }
  Customer customer(IdentityId id, PurposeSet purposes = PurposeSet::all()) {
    auto found = read([&](db::Transaction& tx) { return identities_->customer(tx, id, purposes); });
    EXPECT_TRUE(found) << found.error().detail;
    return found ? *std::move(found) : Customer{};
  }
  std::vector<std::int64_t> holders(const Key& key) {
    auto found = read([&](db::Transaction& tx) { return identities_->find(tx, {&key, 1}, PurposeSet::all()); });
    std::vector<std::int64_t> ids;
    for (const Identities::Found& entry : *found) ids.push_back(entry.id.value);
    return ids;
  }
  std::vector<Refusal> refusals() {
    return *read([&](db::Transaction& tx) { return identities_->refusals(tx, 5'000); });
  }
  Result<void> link(IdentityId a, IdentityId b, PurposeSet purposes = kOrders) {
    return database().write(
        [&](db::Transaction& tx) { return identities_->link(tx, a, b, Basis::contract, purposes, "staff", now_); });
  }
  Result<void> unlink(IdentityId a, IdentityId b) {
    return database().write([&](db::Transaction& tx) { return identities_->unlink(tx, a, b, now_); });
  }
  // A user id seen in a browser.
  Sighting visit(const std::string& who, const std::string& where, Standing standing = Standing::confirmed) const {
    Sighting sighting = seen(user(who), standing);
    sighting.together = {browser(where)};
    return sighting;
  }
  Sighting with_email(Key own, const std::string& address, Standing standing = Standing::confirmed,
                      PurposeSet purposes = kOrders) const {
    Sighting sighting = seen(std::move(own), standing, purposes);
    sighting.attributes = {email(address)};
    return sighting;
  }
  std::int64_t count(std::string_view sql) {
    std::int64_t rows = 0;
    EXPECT_TRUE(database().read(
        [&](db::Transaction& tx) { return tx.query(sql, {}, [&](const db::Row& row) { rows = row.integer(0); }); }));
    return rows;
  }

  Time now_ = kStart;
  const crypto::Key region_key_ = crypto::Key::random();
  std::unique_ptr<db::testing::TestDatabase> vault_database_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<Identities> identities_;
};

INSTANTIATE_TEST_SUITE_P(Backends, IdentityTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(IdentityTest, ManySightingsOfOneIdAreOneIdentity) {
  auto ids = record({seen(user("42")), seen(user("42")), seen(user("43")), seen(user("42"))});
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[3]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_EQ(record(seen(user("42"))), ids[0]);
  EXPECT_THAT(holders(user("42")), ElementsAre(ids[0].value));
}

TEST_P(IdentityTest, TheSameIdOfTwoNamespacesIsTwoIdentities) {
  EXPECT_NE(record(seen(user("42", "shop"))), record(seen(user("42", "crm"))));
}

TEST_P(IdentityTest, RecordingAgainChangesNothing) {
  Sighting sighting = visit("42", "firefox");
  sighting.attributes = {email("anna@example.org")};
  IdentityId first = record(sighting);
  auto before = customer(first);
  now_ += std::chrono::hours(1);
  sighting.at = now_;
  EXPECT_EQ(record(sighting), first);
  auto after = customer(first);
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 2);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM identity_link"), 1);
  ASSERT_EQ(after.links.size(), 1U);
  EXPECT_EQ(after.links[0].changed_at, before.links[0].changed_at);
  EXPECT_EQ(after.identities[0].keys[1].first_seen, kStart);
}

TEST_P(IdentityTest, NothingStaysOfATransactionThatFails) {
  auto failed = database().write([&](db::Transaction& tx) -> Result<void> {
    const Sighting sighting = visit("42", "firefox");
    const Sighting* pointer = &sighting;
    TRY(identities_->record(tx, {&pointer, 1}));
    return fail(ErrorKind::internal, "stop", "");
  });
  EXPECT_FALSE(failed);
  EXPECT_THAT(holders(user("42")), IsEmpty());
  EXPECT_TRUE(record(visit("42", "firefox"))) << "the keys that were made in the meantime are no hindrance";
}

TEST_P(IdentityTest, UserAndBrowserSeenTogetherAreOneCustomerForThosePurposes) {
  IdentityId anna = record(visit("42", "firefox"));
  IdentityId firefox = record(seen(browser("firefox")));
  EXPECT_THAT(reached(anna), UnorderedElementsAre(anna.value, firefox.value));
  EXPECT_THAT(reached(firefox, kOrders), UnorderedElementsAre(anna.value, firefox.value));
  EXPECT_THAT(reached(anna, kMarketing), ElementsAre(anna.value));
}

TEST_P(IdentityTest, FurtherPurposesWidenALink) {
  Sighting sighting = visit("42", "firefox");
  IdentityId anna = record(sighting);
  sighting.purposes = kMarketing;
  record(sighting);
  EXPECT_EQ(reached(anna, kOrders).size(), 2U);
  EXPECT_EQ(reached(anna, kMarketing).size(), 2U);
}

TEST_P(IdentityTest, APublicSourcesClaimJoinsNothingUntilAServerSourceConfirmsIt) {
  IdentityId anna = record(visit("42", "firefox", Standing::claimed));
  EXPECT_EQ(reached(anna).size(), 1U);
  auto claimed = customer(anna);
  ASSERT_EQ(claimed.links.size(), 1U);
  EXPECT_EQ(claimed.links[0].standing, Standing::claimed);
  record(visit("42", "firefox"));
  EXPECT_EQ(reached(anna).size(), 2U);
  EXPECT_EQ(customer(anna).links[0].standing, Standing::confirmed);
  record(visit("42", "firefox", Standing::claimed));
  EXPECT_EQ(reached(anna).size(), 2U) << "a later claim weakens nothing";
}

TEST_P(IdentityTest, ConfirmingALinkDoesNotConfirmThePurposesOfTheClaim) {
  Sighting claim = visit("42", "firefox", Standing::claimed);
  claim.purposes = kMarketing;
  IdentityId anna = record(claim);
  record(visit("42", "firefox"));
  EXPECT_EQ(reached(anna, kOrders).size(), 2U);
  EXPECT_EQ(reached(anna, kMarketing).size(), 1U);
}

TEST_P(IdentityTest, AClaimedEmailIsShownAsClaimUntilItIsConfirmed) {
  IdentityId anna = record(with_email(user("42"), "anna@example.org", Standing::claimed));
  EXPECT_THAT(holders(email("anna@example.org")), ElementsAre(anna.value));
  EXPECT_EQ(customer(anna).identities[0].keys[1].standing, Standing::claimed);
  IdentityId crm = record(with_email(user("7", "crm"), "anna@example.org"));
  EXPECT_THAT(reached(anna), ElementsAre(anna.value)) << "who claims an address joins nobody";
  record(with_email(user("42"), "anna@example.org"));
  EXPECT_EQ(customer(anna).identities[0].keys[1].standing, Standing::confirmed);
  EXPECT_THAT(reached(anna), UnorderedElementsAre(anna.value, crm.value));
}

TEST_P(IdentityTest, EqualEmailOfTwoServerSourcesLinksForServiceOnly) {
  IdentityId shop = record(with_email(user("42"), "anna@example.org", Standing::confirmed, kOrders));
  IdentityId crm = record(with_email(user("7", "crm"), "anna@example.org", Standing::confirmed, kCare | kMarketing));
  EXPECT_THAT(reached(shop, kOrders), UnorderedElementsAre(shop.value, crm.value));
  EXPECT_THAT(reached(shop, kCare), UnorderedElementsAre(shop.value, crm.value));
  EXPECT_THAT(reached(crm, kMarketing), ElementsAre(crm.value)) << "the shop has no leave for marketing";
  EXPECT_THAT(reached(shop, kMarketing), ElementsAre(shop.value));
}

TEST_P(IdentityTest, EqualEmailTakenForMarketingOnBothSidesLinksForMarketing) {
  IdentityId shop = record(with_email(user("42"), "anna@example.org", Standing::confirmed, kMarketing));
  IdentityId crm = record(with_email(user("7", "crm"), "anna@example.org", Standing::confirmed, kMarketing));
  EXPECT_THAT(reached(shop, kMarketing), UnorderedElementsAre(shop.value, crm.value));
  EXPECT_THAT(reached(shop, kOrders), ElementsAre(shop.value));
}

TEST_P(IdentityTest, AnIdentityMadeFromAnEmailJoinsThoseThatHoldItInEitherOrder) {
  IdentityId user_first = record(with_email(user("42"), "anna@example.org"));
  IdentityId mail = record(seen(email("anna@example.org")));
  EXPECT_THAT(reached(mail), UnorderedElementsAre(user_first.value, mail.value));
  IdentityId mail_first = record(seen(email("ben@example.org")));
  IdentityId ben = record(with_email(user("43"), "ben@example.org"));
  EXPECT_THAT(reached(mail_first), UnorderedElementsAre(mail_first.value, ben.value));
}

TEST_P(IdentityTest, AViewForOnePurposeJoinsOnlyWhoIsLinkedForIt) {
  auto ids = record({seen(user("1")), seen(user("2")), seen(user("3"))});
  ASSERT_TRUE(link(ids[0], ids[1], kOrders | kMarketing));
  ASSERT_TRUE(link(ids[1], ids[2], kOrders));
  EXPECT_THAT(reached(ids[0], kMarketing), UnorderedElementsAre(ids[0].value, ids[1].value));
  EXPECT_THAT(reached(ids[2], kMarketing), ElementsAre(ids[2].value));
}

TEST_P(IdentityTest, EveryMemberLeadsToTheSameCustomer) {
  auto ids = record({seen(user("1")), seen(user("2")), seen(user("3"))});
  ASSERT_TRUE(link(ids[0], ids[1], kOrders));
  ASSERT_TRUE(link(ids[1], ids[2], kMarketing));
  for (IdentityId id : ids) {
    auto found = read([&](db::Transaction& tx) { return identities_->reach(tx, id, kOrders | kMarketing); });
    ASSERT_EQ(found->size(), 3U);
    for (const Reached& entry : *found) EXPECT_EQ(entry.purposes, kOrders | kMarketing);
  }
}

TEST_P(IdentityTest, UnlinkSplitsAndTheNextSightingDoesNotJoinAgain) {
  IdentityId anna = record(visit("42", "firefox"));
  IdentityId firefox = record(seen(browser("firefox")));
  ASSERT_TRUE(unlink(firefox, anna)) << "in either order";
  EXPECT_THAT(reached(anna), ElementsAre(anna.value));
  record(visit("42", "firefox"));
  Sighting wider = visit("42", "firefox");
  wider.purposes = kMarketing;
  record(wider);
  EXPECT_THAT(reached(anna), ElementsAre(anna.value));
  EXPECT_EQ(customer(anna).links[0].standing, Standing::ended);
  EXPECT_TRUE(unlink(anna, firefox)) << "ending what has ended is no error";
}

TEST_P(IdentityTest, UnlinkingOverAnEmailLastsToo) {
  IdentityId shop = record(with_email(user("42"), "anna@example.org"));
  IdentityId crm = record(with_email(user("7", "crm"), "anna@example.org"));
  ASSERT_TRUE(unlink(shop, crm));
  record(with_email(user("42"), "anna@example.org", Standing::confirmed, kCare));
  EXPECT_THAT(reached(shop), ElementsAre(shop.value));
}

TEST_P(IdentityTest, StaffBringsAnEndedLinkBackWithThePurposesItNames) {
  Sighting sighting = visit("42", "firefox");
  sighting.purposes = kOrders | kMarketing;
  IdentityId anna = record(sighting);
  IdentityId firefox = record(seen(browser("firefox")));
  ASSERT_TRUE(unlink(anna, firefox));
  ASSERT_TRUE(link(anna, firefox, kOrders));
  EXPECT_EQ(reached(anna, kOrders).size(), 2U);
  EXPECT_EQ(reached(anna, kMarketing).size(), 1U) << "what was withdrawn stays so until somebody states it";
}

TEST_P(IdentityTest, StaffConfirmsAClaim) {
  IdentityId anna = record(visit("42", "firefox", Standing::claimed));
  IdentityId firefox = record(seen(browser("firefox")));
  ASSERT_TRUE(link(anna, firefox));
  EXPECT_EQ(reached(anna).size(), 2U);
}

TEST_P(IdentityTest, LinkRefusesItselfAndTheUnknown) {
  IdentityId anna = record(seen(user("42")));
  EXPECT_EQ(link(anna, anna).error().kind, ErrorKind::invalid);
  EXPECT_EQ(link(anna, {99}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(unlink(anna, {99}).error().kind, ErrorKind::not_found);
}

TEST_P(IdentityTest, AliasOfOneselfIsNoLink) {
  Sighting alias = seen(user("42"));
  alias.together = {user("42")};
  IdentityId anna = record(alias);
  EXPECT_THAT(customer(anna).links, IsEmpty());
  EXPECT_EQ(count("SELECT count(*) FROM identity_identity"), 1);
}

TEST_P(IdentityTest, ACustomerDoesNotGrowBeyondItsCap) {
  use_limits({.identities_per_customer = 5, .identities_per_value = 10});
  std::vector<Sighting> visits;
  for (int i = 0; i < 8; ++i) visits.push_back(visit("test", fmt::format("browser-{}", i)));
  IdentityId test = record(visits).front();
  EXPECT_EQ(reached(test).size(), 5U);
  auto refused = refusals();
  ASSERT_EQ(refused.size(), 4U);
  EXPECT_EQ(refused[0].reason, "customer_too_large");
  EXPECT_EQ(refused[0].a, test);
  EXPECT_EQ(refused[0].times, 1);
  record(visits);
  EXPECT_EQ(reached(test).size(), 5U);
  EXPECT_EQ(refusals()[0].times, 2);
  auto more = link(test, refused[0].b);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, "customer_too_large") << "staff may not either";
}

TEST_P(IdentityTest, TwoCustomersThatAreTooLargeTogetherStayTwo) {
  use_limits({.identities_per_customer = 5, .identities_per_value = 10});
  for (int i = 0; i < 2; ++i) record(visit("anna", fmt::format("a{}", i)));
  for (int i = 0; i < 2; ++i) record(visit("ben", fmt::format("b{}", i)));
  Sighting both = seen(user("anna"));
  both.together = {user("ben")};
  IdentityId anna = record(both);
  EXPECT_EQ(reached(anna).size(), 3U);
  EXPECT_EQ(refusals().size(), 1U);
}

TEST_P(IdentityTest, ASharedAddressGluesNobodyBeyondItsCap) {
  use_limits({.identities_per_customer = 100, .identities_per_value = 3});
  std::vector<IdentityId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(record(with_email(user(std::to_string(i)), "office@example.org")));
  EXPECT_EQ(reached(ids[0]).size(), 3U);
  EXPECT_EQ(reached(ids[5]).size(), 1U);
  EXPECT_EQ(refusals()[0].reason, "value_too_common");
}

TEST_P(IdentityTest, ManyHoldersOfOneAddressCanBeSeenAgain) {
  use_limits({.identities_per_customer = 100, .identities_per_value = 3});
  std::vector<Sighting> sightings;
  for (int i = 0; i < 20; ++i) sightings.push_back(with_email(user(std::to_string(i)), "office@example.org"));
  auto first = record(sightings);
  EXPECT_EQ(record(sightings), first);
  EXPECT_EQ(count("SELECT count(*) FROM identity_key"), 40);
  for (Sighting& sighting : sightings) sighting.purposes = kCare;
  EXPECT_EQ(record(sightings), first);
  EXPECT_EQ(holders(email("office@example.org")).size(), 20U);
}

TEST_P(IdentityTest, ATestIdSeenInAThousandBrowsersDoesNotGlueThem) {
  std::vector<Sighting> visits;
  for (int i = 0; i < 1'000; ++i) visits.push_back(visit("test", fmt::format("browser-{}", i)));
  auto half = visits.begin() + 500;
  IdentityId test = record(std::vector(visits.begin(), half)).front();
  record(std::vector(half, visits.end()));
  EXPECT_EQ(reached(test).size(), Limits{}.identities_per_customer);
  IdentityId last = record(seen(browser("browser-999")));
  EXPECT_THAT(reached(last), ElementsAre(last.value));
  EXPECT_EQ(refusals().size(), 1'001 - Limits{}.identities_per_customer);
}

TEST_P(IdentityTest, CustomerShowsItsIdentitiesOldestFirstWithTheirKeys) {
  IdentityId firefox = record(seen(browser("firefox")));
  now_ += std::chrono::minutes(5);
  Sighting sighting = visit("42", "firefox");
  sighting.attributes = {email("anna@example.org"), {KeyKind::phone, "@self", "+4930901820"}};
  IdentityId anna = record(sighting);
  auto view = customer(anna);
  ASSERT_EQ(view.identities.size(), 2U);
  EXPECT_EQ(view.identities[0].id, firefox);
  const Identity& identity = view.identities[1];
  EXPECT_EQ(identity.kind, KeyKind::user_id);
  EXPECT_EQ(identity.country, "DE");
  EXPECT_EQ(identity.source, 1);
  EXPECT_EQ(identity.created_at, now_);
  ASSERT_EQ(identity.keys.size(), 3U);
  EXPECT_EQ(identity.keys[0].value, "42");
  EXPECT_EQ(identity.keys[0].standing, Standing::own);
  std::vector<std::string> values = {identity.keys[1].value, identity.keys[2].value};
  EXPECT_THAT(values, UnorderedElementsAre("anna@example.org", "+4930901820"));
  ASSERT_EQ(view.links.size(), 1U);
  EXPECT_EQ(view.links[0].origin, "shop");
  auto unknown = read([&](db::Transaction& tx) { return identities_->customer(tx, {99}, PurposeSet::all()); });
  EXPECT_EQ(unknown.error().code, "customer_unknown");
}

TEST_P(IdentityTest, WhoseKeyIsDestroyedIsShownWithoutKeysAndLearnsNoMore) {
  IdentityId anna = record(with_email(user("42"), "anna@example.org"));
  ASSERT_TRUE(vault_->destroy(anna, vault::RetentionClass::ordinary));
  auto view = customer(anna);
  ASSERT_EQ(view.identities.size(), 1U);
  EXPECT_THAT(view.identities[0].keys, IsEmpty());
  // One erased person must not keep the others of a batch from being written.
  auto ids = record({with_email(user("42"), "anna.new@example.org"), seen(user("43"))});
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_EQ(ids[0], anna);
  EXPECT_THAT(holders(email("anna.new@example.org")), IsEmpty());
}

TEST_P(IdentityTest, FindsAndShowsAKeyOnlyForWhatItWasTaken) {
  IdentityId anna = record(with_email(user("42"), "anna@example.org", Standing::confirmed, kMarketing));
  record(seen(user("42")));
  const Key address = email("anna@example.org");
  auto found = read([&](db::Transaction& tx) { return identities_->find(tx, {&address, 1}, kOrders); });
  EXPECT_THAT(*found, IsEmpty());
  EXPECT_EQ(customer(anna, kOrders).identities[0].keys.size(), 1U);
  EXPECT_EQ(customer(anna, kMarketing).identities[0].keys.size(), 2U);
  EXPECT_EQ(customer(anna, kOrders).identities[0].stored_for, kOrders | kMarketing);
}

TEST_P(IdentityTest, KnowsOnlyWhatAnIdentityIsMadeFrom) {
  const IdentityId anna = record(with_email(user("42"), "anna@example.org"));
  std::vector<Key> keys = {user("42"), email("anna@example.org"), user("43")};
  auto known = read([&](db::Transaction& tx) { return identities_->knows(tx, keys); });
  EXPECT_EQ((*known)[0].id, anna);
  EXPECT_EQ((*known)[1].id, IdentityId{}) << "an address that somebody has, but is not made from";
  EXPECT_EQ((*known)[2].id, IdentityId{});
}

TEST_P(IdentityTest, CountsByCountryAndKind) {
  Sighting french = seen(user("43"));
  french.country = "FR";
  record({seen(user("41")), seen(user("42")), french, seen(browser("firefox"))});
  auto counts = read([&](db::Transaction& tx) { return identities_->count_by_country(tx, 1, KeyKind::user_id); });
  ASSERT_EQ(counts->size(), 2U);
  EXPECT_EQ((*counts)[0].country, "DE");
  EXPECT_EQ((*counts)[0].identities, 2);
  EXPECT_EQ((*counts)[1].identities, 1);
}

}  // namespace
}  // namespace handschlag::identity
