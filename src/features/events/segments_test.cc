#include "features/events/segments.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <random>
#include <set>

#include "features/events/store.h"
#include "platform/db/testing/testing.h"

namespace handschlag::events {
namespace {

using testing::ElementsAre;

TEST(Filter, HoldsWhatWasPutInAndHardlyAnythingElse) {
  std::mt19937_64 random(3);  // NOLINT(bugprone-random-generator-seed)
  for (std::size_t count : {0UZ, 1UZ, 25UZ, 26UZ, 1'000UZ, 50'000UZ}) {
    std::set<std::int64_t> in;
    while (in.size() < count) in.insert(static_cast<std::int64_t>(random() >> 1));
    std::vector<std::int64_t> identities(in.begin(), in.end());
    std::string filter = make_filter(identities);
    EXPECT_LE(filter.size(), count * 10 / 8 + 32);
    for (std::int64_t identity : identities) ASSERT_TRUE(may_hold(filter, identity)) << count;
    int wrong = 0;
    for (int i = 0; i < 20'000; ++i) {
      auto other = static_cast<std::int64_t>(random() >> 1);
      wrong += may_hold(filter, other) && !in.contains(other) ? 1 : 0;
    }
    EXPECT_LT(wrong, 400) << "of 20,000 with " << count;
  }
}

TEST(Filter, NumbersThatFollowEachOtherAreSpreadAsWell) {
  std::vector<std::int64_t> identities(40'000);
  for (std::size_t i = 0; i < identities.size(); ++i) identities[i] = static_cast<std::int64_t>(i * 25);
  std::string filter = make_filter(identities);
  int wrong = 0;
  for (std::int64_t other = 1; other < 1'000'000; other += 25) wrong += may_hold(filter, other) ? 1 : 0;
  EXPECT_LT(wrong, 800) << "of 40,000";
}

// What is stored must be readable by every later version: a filter as bytes, made once.
TEST(Filter, ItsBytesStayAsTheyAre) {
  std::string filter = make_filter(std::vector<std::int64_t>{1, 2, 3});
  std::string hex;
  for (char c : filter) {
    auto byte = static_cast<unsigned char>(c);
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(hex, "00000013002020022000280002000500091000006200000000000608000010c0");
}

TEST(Filter, BytesThatAreNoneHoldEverything) {
  EXPECT_TRUE(may_hold("", 1));
  EXPECT_TRUE(may_hold("seven b", 1));
}

TEST(SegmentView, LooksIntoSegmentsThatMayHoldItAndIntoThoseWithoutAFilter) {
  auto filter = [](std::vector<std::int64_t> identities) {
    return std::make_shared<const std::string>(make_filter(identities));
  };
  auto filters = std::make_shared<SegmentView::Filters>();
  *filters = {filter({1}), filter({2}), filter({1, 2}), filter({})};
  SegmentView view(filters, 6);
  EXPECT_THAT(view.of({1}), ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(view.of({2}), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(view.of({2}, 2), ElementsAre(2, 4, 5));
  EXPECT_THAT(view.of({7}, 5), ElementsAre(5));
  EXPECT_THAT(SegmentView(std::make_shared<SegmentView::Filters>(), 1).of({7}), ElementsAre(0));
}

class SegmentsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    static int count = 0;
    region_id_ = fmt::format("segments{}n{}", getpid(), ++count);  // a schema in a PostgreSQL that others use too
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    if (GetParam() == db::testing::Backend::postgresql) settings_.postgres_url = test_database().options().location;
    settings_.regions = {{region_id_, {"DE"}}};
    settings_.home = region_id_;
    ASSERT_TRUE(regions::Regions::create_keys(settings_));
    std::vector<db::Migration> data(subjects::migrations().begin(), subjects::migrations().end());
    data.insert(data.end(), identity::migrations().begin(), identity::migrations().end());
    data.insert(data.end(), migrations().begin(), migrations().end());
    regions_ = *regions::Regions::open(settings_, {data, {}, {}});
    cell_.region = regions_->all().front().get();
  }
  void TearDown() override {
    if (regions_) regions_->stop();
    regions_.reset();
    if (settings_.postgres_url.empty()) return;
    for (const char* name : {"data", "vault", "ledger"}) {
      std::string sql = fmt::format("DROP SCHEMA IF EXISTS handschlag_{}_{} CASCADE", region_id_, name);
      EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.execute(sql, {}));
        return {};
      }));
    }
  }

  // Stores an event of each, and gives away positions until the last is `last`.
  void store(const std::vector<std::int64_t>& identities, std::int64_t last) {
    EXPECT_TRUE(cell_.region->writer().run([&](db::Transaction& tx) -> Result<void> {
      std::vector<std::string> ids;
      std::vector<store::Row> rows;
      std::int64_t seq = TRY(store::allocate(tx, last - TRY(store::last_seq(tx))));
      for (std::size_t i = 0; i < identities.size(); ++i) ids.push_back(std::to_string(seq + std::ssize(ids)));
      for (std::size_t i = 0; i < identities.size(); ++i) {
        rows.push_back({seq++, ids[i], identities[i], EventType::track, 1, gate::PurposeSet::all(), {}, {}, "sealed"});
      }
      return store::insert_events(tx, rows);
    }));
  }
  std::vector<std::int64_t> of(Segments& segments, std::int64_t identity) {
    std::vector<std::int64_t> out;
    EXPECT_TRUE(cell_.region->data().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(segments.view(tx)).of({identity});
      return {};
    }));
    return out;
  }
  void close(Segments& segments) {
    EXPECT_TRUE(segments.close(cell_, [] { return false; }));
  }

  db::testing::TemporaryFolder folder_;
  regions::Settings settings_;
  std::string region_id_;
  std::unique_ptr<regions::Regions> regions_;
  Cell cell_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SegmentsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SegmentsTest, FullSegmentsWithoutAPersonArePassedBy) {
  Segments segments;
  store({1, 2}, 49'999);  // 0 is full
  store({1}, 99'998);     // 1 is open: a position is left
  EXPECT_THAT(of(segments, 1), ElementsAre(0, 1)) << "without filters everything is looked into";
  EXPECT_THAT(of(segments, 3), ElementsAre(0, 1));
  close(segments);
  EXPECT_THAT(of(segments, 1), ElementsAre(0, 1));
  EXPECT_THAT(of(segments, 3), ElementsAre(1));
  store({3}, 99'999);  // the last position of 1
  EXPECT_THAT(of(segments, 2), ElementsAre(0, 1)) << "full, but not closed yet";
  close(segments);
  close(segments);
  store({}, 100'000);
  EXPECT_THAT(of(segments, 1), ElementsAre(0, 1, 2));
  EXPECT_THAT(of(segments, 2), ElementsAre(0, 2));
  EXPECT_THAT(of(segments, 3), ElementsAre(1, 2));
  Segments other;  // another node, or this one after a restart
  EXPECT_THAT(of(other, 2), ElementsAre(0, 2));
}

TEST_P(SegmentsTest, ManyFullSegmentsAreClosedInOneGoUnlessItShallStop) {
  Segments segments;
  store({7}, 1'000'000);
  int asked = 0;
  ASSERT_TRUE(segments.close(cell_, [&] { return ++asked > 3; }));
  EXPECT_THAT(of(segments, 8), testing::SizeIs(18)) << "0 to 2 are closed, 3 to 20 are looked into";
  close(segments);
  EXPECT_THAT(of(segments, 8), ElementsAre(20));
  EXPECT_THAT(of(segments, 7), ElementsAre(0, 20));
}

}  // namespace
}  // namespace handschlag::events
