#include "features/feed/feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "features/feed/testing/node.h"

namespace handschlag::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kCare;
using testing::kMarketing;

class FeedTest : public testing::NodeTest {
 protected:
  Recipient recipient(gate::Purpose purpose = kCare) const {
    return {.role = "integration", .operation = "readFeed", .purpose = purpose, .granted = {kCare, kMarketing}};
  }
  Filter filter() const {
    Filter out;
    out.region = node_->region();
    return out;
  }
  static std::vector<std::string> notes(const Page& page) {
    std::vector<std::string> out;
    for (const events::Event& event : page.items) out.push_back(event.body["properties"]["note"].get<std::string>());
    return out;
  }
  std::vector<std::string> read_all(const Recipient& who, const Filter& what, std::size_t limit) {
    std::vector<std::string> out;
    std::int64_t after = 0;
    for (bool more = true; more;) {
      auto page = node_->feed().read(who, what, after, limit);
      EXPECT_TRUE(page);
      if (!page) break;
      for (std::string& note : notes(*page)) out.push_back(std::move(note));
      more = page->more;
      after = page->through;
    }
    return out;
  }
};

TEST_P(FeedTest, GivesEventsInTheOrderOfTheirCommitPageByPage) {
  node_->store("hotline", "anna", 2);
  node_->store("hotline", "bert", 3);
  auto first = *node_->feed().read(recipient(), filter(), 0, 2);
  EXPECT_THAT(notes(first), ElementsAre("anna-0", "anna-1"));
  EXPECT_TRUE(first.more);
  auto second = *node_->feed().read(recipient(), filter(), first.through, 10);
  EXPECT_THAT(notes(second), ElementsAre("bert-0", "bert-1", "bert-2"));
  EXPECT_FALSE(second.more);
  auto third = *node_->feed().read(recipient(), filter(), second.through, 10);
  EXPECT_THAT(third.items, IsEmpty());
  EXPECT_EQ(third.through, second.through);
}

TEST_P(FeedTest, GivesOnlyWhatWasStoredForThePurpose) {
  node_->store("hotline", "anna", 1);
  node_->store("shop", "bert", 1);
  EXPECT_THAT(read_all(recipient(kCare), filter(), 10), ElementsAre("anna-0"));
  EXPECT_THAT(read_all(recipient(kMarketing), filter(), 10), ElementsAre("bert-0"));
}

TEST_P(FeedTest, APurposeThatWasNotGivenIsDenied) {
  node_->store("hotline", "anna", 1);
  Recipient who = recipient();
  who.granted = {kMarketing};
  EXPECT_EQ(node_->feed().read(who, filter(), 0, 10).error().code, "use_denied");
  EXPECT_EQ(node_->feed().read_one(who, filter(), 1).error().code, "use_denied");
}

TEST_P(FeedTest, EachPersonOfAPageIsInTheLedgerOnce) {
  node_->store("hotline", "anna", 3);
  node_->store("hotline", "bert", 1);
  ASSERT_EQ(node_->feed().read(recipient(), filter(), 0, 10)->items.size(), 4U);
  for (std::int64_t identity : {1, 2}) {
    const auto records = *node_->ledger().read({identity}, 0, 10);
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].entry.use, gate::Use::export_);
    EXPECT_EQ(records[0].entry.purposes, gate::PurposeSet{kCare});
    EXPECT_EQ(records[0].entry.decision, gate::Decision::allow);
    EXPECT_EQ(records[0].entry.role, "integration");
    EXPECT_EQ(records[0].entry.operation, "readFeed");
  }
}

TEST_P(FeedTest, WhoeverWasErasedIsLeftOutAndTheRestGoesOn) {
  node_->store("hotline", "anna", 2);
  node_->store("hotline", "bert", 1);
  ASSERT_TRUE(node_->vault().destroy({1}, vault::RetentionClass::ordinary));
  EXPECT_THAT(read_all(recipient(), filter(), 1), ElementsAre("bert-0"));
  EXPECT_FALSE(node_->feed().read_one(recipient(), filter(), 1)->has_value());
  EXPECT_TRUE(node_->feed().read_one(recipient(), filter(), 3)->has_value());
}

