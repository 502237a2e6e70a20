#include "features/sources/sources.h"

#include <gmock/gmock.h>

#include <thread>

#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::sources {
namespace {

using gate::Basis;
using gate::Purpose;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Source shop() {
  return {
      .id = "shop",
      .touchpoint = "checkout",
      .country = "DE",
      .trust = Trust::server,
      .purposes = {{Purpose::CustomerOrderManagement, Basis::contract}, {Purpose::DirectMarketing, Basis::consent}}};
}

Source till() {
  return {.id = "till", .touchpoint = "shop", .purposes = {{Purpose::CustomerCare, Basis::contract}}};
}

class SourcesTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()).has_value());
    sources_ = open(database());
  }

  std::unique_ptr<Sources> open(db::Database& database) {
    auto opened = Sources::open(database, clock_);
    EXPECT_TRUE(opened.has_value());
    return *std::move(opened);
  }

  std::string add(Source source) {
    auto added = sources_->add(std::move(source));
    EXPECT_TRUE(added.has_value()) << added.error().detail;
    return added ? added->write_key : "";
  }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<Sources> sources_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SourcesTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

std::vector<std::string> pointers_of(const Error& error) {
  std::vector<std::string> pointers;
  for (const FieldError& field : error.fields) pointers.push_back(field.pointer);
  return pointers;
}

TEST_P(SourcesTest, AddedSourceIsFoundByIdNumberAndWriteKey) {
  const std::string key = add(shop());
  add(till());
  EXPECT_THAT(key, StartsWith("hsw_"));
  EXPECT_EQ(key.size(), 36U);
  const SourcePointer found = sources_->by_write_key(key);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "shop");
  EXPECT_EQ(sources_->find("shop"), found);
  EXPECT_EQ(sources_->find(found->number), found);
  EXPECT_EQ(sources_->list().size(), 2U);
  EXPECT_EQ(sources_->list()[1]->id, "till");
  EXPECT_EQ(sources_->find("web"), nullptr);
  EXPECT_EQ(sources_->find(Id<Source>{99}), nullptr);
}

TEST_P(SourcesTest, BelongToAUnitThatCanBeChanged) {
  Source munich = shop();
  munich.unit = "south/munich";
  add(munich);
  add(till());
  EXPECT_EQ(open(database())->find("shop")->unit, "south/munich");
  EXPECT_EQ(numbers_within(*sources_, "south"), std::set<std::int64_t>{sources_->find("shop")->number.value});
  EXPECT_EQ(numbers_within(*sources_, "").size(), 2U);
  EXPECT_EQ(find_within(*sources_, "north", "shop"), nullptr);
  EXPECT_EQ(find_within(*sources_, "south", "shop"), sources_->find("shop"));
  EXPECT_EQ(find_within(*sources_, "south", "till"), nullptr) << "the company's own is not of a part";
  ASSERT_TRUE(sources_->set_unit("shop", ""));
  EXPECT_TRUE(numbers_within(*sources_, "south").empty());
  auto wrong = sources_->set_unit("shop", "South");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(pointers_of(wrong.error()), ElementsAre("/unit"));
  munich.id = "other";
  munich.unit = "a//b";
  auto refused = sources_->add(munich);
  ASSERT_FALSE(refused);
  EXPECT_THAT(pointers_of(refused.error()), ElementsAre("/unit"));
}

TEST_P(SourcesTest, WhatWasLeftOutHasItsDefault) {
  add(till());
  const SourcePointer source = sources_->find("till");
  EXPECT_EQ(source->name, "till");
  EXPECT_EQ(source->name_space, "till");
  EXPECT_EQ(source->controller, "self");
  EXPECT_EQ(source->trust, Trust::public_);
  EXPECT_EQ(source->created_at, clock_.now());
  EXPECT_EQ(source->purpose_set(), gate::PurposeSet{Purpose::CustomerCare});
}

