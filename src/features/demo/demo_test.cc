#include "features/demo/demo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "features/identity/identity.h"
#include "features/regions/regions.h"
#include "features/vault/vault.h"
#include "platform/db/db.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::demo {
namespace {

using events::Outcome;
using identity::KeyKind;
using identity::Standing;

class Watcher final : public Progress {
 public:
  void report(std::size_t done, std::size_t total) override {
    EXPECT_GE(done, done_);
    EXPECT_LE(done, total);
    done_ = done;
  }
  bool cancelled() override { return cancel; }
  bool cancel = false;

 private:
  std::size_t done_ = 0;
};

// Takes all, remembers message ids, and is as busy as the test says.
class FakeEvents final : public events::Events {
 public:
  void submit(sources::SourcePointer source, std::vector<events::Intake> batch, Done done, const Elsewhere&) override {
    if (busy-- > 0) {
      return done(std::unexpected(Error{ErrorKind::too_many, "writer_busy", "Busy.", {}, std::chrono::seconds{0}}));
    }
    if (broken) return done(fail(ErrorKind::unavailable, "disk_full", "The disk is full."));
    Outcome outcome;
    for (const events::Intake& event : batch) {
      bool fresh = messages.insert(source->id + "|" + event.message_id + "|" + format_time(*event.original)).second;
      ++(fresh ? outcome.stored : outcome.duplicates);
    }
    done(outcome);
  }

  Result<std::vector<events::Event>> timeline(db::Transaction&, events::Cell&, const events::TimelineQuery&) override {
    return std::vector<events::Event>{};
  }
  Result<void> since(db::Transaction&, events::Cell&, IdentityId, std::int64_t,
                     const std::function<void(const events::Event&)>&) override {
    return {};
  }
  Result<std::int64_t> last_seq(db::Transaction&) override { return 0; }
  Result<events::FeedPage> feed(events::Cell&, const events::FeedQuery&) override { return events::FeedPage{}; }
  Result<std::size_t> carry(const events::Passage&, std::size_t) override { return 0; }
  Result<Carried> carry_rest(db::Transaction&, const events::Passage&, std::size_t) override { return Carried::all; }
  Result<bool> carried_well(const events::Passage&) override { return true; }
  Result<std::int64_t> count(events::Cell&, IdentityId) override { return 0; }
  void forget(std::span<const identity::Key>) override {}
  Result<std::vector<events::Total>> totals(std::string_view) override { return std::vector<events::Total>{}; }
  Result<std::vector<events::DayTotal>> totals_by_day(Time) override { return std::vector<events::DayTotal>{}; }
  Result<std::vector<events::RefusalCount>> refusals() override { return std::vector<events::RefusalCount>{}; }
  events::Tail& tail() override { throw std::logic_error("nobody watches here"); }
  events::Tally& tally() override { throw std::logic_error("nobody counts here"); }
  void stop() override {}
  Result<void> forget_refused(Time) override { return {}; }
  Result<void> close_segments(const std::function<bool()>&) override { return {}; }
  Result<events::Holdings> holdings(db::Transaction&, events::Cell&, std::span<const IdentityId>,
                                    const events::Selection&, std::size_t) override {
    return events::Holdings{};
  }
  std::span<events::Cell> cells() override { return {}; }
  events::Cell* cell(std::string_view) override { return nullptr; }

  std::set<std::string> messages;
  int busy = 0;
  bool broken = false;
};

class DemoFill : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(control()->migrate(sources::migrations()));
    sources_ = *sources::Sources::open(**control_, clock_);
  }

  db::testing::TestDatabase& control() { return *control_; }
  Result<Summary> fill_few(events::Events& events) {
    Watcher watcher;
    return fill(events, *sources_, clock_, watcher, {.people = 40});
  }

  std::unique_ptr<db::testing::TestDatabase> control_ = db::testing::TestDatabase::open(db::testing::Backend::sqlite);
  ManualClock clock_{*parse_time("2026-11-21T15:42:07.123Z")};
  std::unique_ptr<sources::Sources> sources_;
  FakeEvents events_;
};

TEST_F(DemoFill, MakesTheSourcesAndShowsTheirKeysOnce) {
  auto summary = fill_few(events_);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->finished);
  EXPECT_EQ(summary->until, *parse_time("2026-11-21"));
  EXPECT_EQ(summary->events, events_.messages.size());
  EXPECT_EQ(summary->write_keys.size(), 7U);
  ASSERT_TRUE(sources_->find("shop"));
  EXPECT_EQ(sources_->find("shop")->trust, sources::Trust::public_);
  EXPECT_EQ(sources_->find("shop")->name_space, sources_->find("shop-backend")->name_space);
  EXPECT_EQ(sources_->find("till")->trust, sources::Trust::server);
  auto again = fill_few(events_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->write_keys.empty());
}

