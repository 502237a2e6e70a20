#include "features/test_data/test_data.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "features/customers/customers.h"
#include "features/feed/testing/node.h"
#include "platform/db/testing/testing.h"

namespace handschlag::test_data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const staff::Actor kActor{"token:1", ""};
constexpr gate::Purpose kCare = gate::Purpose::CustomerCare;
constexpr std::chrono::days kRetention{5};

class TestDataTest : public feed::testing::NodeTest {
 protected:
  void SetUp() override {
    for (auto part : {customers::migrations(), migrations()}) more_.insert(more_.end(), part.begin(), part.end());
    NodeTest::SetUp();
    if (IsSkipped()) return;
    for (auto part : {jobs::migrations(), staff::migrations()}) ASSERT_TRUE(database().migrate(part));
    connect();
    node_->add_source("trial", {{kCare, gate::Basis::contract}}, sources::Mode::test);
  }

  void TearDown() override {
    disconnect();
    NodeTest::TearDown();
  }

  void connect() {
    slices_.push_back(customers::create_subject_data());
    slices_.push_back(events::create_subject_data());
    slices_.push_back(identity::create_subject_data());
    std::vector<subjects::SubjectData*> slices;
    for (const auto& slice : slices_) slices.push_back(slice.get());
    staff_ = staff::Staff::create(database(), clock_);
    subjects_ = subjects::Subjects::create({{node_->cell().region, &node_->vault()}}, slices, database(), clock_);
    customers_ = customers::Customers::create(node_->events(), node_->sources(), law::shipped_law(), *staff_,
                                              {&node_->ledger()}, clock_);
    test_data_ = TestData::create(node_->events(), node_->sources(), *subjects_, *staff_, database(), clock_);
  }
  void disconnect() {
    test_data_.reset();
    customers_.reset();
    subjects_.reset();
    staff_.reset();
    slices_.clear();
  }
  void restart() {
    disconnect();
    close();
    open();
    connect();
  }

  // Stores events of one person with an address, `days` ago.
  std::size_t store(const std::string& source, const std::string& user, int count, int days = 0,
                    const std::string& word = "") {
    std::vector<events::Intake> batch;
    for (int i = 0; i < count; ++i) {
      batch.push_back(node_->event(user, fmt::format("{}-{}-{}{}", user, days, i, word)));
      batch.back().occurred -= std::chrono::days{days};
      batch.back().original = batch.back().occurred;
      batch.back().keys = {{identity::KeyKind::email, user + "@example.org"}};
    }
    auto outcome = node_->submit(source, std::move(batch));
    EXPECT_TRUE(outcome) << outcome.error().detail;
    return outcome ? outcome->stored : 0;
  }