TEST_P(SourcesTest, EverythingComesBackAfterARestart) {
  Source full = shop();
  full.name = "Der Laden – 日本";
  full.name_space = "web";
  full.controller = "Muster GmbH";
  full.mode = Mode::test;
  full.enabled = false;
  full.consent_categories = {{"analytics", {Purpose::ServiceUsageAnalytics, Purpose::DirectMarketing}}, {"none", {}}};
  full.plan = {.declared = true,
               .events = {{"Order Completed", {"total", "a/b"}}, {"$identify", {"*"}}},
               .unlinked_properties = {"total"}};
  full.for_children = true;
  full.data_categories = gate::special | gate::recording;
  full.cors_origins = {"https://shop.example", "http://localhost:3000"};
  const std::string key = add(full);
  const SourcePointer before = sources_->find("shop");
  const SourcePointer after = open(database())->by_write_key(key);
  ASSERT_NE(after, nullptr);
  for (const SourcePointer& source : {before, after}) {
    EXPECT_EQ(source->name, full.name);
    EXPECT_EQ(source->name_space, "web");
    EXPECT_EQ(source->controller, "Muster GmbH");
    EXPECT_EQ(source->touchpoint, "checkout");
    EXPECT_EQ(source->country, "DE");
    EXPECT_EQ(source->trust, Trust::server);
    EXPECT_EQ(source->mode, Mode::test);
    EXPECT_FALSE(source->enabled);
    EXPECT_EQ(source->purposes, full.purposes);
    EXPECT_EQ(source->consent_categories, full.consent_categories);
    EXPECT_EQ(source->plan, full.plan);
    EXPECT_EQ(source->cors_origins, full.cors_origins);
    EXPECT_TRUE(source->for_children);
    EXPECT_EQ(source->data_categories, full.data_categories);
    EXPECT_EQ(source->created_at, clock_.now());
  }
}

TEST_P(SourcesTest, WrongFieldsAreNamed) {
  Source wrong{.id = "Shop",
               .touchpoint = "",
               .name_space = "a/b",
               .controller = "\n",
               .country = "Germany",
               .purposes = {},
               .cors_origins = {"https://shop.example/path"}};
  wrong.name = std::string("a\0b", 3);
  auto added = sources_->add(wrong);
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().kind, ErrorKind::invalid);
  EXPECT_THAT(pointers_of(added.error()), ElementsAre("/id", "/touchpoint", "/namespace", "/name", "/controller",
                                                      "/country", "/purposes", "/cors_origins"));
  Source nowhere = till();
  nowhere.country = "XX";
  EXPECT_THAT(pointers_of(sources_->add(nowhere).error()), ElementsAre("/country"));
  Source twice = till();
  twice.purposes.push_back({Purpose::CustomerCare, Basis::consent});
  EXPECT_FALSE(sources_->add(twice).has_value());
}

TEST_P(SourcesTest, SameIdTwiceIsAConflict) {
  const std::string key = add(shop());
  auto again = sources_->add(shop());
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, "source_exists");
  EXPECT_NE(sources_->by_write_key(key), nullptr);
}

TEST_P(SourcesTest, WriteKeyIsStoredNowhere) {
  const std::string key = add(shop());
  std::string digest;
  ASSERT_TRUE(database()
                  .read([&](db::Transaction& tx) {
                    return tx.query("SELECT digest FROM sources_key", {},
                                    [&](const db::Row& row) { digest = row.blob(0); });
                  })
                  .has_value());
  EXPECT_EQ(digest, crypto::digest(key));
}

TEST_P(SourcesTest, OtherTextsAreNoWriteKeys) {
  const std::string key = add(shop());
  std::string almost = key;
  almost.back() = almost.back() == 'A' ? 'B' : 'A';
  for (const std::string& text : {std::string(), std::string("hsw_"), key + "x", key.substr(1), almost}) {
    EXPECT_EQ(sources_->by_write_key(text), nullptr);
  }
}