TEST_P(FeedTest, AnEventThatCanNotBeOpenedIsPassedOverAndCounted) {
  node_->store("hotline", "anna", 3);
  ASSERT_TRUE(node_->cell().region->data().write([](db::Transaction& tx) -> Result<void> {
    std::string sealed;
    TRY(tx.query("SELECT sealed FROM events_event WHERE seq = 2", {},
                 [&](const db::Row& row) { sealed = row.blob(0); }));
    sealed.back() ^= 1;
    TRY(tx.execute("UPDATE events_event SET sealed = $1 WHERE seq = 2", {db::BlobView{sealed}}));
    return {};
  }));
  EXPECT_THAT(read_all(recipient(), filter(), 1), ElementsAre("anna-0", "anna-2"));
  EXPECT_THAT(node_->metrics().render(), ::testing::HasSubstr("handschlag_events_damaged_total 1\n"));
  const auto one = node_->feed().read_one(recipient(), filter(), 2);
  ASSERT_TRUE(one);
  EXPECT_FALSE(*one) << "a webhook gives it up, and goes on";
}

TEST_P(FeedTest, FiltersBySourceTypeAndName) {
  node_->add_source("desk", {{kCare, gate::Basis::contract}});
  node_->store("hotline", "anna", 1, "Call Ended");
  node_->store("desk", "bert", 1, "Order Completed");
  auto page = node_->event("carl", "carl-page");
  page.type = events::EventType::page;
  ASSERT_TRUE(node_->submit("desk", {page}));
  Filter what = filter();
  what.sources = {"desk"};
  EXPECT_THAT(read_all(recipient(), what, 10), ElementsAre("bert-0", "carl-page"));
  what.types = {events::EventType::track, events::EventType::screen};
  EXPECT_THAT(read_all(recipient(), what, 10), ElementsAre("bert-0"));
  what = filter();
  what.names = {"Call Ended"};
  EXPECT_THAT(read_all(recipient(), what, 1), ElementsAre("anna-0"));
  EXPECT_EQ(node_->ledger().read({2}, 0, 10)->size(), 2U);  // for the two reads that released something of Bert's
}

TEST_P(FeedTest, WhatTestSourcesMadeUpComesOnlyWhenAskedForAndAlone) {
  node_->add_source("trial", {{kCare, gate::Basis::contract}}, sources::Mode::test);
  node_->store("trial", "nobody", 3);
  node_->store("hotline", "anna", 1);
  node_->store("trial", "noone", 2);
  for (const std::size_t limit : {1U, 2U, 10U}) {
    EXPECT_THAT(read_all(recipient(), filter(), limit), ElementsAre("anna-0"));
    Filter test = filter();
    test.mode = sources::Mode::test;
    EXPECT_THAT(read_all(recipient(), test, limit),
                ElementsAre("nobody-0", "nobody-1", "nobody-2", "noone-0", "noone-1"));
  }
  EXPECT_FALSE(node_->feed().read_one(recipient(), filter(), 1)->has_value());
  const auto page = node_->feed().read(recipient(), filter(), 0, 10);
  EXPECT_EQ(to_json(node_->sources(), node_->region(), page->items.at(0), Payload::slim)["mode"], "live");
  EXPECT_EQ(node_->ledger().read({1}, 0, 10)->size(), 6U) << "a page of live events is no use of what was made up";
  Filter wrong = filter();
  wrong.sources = {"trial"};
  EXPECT_EQ(node_->feed().read(recipient(), wrong, 0, 1).error().fields.at(0).pointer, "sources");
}

// What a node does not know yet is no reason to take it for live.
TEST_P(FeedTest, ATestSourceThatAnotherNodeAddedAMomentAgoIsATestSource) {
  if (GetParam() != db::testing::Backend::postgresql) GTEST_SKIP() << "a SQLite file belongs to one process";
  testing::Node other(settings_, database(), clock_);
  other.add_source("trial", {{kCare, gate::Basis::contract}}, sources::Mode::test);
  other.store("trial", "nobody", 1);
  EXPECT_THAT(read_all(recipient(), filter(), 10), IsEmpty());
}