  std::vector<std::string> notes(sources::Mode mode) {
    feed::Filter filter;
    filter.region = node_->region();
    filter.mode = mode;
    auto page = node_->feed().read(
        {.role = "integration", .operation = "readFeed", .purpose = kCare, .granted = {kCare}}, filter, 0, 1'000);
    std::vector<std::string> out;
    EXPECT_TRUE(page) << page.error().detail;
    for (const events::Event& event : page->items) out.push_back(event.body["properties"]["note"].get<std::string>());
    return out;
  }
  static customers::Viewer viewer(sources::Mode mode = sources::Mode::live) {
    customers::Viewer out;
    out.role = "supervisor";
    out.principal = "token:1";
    out.operation = "getCustomer";
    out.purpose = kCare;
    out.mode = mode;
    return out;
  }
  std::vector<std::string> found(const std::string& user, sources::Mode mode) {
    auto people = customers_->find_by_key(viewer(mode), "email:" + user + "@example.org");
    EXPECT_TRUE(people) << people.error().detail;
    std::vector<std::string> out;
    for (const customers::Found& one : *people) out.push_back(one.handle);
    return out;
  }
  std::int64_t counted(const std::string& handle) {
    auto page = customers_->page(viewer(), handle);
    EXPECT_TRUE(page) << page.error().detail;
    return page ? page->sums.all.events : -1;
  }
  std::int64_t total(const std::string& source) {
    std::int64_t events = 0;
    const auto totals = node_->events().totals(source);
    EXPECT_TRUE(totals);
    for (const events::Total& one : *totals) events += one.events;
    return events;
  }
  // Rows of every table of the data database that name somebody.
  std::int64_t rows(std::string_view table) {
    std::int64_t count = 0;
    EXPECT_TRUE(node_->cell().region->data().read([&](db::Transaction& tx) {
      return tx.query(fmt::format("SELECT count(*) FROM {}", table), {},
                      [&](const db::Row& row) { count = row.integer(0); });
    }));
    return count;
  }
  bool has_key(std::int64_t identity) {
    return node_->vault().get({identity}, vault::RetentionClass::ordinary).has_value();
  }
  void run() { ASSERT_TRUE(test_data_->run({})); }

  std::vector<std::unique_ptr<subjects::SubjectData>> slices_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<subjects::Subjects> subjects_;
  std::unique_ptr<customers::Customers> customers_;
  std::unique_ptr<TestData> test_data_;
};

INSTANTIATE_TEST_SUITE_P(Backends, TestDataTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(TestDataTest, AllThatTestSourcesMadeUpGoesAndWhatIsLiveStays) {
  store("trial", "anna", 3);    // 1
  store("hotline", "anna", 2);  // 2: the same id and address, and somebody else
  store("trial", "bert", 200);  // 3
  ASSERT_TRUE(test_data_->delete_all(kActor));
  EXPECT_EQ(total("trial"), 0) << "sums leave it out at once";
  run();
  EXPECT_THAT(notes(sources::Mode::test), IsEmpty());
  EXPECT_THAT(notes(sources::Mode::live), ElementsAre("anna-0-0", "anna-0-1"));
  EXPECT_THAT(found("anna", sources::Mode::test), IsEmpty());
  EXPECT_THAT(found("anna", sources::Mode::live), ElementsAre(node_->region() + "-2"));
  EXPECT_EQ(counted(node_->region() + "-2"), 2);
  EXPECT_EQ(total("hotline"), 2);
  EXPECT_EQ(rows("events_event"), 2);
  EXPECT_EQ(rows("identity_identity"), 1);
  EXPECT_EQ(rows("identity_key"), 2);
  EXPECT_EQ(rows("events_tombstone"), 0);
  EXPECT_EQ(rows("test_data_key"), 0);
  EXPECT_FALSE(has_key(1));
  EXPECT_TRUE(has_key(2));
  EXPECT_FALSE(has_key(3));
  const auto deletions = *test_data_->deletions();
  ASSERT_EQ(deletions.size(), 1U);
  EXPECT_EQ(deletions[0].events, 203);
  EXPECT_EQ(deletions[0].people, 2);
  EXPECT_TRUE(deletions[0].finished_at);
}

TEST_P(TestDataTest, WithFourEyesOneAloneDeletesNothing) {
  store("trial", "anna", 2);
  ASSERT_TRUE(staff_->set_four_eyes(true));
  EXPECT_EQ(test_data_->delete_all(kActor).error().code, "four_eyes");
  run();
  EXPECT_EQ(total("trial"), 2);
  ASSERT_TRUE(test_data_->delete_all({"staff:1", "", true}));
  run();
  EXPECT_EQ(total("trial"), 0);
}

TEST_P(TestDataTest, WhatTheLedgerSaysOfThemCanNoLongerBeOpened) {
  store("trial", "anna", 1);
  store("hotline", "bert", 1);
  ASSERT_EQ(notes(sources::Mode::test).size() + notes(sources::Mode::live).size(), 2U);
  ASSERT_EQ(node_->ledger().read({1}, 0, 10)->size(), 1U);
  ASSERT_TRUE(test_data_->delete_all(kActor));
  run();
  EXPECT_FALSE(node_->ledger().read({1}, 0, 10));
  EXPECT_EQ(node_->ledger().read({2}, 0, 10)->size(), 1U);
}

TEST_P(TestDataTest, TheSameCanBeSentAgainAndIsSomebodyNew) {
  ASSERT_EQ(store("trial", "anna", 2), 2U);
  ASSERT_EQ(store("trial", "anna", 2), 0U) << "known already";
  ASSERT_TRUE(test_data_->delete_all(kActor));
  run();
  EXPECT_EQ(store("trial", "anna", 2), 2U);
  EXPECT_THAT(notes(sources::Mode::test), ElementsAre("anna-0-0", "anna-0-1"));
  EXPECT_THAT(found("anna", sources::Mode::test), ElementsAre(node_->region() + "-2"));
  EXPECT_EQ(total("trial"), 2);
}

TEST_P(TestDataTest, WhatComesAfterwardsStaysWithThePersonItIsAbout) {
  store("trial", "anna", 2);
  store("trial", "bert", 1);
  ASSERT_TRUE(test_data_->delete_all(kActor));
  store("trial", "anna", 1, 0, "-later");
  run();
  EXPECT_THAT(notes(sources::Mode::test), ElementsAre("anna-0-0-later"));
  EXPECT_THAT(found("anna", sources::Mode::test), ElementsAre(node_->region() + "-1"));
  EXPECT_THAT(found("bert", sources::Mode::test), IsEmpty());
  EXPECT_EQ(counted(node_->region() + "-1"), 1);
  EXPECT_EQ(total("trial"), 1);
}

TEST_P(TestDataTest, ByAgeGoesWhatIsOlderAndSomebodyWithTheirLastEvent) {
  store("trial", "anna", 150, 9);
  store("trial", "anna", 2, 5);  // since the beginning of that day: not older than five days
  store("trial", "bert", 4, 6);
  store("hotline", "carl", 1, 9);
  const std::string anna = node_->region() + "-1";
  EXPECT_EQ(counted(anna), 152);  // and the profile is saved
  ASSERT_TRUE(test_data_->run_retention({}));
  EXPECT_EQ(rows("events_event"), 157) << "nothing is deleted unless it was asked for";
  test_data_->set_retention(kRetention);
  ASSERT_TRUE(test_data_->run_retention({}));
  EXPECT_THAT(notes(sources::Mode::test), ElementsAre("anna-5-0", "anna-5-1"));
  EXPECT_THAT(notes(sources::Mode::live), ElementsAre("carl-9-0"));
  EXPECT_EQ(counted(anna), 2);
  EXPECT_EQ(total("trial"), 2);
  EXPECT_THAT(found("bert", sources::Mode::test), IsEmpty());
  EXPECT_FALSE(has_key(2));
  const auto first = *test_data_->deletions();
  ASSERT_TRUE(test_data_->run_retention({}));
  EXPECT_EQ((*test_data_->deletions())[0].events, first[0].events) << "there was nothing to begin";
  clock_.advance(std::chrono::days{1});
  ASSERT_TRUE(test_data_->run_retention({}));
  EXPECT_THAT(notes(sources::Mode::test), IsEmpty());
  EXPECT_FALSE(has_key(1));
  EXPECT_EQ(total("trial"), 0);
}

TEST_P(TestDataTest, WhereverItIsCutShortItIsFinishedAfterARestart) {
  for (int person = 0; person < 70; ++person) store("trial", fmt::format("p{}", person), 5);
  store("hotline", "anna", 1);
  ASSERT_TRUE(test_data_->delete_all(kActor));
  int cuts = 0;
  for (bool whole = false; !whole; ++cuts) {
    int asked = 0;
    auto done = test_data_->run([&] { return ++asked > 1 + cuts % 3; });
    whole = done.has_value();
    if (!whole) {
      EXPECT_EQ(done.error().code, "interrupted");
      if (cuts % 5 == 0) restart();
    }
    ASSERT_LT(cuts, 1'000);
  }
  EXPECT_GT(cuts, 3);
  EXPECT_EQ(rows("identity_identity"), 1);
  EXPECT_EQ(rows("events_event"), 1);
  EXPECT_EQ(rows("test_data_key"), 0);
  for (std::int64_t identity = 1; identity <= 70; ++identity) EXPECT_FALSE(has_key(identity)) << identity;
  EXPECT_EQ((*test_data_->deletions())[0].events, 350);
  EXPECT_EQ((*test_data_->deletions())[0].people, 70);
}

TEST_P(TestDataTest, ASecondOneTakesWhatCameSinceTheFirst) {
  store("trial", "anna", 1);
  ASSERT_TRUE(test_data_->delete_all(kActor));
  store("trial", "bert", 1);
  ASSERT_TRUE(test_data_->delete_all(kActor));
  run();
  EXPECT_THAT(notes(sources::Mode::test), IsEmpty());
  EXPECT_EQ(total("trial"), 0);
  EXPECT_EQ((*test_data_->deletions())[0].events, 2);
}

TEST_P(TestDataTest, WhatWasKeptUnlinkedGoesToo) {
  for (const auto& [id, mode] : {std::pair{"quiet", sources::Mode::test}, {"site", sources::Mode::live}}) {
    node_->add_source(id, {{gate::Purpose::ServiceUsageAnalytics, gate::Basis::consent}}, mode);
    ASSERT_EQ(node_->submit(id, {node_->event("anna", "unlinked")})->unlinked, 1U);
  }
  ASSERT_TRUE(test_data_->delete_all(kActor));
  run();
  EXPECT_EQ(rows("events_unlinked"), 1);
  EXPECT_EQ(total("site"), 1);
  EXPECT_EQ(total("quiet"), 0);
}

TEST_P(TestDataTest, AJobDoesItAndTheAuditHasWhoAskedForIt) {
  store("trial", "anna", 1);
  jobs::Options quick;
  quick.poll = std::chrono::milliseconds{10};
  jobs::Runner runner(database(), quick);
  test_data_->bind_jobs(runner);
  ASSERT_TRUE(runner.start());
  ASSERT_TRUE(test_data_->delete_all(kActor));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!(*test_data_->deletions())[0].finished_at && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  runner.stop();
  EXPECT_TRUE((*test_data_->deletions())[0].finished_at);
  EXPECT_EQ(rows("identity_identity"), 0);
  const auto audit = *staff_->audit("", "", 10);
  ASSERT_FALSE(audit.records.empty());
  EXPECT_EQ(audit.records[0].entry.operation, "deleteTestData");
  EXPECT_EQ(audit.records[0].entry.principal, kActor.principal);
}

TEST_P(TestDataTest, WithoutOldTestDataNothingIsBegun) {
  store("hotline", "anna", 1, 9);
  store("trial", "bert", 1);
  test_data_->set_retention(kRetention);
  ASSERT_TRUE(test_data_->run_retention({}));
  EXPECT_THAT(*test_data_->deletions(), IsEmpty());
  EXPECT_EQ(rows("events_event"), 2);
}

}  // namespace
}  // namespace handschlag::test_data