TEST_P(SourcesTest, OldKeyStaysValidForTheOverlap) {
  const std::string first = add(shop());
  auto rotated = sources_->rotate_key("shop", std::chrono::hours(1));
  ASSERT_TRUE(rotated.has_value());
  EXPECT_NE(rotated->write_key, first);
  EXPECT_NE(sources_->by_write_key(first), nullptr);
  clock_.advance(std::chrono::minutes(60) - std::chrono::milliseconds(1));
  EXPECT_NE(sources_->by_write_key(first), nullptr);
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(sources_->by_write_key(first), nullptr);
  EXPECT_NE(sources_->by_write_key(rotated->write_key), nullptr);
}

TEST_P(SourcesTest, SecondRotationDoesNotProlongTheFirst) {
  const std::string first = add(shop());
  const std::string second = sources_->rotate_key("shop", std::chrono::minutes(1))->write_key;
  const std::string third = sources_->rotate_key("shop", std::chrono::hours(1))->write_key;
  clock_.advance(std::chrono::minutes(1));
  EXPECT_EQ(sources_->by_write_key(first), nullptr);
  EXPECT_NE(sources_->by_write_key(second), nullptr);
  const std::string fourth = sources_->rotate_key("shop", std::chrono::seconds(0))->write_key;
  EXPECT_EQ(sources_->by_write_key(second), nullptr);
  EXPECT_EQ(sources_->by_write_key(third), nullptr);
  EXPECT_NE(sources_->by_write_key(fourth), nullptr);
}

TEST_P(SourcesTest, ChangesAreSeenAtOnceAndOldPointersStayAsTheyWere) {
  const std::string key = add(shop());
  const SourcePointer before = sources_->by_write_key(key);
  ASSERT_TRUE(sources_->set_enabled("shop", false).has_value());
  ASSERT_TRUE(sources_->set_plan("shop", {.declared = true, .events = {{"Order Completed", {"total"}}}}).has_value());
  ASSERT_TRUE(sources_->set_consent_categories("shop", {{"ads", {Purpose::PersonalisedAdvertising}}}).has_value());
  const SourcePointer after = sources_->by_write_key(key);
  ASSERT_NE(after, nullptr);
  EXPECT_FALSE(after->enabled);
  EXPECT_TRUE(after->plan.declared);
  EXPECT_TRUE(after->consent_categories.at("ads").has(Purpose::PersonalisedAdvertising));
  EXPECT_TRUE(before->enabled);
  EXPECT_FALSE(before->plan.declared);
}

TEST_P(SourcesTest, ChangesOfAnotherNodeAreSeenWithinTheRefreshTime) {
  const std::string key = add(shop());
  auto other_database = test_database().open_again();
  auto other = open(*other_database);
  ASSERT_TRUE(sources_->set_enabled("shop", false).has_value());
  const std::string till_key = add(till());
  EXPECT_TRUE(other->by_write_key(key)->enabled);
  EXPECT_EQ(other->by_write_key(till_key), nullptr);
  clock_.advance(kRefreshEvery);
  EXPECT_FALSE(other->by_write_key(key)->enabled);
  EXPECT_NE(other->by_write_key(till_key), nullptr);
}

TEST_P(SourcesTest, UnknownSourceCannotBeChanged) {
  EXPECT_EQ(sources_->rotate_key("shop", std::chrono::seconds(0)).error().code, "source_unknown");
  EXPECT_EQ(sources_->set_enabled("shop", true).error().code, "source_unknown");
  EXPECT_EQ(sources_->set_plan("shop", {}).error().code, "source_unknown");
  EXPECT_EQ(sources_->set_consent_categories("shop", {}).error().code, "source_unknown");
}

TEST_P(SourcesTest, FailingCompanionUndoesTheChange) {
  auto refuse = [](db::Transaction&, const Source&) -> Result<void> {
    return fail(ErrorKind::unavailable, "no_audit", "No audit.");
  };
  EXPECT_EQ(sources_->add(shop(), refuse).error().code, "no_audit");
  EXPECT_EQ(sources_->find("shop"), nullptr);
  const std::string key = add(shop());
  EXPECT_FALSE(sources_->rotate_key("shop", std::chrono::seconds(0), refuse).has_value());
  EXPECT_FALSE(sources_->set_enabled("shop", false, refuse).has_value());
  ASSERT_NE(sources_->by_write_key(key), nullptr);
  EXPECT_TRUE(sources_->by_write_key(key)->enabled);
}

