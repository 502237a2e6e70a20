// For tests of this slice: events over real regions, vaults and sources, on each database.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "features/events/events.h"
#include "features/vault/vault.h"
#include "platform/db/testing/testing.h"

namespace handschlag::events {

using gate::Basis;
using gate::Purpose;
using gate::PurposeSet;

inline const Time kNow = *parse_time("2026-11-21T12:00:00.000Z");

inline regions::Schemas schemas() {
  auto all = [](std::initializer_list<std::span<const db::Migration>> slices) {
    std::vector<db::Migration> out;
    for (auto slice : slices) out.insert(out.end(), slice.begin(), slice.end());
    return out;
  };
  return {all({subjects::migrations(), identity::migrations(), consent::migrations(), migrations()}),
          all({vault::migrations()}),
          {}};
}

// What is handed to a projection.
class Recording final : public Projection {
 public:
  Result<void> apply(db::Transaction&, Cell&, std::span<const Stored> batch) override {
    if (failing) return fail(ErrorKind::internal, "projection_failed", "");
    for (const Stored& event : batch) messages.push_back(event.intake->message_id);
    return {};
  }
  std::atomic<bool> failing = false;
  std::vector<std::string> messages;  // read after the answer only
};

// Who was heard.
class Listening final : public Listener {
 public:
  Result<void> heard(db::Transaction&, Cell&, std::span<const Spoken> batch) override {
    for (const Spoken& each : batch) heard_.emplace_back(each.identity, each.intake->message_id);
    return {};
  }
  std::vector<std::pair<IdentityId, std::string>> heard_;
};

class EventsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    static int count = 0;
    prefix_ = "t" + std::to_string(getpid()) + "n" +
              std::to_string(++count);  // of schemas in a PostgreSQL that others use too
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    if (GetParam() == db::testing::Backend::postgresql) settings_.postgres_url = test_database().options().location;
    settings_.regions = {{prefix_ + "eu", {"DE", "FR"}}, {prefix_ + "uk", {"GB"}}, {prefix_ + "us", {"US"}}};
    settings_.home = prefix_ + "eu";
    ASSERT_TRUE(regions::Regions::create_keys(settings_));
    ASSERT_TRUE(database().migrate(sources::migrations()));
    open();
    add("shop", {{Purpose::CustomerOrderManagement, Basis::contract}, {Purpose::DirectMarketing, Basis::consent}});
    add("app", {{Purpose::CustomerCare, Basis::contract}});
    add("web", {{Purpose::ServiceUsageAnalytics, Basis::consent}});
    add("ads", {{Purpose::PersonalisedAdvertising, Basis::consent}});
  }

  void TearDown() override {
    if (regions_) close();
    if (settings_.postgres_url.empty()) return;
    for (const auto& region : settings_.regions) {
      for (const char* name : {"data", "vault", "ledger"}) {
        const std::string sql = "DROP SCHEMA IF EXISTS handschlag_" + region.id + "_" + name + " CASCADE";
        EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
          TRY(tx.execute(sql, {}));
          return {};
        }));
      }
    }
  }

  void open() {
    regions_ = *regions::Regions::open(settings_, schemas());
    sources_ = *sources::Sources::open(database(), clock_);
    std::vector<Cell> cells;
    for (const auto& region : regions_->all()) {
      vaults_.push_back(*vault::Vault::open(region->vault(), region->id(), region->key()));
      identities_.push_back(std::make_unique<identity::Identities>(*vaults_.back(), identity::Limits{}));
      consents_.push_back(std::make_unique<consent::Consents>(*vaults_.back(), *identities_.back()));
      cells.push_back({region.get(), identities_.back().get(), consents_.back().get()});
    }
    events_ = Events::create(cells, *regions_, *sources_, law::shipped_law(), metrics_, {&projection_},
                             gate::no_interests(), &listener_);
  }
  void close() {
    regions_->stop();
    events_.reset();
    consents_.clear();
    identities_.clear();
    vaults_.clear();
    sources_.reset();
    regions_.reset();
  }

  void add(const std::string& id, std::vector<gate::DeclaredPurpose> purposes,
           const std::function<void(sources::Source&)>& change = {}) {
    sources::Source source;
    source.id = id;
    source.touchpoint = id;
    source.name_space = "all";
    source.country = "DE";
    source.trust = sources::Trust::server;
    source.purposes = std::move(purposes);
    if (change) change(source);
    ASSERT_TRUE(sources_->add(source));
  }

  static Intake event(std::string message, Time occurred = kNow, std::string who = "u1") {
    Intake intake;
    intake.name = "Viewed";
    intake.message_id = std::move(message);
    intake.user_id = std::move(who);
    intake.original = intake.occurred = occurred;
    intake.received = kNow;
    return intake;
  }

  Result<Outcome> try_submit(const std::string& source, std::vector<Intake> batch) {
    std::promise<Result<Outcome>> answer;
    events_->submit(sources_->find(source), std::move(batch),
                    [&](Result<Outcome> outcome) { answer.set_value(std::move(outcome)); });
    return answer.get_future().get();
  }
  Outcome submit(const std::string& source, std::vector<Intake> batch) {
    auto outcome = try_submit(source, std::move(batch));
    EXPECT_TRUE(outcome) << outcome.error().detail;
    return outcome.value_or(Outcome{});
  }

  Cell& cell(const std::string& region) { return *events_->cell(prefix_ + region); }

  IdentityId find(const std::string& region, const std::string& who) {
    const identity::Key key{identity::KeyKind::user_id, "all", who};
    std::vector<identity::Identities::Found> found;
    EXPECT_TRUE(cell(region).region->data().read([&](db::Transaction& tx) -> Result<void> {
      found = TRY(cell(region).identities->find(tx, {&key, 1}, PurposeSet::all()));
      return {};
    }));
    return found.empty() ? IdentityId{} : found.front().id;
  }

  std::vector<Event> timeline(const std::string& region, TimelineQuery query, const std::string& who = "u1",
                              PurposeSet purposes = PurposeSet::all()) {
    identity::Reached reached{find(region, who), purposes};
    query.identities = {&reached, 1};
    std::vector<Event> out;
    EXPECT_TRUE(cell(region).region->data().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(events_->timeline(tx, cell(region), query));
      return {};
    }));
    return out;
  }
  static std::vector<std::string> messages(const std::vector<Event>& events) {
    std::vector<std::string> out;
    for (const Event& event : events) out.push_back(event.body["message_id"].get<std::string>());
    return out;
  }
  std::vector<std::string> messages(const std::string& region = "eu", TimelineQuery query = {}) {
    return messages(timeline(region, std::move(query)));
  }
  std::int64_t count(const std::string& region, std::string_view table) {
    std::int64_t rows = 0;
    const std::string sql = "SELECT count(*) FROM " + std::string(table);
    EXPECT_TRUE(cell(region).region->data().read(
        [&](db::Transaction& tx) { return tx.query(sql, {}, [&](const db::Row& row) { rows = row.integer(0); }); }));
    return rows;
  }

  db::testing::TemporaryFolder folder_;
  regions::Settings settings_;
  std::string prefix_;
  ManualClock clock_{kNow};
  metrics::Registry metrics_;
  Recording projection_;
  Listening listener_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<sources::Sources> sources_;
  std::vector<std::unique_ptr<vault::Vault>> vaults_;
  std::vector<std::unique_ptr<identity::Identities>> identities_;
  std::vector<std::unique_ptr<consent::Consents>> consents_;
  std::unique_ptr<Events> events_;
};

}  // namespace handschlag::events