TEST_F(DemoFill, FillingAgainOnAnotherDayAddsNothing) {
  ASSERT_TRUE(fill_few(events_));
  clock_.advance(std::chrono::days(17));
  auto again = fill_few(events_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->outcome.stored, 0U);
  EXPECT_EQ(again->outcome.duplicates, again->events);
}

TEST_F(DemoFill, SendsAgainWhatABusyServerSentBack) {
  events_.busy = 9;
  auto summary = fill_few(events_);
  ASSERT_TRUE(summary);
  EXPECT_TRUE(summary->finished);
  EXPECT_EQ(summary->outcome.stored, summary->events);
}

TEST_F(DemoFill, StopsAtAnErrorThatWaitingDoesNotMend) {
  events_.broken = true;
  auto summary = fill_few(events_);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, "disk_full");
}

TEST_F(DemoFill, GoesOnAfterACancellation) {
  Watcher hasty;
  hasty.cancel = true;
  auto begun = fill(events_, *sources_, clock_, hasty, {.people = 300});
  ASSERT_TRUE(begun);
  EXPECT_FALSE(begun->finished);
  EXPECT_LT(begun->outcome.stored, begun->events);
  Watcher patient;
  auto ended = fill(events_, *sources_, clock_, patient, {.people = 300});
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->finished);
  EXPECT_EQ(ended->outcome.stored + begun->outcome.stored, ended->events);
}

TEST_F(DemoFill, RefusesToMixWithSomebodyElsesSource) {
  sources::Source other;
  other.id = "till";
  other.name = "Our own till";
  other.touchpoint = "branch";
  other.purposes = {{gate::Purpose::CustomerOrderManagement, gate::Basis::contract}};
  ASSERT_TRUE(sources_->add(other));
  auto summary = fill_few(events_);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, "demo_source_taken");
  EXPECT_FALSE(sources_->find("shop")) << "nothing is made where it can't be finished";
}

TEST_F(DemoFill, RefusesAFolderThatIsInUseForSomethingElse) {
  sources::Source other;
  other.id = "our-own-shop";
  other.name = "Our own shop";
  other.touchpoint = "shop";
  other.purposes = {{gate::Purpose::CustomerOrderManagement, gate::Basis::contract}};
  ASSERT_TRUE(sources_->add(other));
  auto summary = fill_few(events_);
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, "demo_folder_taken");
  EXPECT_EQ(sources_->list().size(), 1u);
}

// The whole path, on real databases.
class DemoCompany : public DemoFill {
 protected:
  void SetUp() override {
    DemoFill::SetUp();
    regions::Settings settings;
    settings.data_folder = folder_.path() / "data";
    settings.key_folder = folder_.path() / "keys";
    settings.regions = regions::default_regions();
    settings.home = "eu";
    ASSERT_TRUE(regions::Regions::create_keys(settings));
    auto opened = regions::Regions::open(settings, schemas());
    ASSERT_TRUE(opened) << opened.error().detail;
    regions_ = *std::move(opened);
    std::vector<events::Cell> cells;
    for (const auto& region : regions_->all()) {
      vaults_.push_back(*vault::Vault::open(region->vault(), region->id(), region->key()));
      identities_.push_back(std::make_unique<identity::Identities>(*vaults_.back(), identity::Limits{}));
      cells.push_back({region.get(), identities_.back().get()});
    }
    real_ =
        events::Events::create(std::move(cells), *regions_, *sources_, law::shipped_law(), metrics_, {}, interests_);
    auto summary = fill_few(*real_);
    ASSERT_TRUE(summary) << summary.error().detail;
    summary_ = *summary;
  }
  void TearDown() override {
    if (regions_) regions_->stop();
  }

  static regions::Schemas schemas() {
    regions::Schemas schemas;
    for (auto slice : {subjects::migrations(), identity::migrations(), events::migrations()}) {
      schemas.data.insert(schemas.data.end(), slice.begin(), slice.end());
    }
    schemas.vault.assign(vault::migrations().begin(), vault::migrations().end());
    return schemas;
  }

  // The customers of a region that hold a key; empty where nobody does.
  std::vector<identity::Customer> customers(std::string_view region, std::string_view look_up) {
    auto wanted = identity::parse_key(look_up);
    auto key = identity::make_key(wanted->kind, wanted->value, {"shop", sources_->find("shop")->controller, ""});
    events::Cell& cell = *real_->cell(region);
    std::vector<identity::Customer> out;
    auto read = cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
      for (const auto& found : TRY(cell.identities->find(tx, {&*key, 1}, gate::PurposeSet::all()))) {
        out.push_back(TRY(cell.identities->customer(tx, found.id, gate::PurposeSet::all())));
      }
      return {};
    });
    EXPECT_TRUE(read);
    return out;
  }

  db::testing::TemporaryFolder folder_;
  metrics::Registry metrics_;
  std::unique_ptr<regions::Regions> regions_;
  std::vector<std::unique_ptr<vault::Vault>> vaults_;
  std::vector<std::unique_ptr<identity::Identities>> identities_;
  class Weighed final : public gate::Interests {
    gate::PurposeSet weighed(Time) const override { return {gate::Purpose::CommunicationForCustomerCare}; }
  };
  const Weighed interests_;
  std::unique_ptr<events::Events> real_;
  Summary summary_;
};