TEST_P(SourcesTest, ASourceOverItsQuotaSlowsNoOther) {
  add(shop());
  Source other = shop();
  other.id = "other";
  add(other);
  ASSERT_TRUE(sources_->set_quota("shop", {.per_second = 1, .burst = 10}).has_value());
  const SourcePointer limited = sources_->find("shop");
  ASSERT_TRUE(sources_->admit(*limited).has_value());
  sources_->charge(*limited, 1'000);  // larger than the burst: taken, and paid off
  const auto refused = sources_->admit(*limited);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "source_over_quota");
  EXPECT_EQ(refused.error().kind, ErrorKind::too_many);
  EXPECT_GT(refused.error().retry_after.count(), 900);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(sources_->admit(*sources_->find("other")).has_value());
    sources_->charge(*sources_->find("other"), 1'000);
  }
}

TEST_P(SourcesTest, TheUsualQuotaHoldsWhereThereIsNoneOfItsOwn) {
  add(shop());
  sources_->set_usual_quota({.per_second = 1, .burst = 1});
  sources_->charge(*sources_->find("shop"), 100);
  EXPECT_FALSE(sources_->admit(*sources_->find("shop")).has_value());
  ASSERT_TRUE(sources_->set_quota("shop", {.per_second = 1'000'000, .burst = 1'000'000'000}).has_value());
  EXPECT_TRUE(sources_->admit(*sources_->find("shop")).has_value());
  ASSERT_TRUE(sources_->set_quota("shop", {}).has_value());
  sources_->set_usual_quota({});
  EXPECT_TRUE(sources_->admit(*sources_->find("shop")).has_value());
}

TEST_P(SourcesTest, LookUpsGoOnWhileSourcesChange) {
  const std::string key = add(shop());
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) EXPECT_NE(sources_->by_write_key(key), nullptr);
    });
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(sources_->set_enabled("shop", i % 2 == 0).has_value());
    clock_.advance(kRefreshEvery);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(sources_->find("shop")->enabled);
}

TEST(Plan, IsReadFromJson) {
  auto plan =
      parse_plan(R"({"events":{"Order Completed":["total","currency"],"$page":["*"]},"unlinked_properties":[]})");
  ASSERT_TRUE(plan.has_value()) << plan.error().detail;
  EXPECT_TRUE(plan->declared);
  EXPECT_THAT(plan->events.at("Order Completed"), ElementsAre("currency", "total"));
  EXPECT_TRUE(plan->unlinked_properties.empty());
  EXPECT_FALSE(parse_plan(R"({"declared":false})")->declared);
}

TEST(Plan, WrongPlanNamesEachPlace) {
  struct Case {
    const char* json;
    const char* pointer;
  };
  const Case cases[] = {{"[]", ""},
                        {"{}", "/events"},
                        {R"({"events":[]})", "/events"},
                        {R"({"events":{"Order/Done":{}}})", "/events/Order~1Done"},
                        {R"({"events":{"x":["a",1]}})", "/events/x/1"},
                        {R"({"events":{"x":["a\u0000"]}})", "/events/x/0"},
                        {R"({"events":{"":[]}})", "/events/"},
                        {R"({"events":{},"declared":"yes"})", "/declared"},
                        {R"({"events":{},"unlinked_properties":"all"})", "/unlinked_properties"},
                        {R"({"event":{},"declared":false})", "/event"}};
  for (const Case& test : cases) {
    auto plan = parse_plan(test.json);
    ASSERT_FALSE(plan.has_value()) << test.json;
    EXPECT_THAT(pointers_of(plan.error()), ::testing::Contains(test.pointer)) << test.json;
  }
  EXPECT_EQ(parse_plan("{").error().code, "json_malformed");
}

}  // namespace
}  // namespace handschlag::sources