TEST_P(FeedTest, AFilterThatIsWrongIsNamed) {
  auto field = [&](std::vector<std::string> sources, std::vector<std::string> names) {
    Filter what = filter();
    what.sources = std::move(sources);
    what.names = std::move(names);
    return node_->feed().read(recipient(), what, 0, 1).error().fields.at(0).pointer;
  };
  EXPECT_EQ(field({"nobody"}, {}), "sources");
  EXPECT_EQ(field(std::vector<std::string>(9, "hotline"), {}), "sources");
  EXPECT_EQ(field({}, {""}), "names");
  EXPECT_EQ(field({}, std::vector<std::string>(51, "a")), "names");
  Filter elsewhere;
  elsewhere.region = "moon";
  EXPECT_EQ(node_->feed().read(recipient(), elsewhere, 0, 1).error().fields.at(0).pointer, "region");
}

TEST_P(FeedTest, APositionBeyondTheEndIsAConflict) {
  node_->store("hotline", "anna", 1);
  EXPECT_EQ(node_->feed().read(recipient(), filter(), 2, 10).error().code, "cursor_ahead");
}

TEST_P(FeedTest, WhoWaitsIsCalledWhenThereIsSomethingNew) {
  std::promise<void> called;
  ASSERT_TRUE(node_->feed().wait(node_->region(), 0, std::chrono::minutes{1}, [&] { called.set_value(); }));
  node_->store("hotline", "anna", 1);
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
}

TEST_P(FeedTest, WhoWaitsIsCalledWhenTheTimeIsOverAndAtTheStop) {
  std::promise<void> over;
  ASSERT_TRUE(node_->feed().wait(node_->region(), 0, std::chrono::milliseconds{1}, [&] { over.set_value(); }));
  EXPECT_EQ(over.get_future().wait_for(std::chrono::seconds{20}), std::future_status::ready);
  std::promise<void> stopped;
  ASSERT_TRUE(node_->feed().wait(node_->region(), 0, std::chrono::minutes{1}, [&] { stopped.set_value(); }));
  node_->feed().stop();
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds{0}), std::future_status::ready);
  EXPECT_FALSE(node_->feed().wait(node_->region(), 0, std::chrono::minutes{1}, [] {}));
}

// The promise that cursors rest on: a reader that follows the head while several nodes commit sees each event once.
TEST_P(FeedTest, NothingIsMissedWhileOthersCommit) {
  constexpr int kWriters = 4;
  constexpr int kBatches = 40;
  std::vector<std::unique_ptr<testing::Node>> nodes;
  const bool several = GetParam() == db::testing::Backend::postgresql;  // a SQLite file belongs to one process
  for (int i = 0; several && i < 2; ++i)
    nodes.push_back(std::make_unique<testing::Node>(settings_, database(), clock_));
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      testing::Node& node = several ? *nodes[static_cast<std::size_t>(writer) % nodes.size()] : *node_;
      for (int batch = 0; batch < kBatches; ++batch) {
        std::vector<events::Intake> intakes;
        for (int i = 0; i <= batch % 4; ++i) {
          intakes.push_back(node.event(fmt::format("u{}", writer), fmt::format("{}-{}-{}", writer, batch, i)));
        }
        EXPECT_TRUE(node.submit("hotline", std::move(intakes)));
      }
      --writing;
    });
  }
  std::multiset<std::string> seen;
  std::int64_t after = 0;
  for (bool last = false;;) {
    last = writing == 0;  // asked before the read: then that read sees all
    auto page = node_->feed().read(recipient(), filter(), after, 7);
    EXPECT_TRUE(page) << page.error().code;
    if (!page) break;
    for (const std::string& note : notes(*page)) seen.insert(note);
    after = page->through;
    if (last && !page->more) break;
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kWriters * (kBatches / 4) * (1 + 2 + 3 + 4)));
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
}

INSTANTIATE_TEST_SUITE_P(Backends, FeedTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::feed
