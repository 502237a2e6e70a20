// For tests: one node of a Handschlag with one region, from its databases up to its feed.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "features/consent/consent.h"
#include "features/events/events.h"
#include "features/feed/feed.h"
#include "features/identity/identity.h"
#include "features/ledger/ledger.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::feed::testing {

inline constexpr gate::Purpose kCare = gate::Purpose::CustomerCare;
inline constexpr gate::Purpose kMarketing = gate::Purpose::DirectMarketing;

class Node {
 public:
  // `more`: migrations of the data database beside those of the slices that are here.
  Node(const regions::Settings& settings, db::Database& control, const Clock& clock,
       const std::vector<db::Migration>& more = {})
      : clock_(clock) {
    auto list = [](auto... parts) {
      std::vector<db::Migration> out;
      (out.insert(out.end(), parts.begin(), parts.end()), ...);
      return out;
    };
    regions_ = *regions::Regions::open(settings, {list(subjects::migrations(), identity::migrations(),
                                                       consent::migrations(), events::migrations(), more),
                                                  list(vault::migrations()), list(ledger::migrations())});
    sources_ = *sources::Sources::open(control, clock);
    regions::Region& region = regions_->home();
    vault_ = *vault::Vault::open(region.vault(), region.id(), region.key());
    identities_ = std::make_unique<identity::Identities>(*vault_, identity::Limits{});
    consents_ = std::make_unique<consent::Consents>(*vault_, *identities_);
    ledger_ = ledger::Ledger::create(region, *vault_);
    std::vector<events::Cell> cells = {{&region, identities_.get(), consents_.get()}};
    events_ = events::Events::create(cells, *regions_, *sources_, law::shipped_law(), metrics_, {}, interests_);
    feed_ = Feed::create(*events_, *sources_, law::shipped_law(), {ledger_.get()}, clock, interests_);
  }
  ~Node() {
    feed_.reset();
    regions_->stop();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void add_source(const std::string& id, std::vector<gate::DeclaredPurpose> purposes,
                  sources::Mode mode = sources::Mode::live, std::uint32_t data_categories = gate::ordinary) {
    sources::Source source;
    source.id = id;
    source.touchpoint = id;
    source.trust = sources::Trust::server;
    source.purposes = std::move(purposes);
    source.mode = mode;
    source.data_categories = data_categories;
    ASSERT_TRUE(sources_->add(std::move(source)));
  }

  events::Intake event(const std::string& user, const std::string& message, const std::string& name = "Called") const {
    events::Intake intake;
    intake.name = name;
    intake.user_id = user;
    intake.message_id = message;
    intake.original = intake.occurred = intake.received = clock_.now();
    intake.properties = json::Value{{"note", message}};
    return intake;
  }

  Result<events::Outcome> submit(const std::string& source, std::vector<events::Intake> batch) {
    std::promise<Result<events::Outcome>> done;
    events_->submit(sources_->find(source), std::move(batch),
                    [&](Result<events::Outcome> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }

  // Stores `count` events of one user, with messages "user-0", "user-1" ...
  void store(const std::string& source, const std::string& user, int count, const std::string& name = "Called") {
    std::vector<events::Intake> batch;
    for (int i = 0; i < count; ++i) batch.push_back(event(user, user + "-" + std::to_string(i), name));
    ASSERT_EQ(submit(source, std::move(batch))->stored, static_cast<std::size_t>(count));
  }

  std::string region() const { return regions_->home().id(); }
  events::Events& events() { return *events_; }
  sources::Sources& sources() { return *sources_; }
  events::Cell& cell() { return *events_->cells().data(); }
  vault::Vault& vault() { return *vault_; }
  ledger::Ledger& ledger() { return *ledger_; }
  metrics::Registry& metrics() { return metrics_; }
  Feed& feed() { return *feed_; }

 private:
  // Its interest in writing to customers was weighed.
  class Weighed final : public gate::Interests {
    gate::PurposeSet weighed(Time) const override { return {gate::Purpose::DirectMarketing}; }
  };

  const Clock& clock_;
  const Weighed interests_;
  metrics::Registry metrics_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<identity::Identities> identities_;
  std::unique_ptr<consent::Consents> consents_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<events::Events> events_;
  std::unique_ptr<Feed> feed_;
};

// A control database and the settings of one region, on SQLite or PostgreSQL.
class NodeTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    static int count = 0;
    settings_.home = "f" + std::to_string(::getpid()) + "n" +
                     std::to_string(++count);  // a schema's name where others use the server too
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    settings_.regions = {{settings_.home, {"DE"}}};
    if (GetParam() == db::testing::Backend::postgresql) settings_.postgres_url = test_database().options().location;
    ASSERT_TRUE(regions::Regions::create_keys(settings_));
    ASSERT_TRUE(database().migrate(sources::migrations()));
    open();
    node_->add_source("hotline", {{kCare, gate::Basis::contract}});
    node_->add_source("shop", {{kMarketing, gate::Basis::legitimate_interest}});
  }

  void TearDown() override {
    node_.reset();
    if (settings_.postgres_url.empty()) return;
    for (const char* name : {"data", "vault", "ledger"}) {
      const std::string sql = "DROP SCHEMA IF EXISTS handschlag_" + settings_.home + "_" + name + " CASCADE";
      EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.execute(sql, {}));
        return {};
      }));
    }
  }

  void open() { node_ = std::make_unique<Node>(settings_, database(), clock_, more_); }
  void close() { node_.reset(); }

  db::testing::TemporaryFolder folder_;
  ManualClock clock_{from_millis(1'795'000'000'000)};
  regions::Settings settings_;
  std::vector<db::Migration> more_;
  std::unique_ptr<Node> node_;
};

}  // namespace handschlag::feed::testing