std::set<KeyKind> kinds_of(const identity::Customer& customer) {
  std::set<KeyKind> kinds;
  for (const identity::Identity& identity : customer.identities) kinds.insert(identity.kind);
  return kinds;
}

TEST_F(DemoCompany, IsStoredLinkedUnlinkedOrRefusedAndAgainAddsNothing) {
  const Outcome& outcome = summary_.outcome;
  EXPECT_GT(outcome.stored, 1'000U);
  EXPECT_GT(outcome.unlinked, 100U);
  EXPECT_GT(outcome.refused, 30U);
  EXPECT_GT(outcome.rejected.size(), 10U);
  EXPECT_EQ(outcome.duplicates, 0U);
  EXPECT_EQ(outcome.stored + outcome.unlinked + outcome.refused + outcome.rejected.size(), summary_.events);
  auto again = fill_few(*real_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->outcome.stored + again->outcome.unlinked + again->outcome.refused, 0U);
}

TEST_F(DemoCompany, KnowsAnnaFromFourSources) {
  auto found = customers("eu", "email:anna.petersen@de.example.org");
  ASSERT_FALSE(found.empty());
  std::set<KeyKind> kinds = kinds_of(found.front());
  for (KeyKind kind : {KeyKind::user_id, KeyKind::card_number, KeyKind::phone, KeyKind::social_handle}) {
    EXPECT_TRUE(kinds.contains(kind)) << identity::name_of(kind);
  }
}

TEST_F(DemoCompany, ShowsWhatAnnaDidAtEveryTouchpoint) {
  auto found = customers("eu", "email:anna.petersen@de.example.org");
  ASSERT_FALSE(found.empty());
  events::Cell& cell = *real_->cell("eu");
  std::set<std::string> touchpoints;
  ASSERT_TRUE(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    IdentityId oldest = found.front().identities.front().id;
    auto reached = TRY(cell.identities->reach(tx, oldest, gate::PurposeSet::all()));
    events::TimelineQuery query;
    query.identities = reached;
    query.limit = 500;
    for (const events::Event& event : TRY(real_->timeline(tx, cell, query))) {
      touchpoints.insert(sources_->find(Id<sources::Source>{event.source})->touchpoint);
    }
    return {};
  }));
  EXPECT_EQ(touchpoints, (std::set<std::string>{"shop", "checkout", "delivery", "branch", "app", "hotline", "social"}));
}

TEST_F(DemoCompany, KnowsOfJonasBrowserByClaimOnly) {
  auto found = customers("eu", "email:jonas.huber@at.example.org");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().identities.size(), 1U);
  ASSERT_EQ(found.front().links.size(), 1U);
  EXPECT_EQ(found.front().links.front().standing, Standing::claimed);
}

TEST_F(DemoCompany, KeepsGraceInHerRegion) {
  EXPECT_FALSE(customers("us", "email:grace.miller@us.example.com").empty());
  EXPECT_TRUE(customers("eu", "email:grace.miller@us.example.com").empty());
}

TEST_F(DemoCompany, GluesAHouseholdButNotAThousandTests) {
  auto household = customers("eu", "email:familie.brandt@de.example.org");
  ASSERT_FALSE(household.empty());
  auto& members = household.front().identities;
  EXPECT_EQ(std::count_if(members.begin(), members.end(), [](const auto& i) { return i.kind == KeyKind::user_id; }), 3);
  auto tester = customers("eu", "user_id:test");
  ASSERT_EQ(tester.size(), 1U);
  EXPECT_LE(tester.front().identities.size(), identity::Limits{}.identities_per_customer);
  events::Cell& cell = *real_->cell("eu");
  std::map<std::string, int> reasons;
  ASSERT_TRUE(cell.region->data().read([&](db::Transaction& tx) -> Result<void> {
    for (const auto& refusal : TRY(cell.identities->refusals(tx, 1'000))) ++reasons[refusal.reason];
    return {};
  }));
  EXPECT_GT(reasons["customer_too_large"], 0);
  EXPECT_GT(reasons["value_too_common"], 0);
}

TEST_F(DemoCompany, EverySuggestionFindsSomebody) {
  for (const Suggestion& suggestion : summary_.suggestions) {
    std::size_t found = 0;
    for (const auto& region : regions_->all()) found += customers(region->id(), suggestion.key).size();
    EXPECT_GT(found, 0U) << suggestion.key;
  }
}

}  // namespace
}  // namespace handschlag::demo
