// A region with outreach in it, and the far side of the network.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "features/outreach/outreach.h"
#include "platform/db/testing/testing.h"

namespace handschlag::outreach {

using gate::Purpose;
using Names = std::vector<std::string>;

struct Mailed {
  std::string to;
  std::string bytes;
  std::string from = {};
};

// The far side of the network.
class FakeServer final : public mail::Mailer {
 public:
  mail::Answer send(std::string_view from, std::string_view to, std::string_view bytes) override {
    ++asked;
    if (answer.outcome == mail::Outcome::accepted) {
      mailed.push_back({std::string(to), std::string(bytes), std::string(from)});
    }
    return answer;
  }
  void interrupt() override {}
  mail::Answer answer{mail::Outcome::accepted, 250, "2.0.0", "accepted"};
  std::vector<Mailed> mailed;
  int asked = 0;
};

class KnownFacts final : public Facts {
 public:
  Result<void> fill(db::Transaction&, std::string_view, IdentityId identity, const identity::Key&,
                    gate::Question& question) override {
    if (!agreed.contains(identity.value)) return {};
    question.consent = agreed[identity.value];
    question.strength = gate::Strength::confirmed;
    question.consented_at = question.at - std::chrono::days{1};
    question.explicit_consent = true;
    return {};
  }
  std::map<std::int64_t, gate::ConsentState> agreed;
};

class Links final : public UnsubscribeLinks {
 public:
  Result<std::string> unsubscribe_url(db::Transaction&, std::string_view, IdentityId identity, const identity::Key&,
                                      Purpose, gate::Channel) override {
    return "https://shop.example/m/" + std::to_string(identity.value);
  }
  Result<void> end(std::string_view, IdentityId identity, Purpose purpose, gate::Channel) override {
    ended.emplace_back(identity.value, purpose);
    return {};
  }
  std::vector<std::pair<std::int64_t, Purpose>> ended;
};

inline templates::Template offer(Purpose purpose = Purpose::DirectMarketing) {
  return {.id = "spring",
          .purpose = purpose,
          .parameters = {"name"},
          .texts = {{"de", {.subject = "Für {{name}}", .text = "Hallo {{name}} {{unsubscribe}}"}},
                    {"en", {.subject = "For {{name}}", .text = "Hello {{name}} {{unsubscribe}}"}}}};
}

class AnyShelf final : public templates::Shelf {
 public:
  Result<templates::Template> find(std::string_view id, std::int64_t version) override {
    if (id == "spring") return offer();
    return templates::built_in_shelf().find(id, version);
  }
};

class OutreachTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    static int count = 0;
    region_ = "o" + std::to_string(getpid()) + "n" + std::to_string(++count);
    settings_.data_folder = folder_.path() / "data";
    settings_.key_folder = folder_.path() / "keys";
    if (GetParam() == db::testing::Backend::postgresql) settings_.postgres_url = test_database().options().location;
    settings_.regions = {{region_, {"DE"}}};
    settings_.home = region_;
    ASSERT_TRUE(regions::Regions::create_keys(settings_));
    regions::Schemas schemas;
    auto append = [](auto& to, auto from) { to.insert(to.end(), from.begin(), from.end()); };
    append(schemas.data, subjects::migrations());
    append(schemas.data, identity::migrations());
    append(schemas.data, migrations());
    append(schemas.vault, vault::migrations());
    append(schemas.ledger, ledger::migrations());
    regions_ = *regions::Regions::open(settings_, schemas);
    regions::Region& region = regions_->home();
    vault_ = *vault::Vault::open(region.vault(), region.id(), region.key());
    identities_ = std::make_unique<identity::Identities>(*vault_, identity::Limits{});
    ledger_ = ledger::Ledger::create(region, *vault_);
    anna_ = person("anna", "DE");
    open(&server_);
  }

  void TearDown() override {
    outreach_.reset();
    if (!regions_) return;
    ledger_.reset();
    regions_->stop();
    regions_.reset();
    if (settings_.postgres_url.empty()) return;
    for (const char* name : {"data", "vault", "ledger"}) {
      const std::string sql = "DROP SCHEMA IF EXISTS handschlag_" + region_ + "_" + name + " CASCADE";
      EXPECT_TRUE(database().write([&](db::Transaction& tx) -> Result<void> {
        TRY(tx.execute(sql, {}));
        return {};
      }));
    }
  }

  void open(mail::Mailer* mailer, std::vector<Cap> caps = usual_caps()) {
    outreach_ = Outreach::create(
        {{&regions_->home(), vault_.get(), identities_.get(), ledger_.get()}}, law::shipped_law(), shelf_, mailer,
        {.sender = {"Shop", "shop@example.com"}, .bounces = "bounces@mail.example.com", .caps = std::move(caps)},
        clock_, metrics_);
    outreach_->set_facts(facts_);
    outreach_->set_unsubscribe_links(links_);
  }

  IdentityId person(const std::string& name, std::string_view country) {
    identity::Sighting sighting;
    sighting.own = {identity::KeyKind::user_id, "shop", name};
    sighting.purposes = {Purpose::DirectMarketing, Purpose::CustomerOrderManagement};
    sighting.standing = identity::Standing::confirmed;
    sighting.country = country;
    sighting.at = clock_.now();
    IdentityId out;
    const identity::Sighting* one = &sighting;
    EXPECT_TRUE(regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(identities_->record(tx, {&one, 1}))[0];
      return {};
    }));
    return out;
  }

  static identity::Key mailbox(std::string value) { return {identity::KeyKind::email, "@self", std::move(value)}; }

  Result<Decision> propose(const Proposal& proposal) {
    Decision decision;
    auto written = regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
      decision = TRY(outreach_->propose(tx, proposal));
      return {};
    });
    if (!written) return std::unexpected(written.error());
    return decision;
  }
  Proposal to_anna(const templates::Template& one) {
    return {.region = region_,
            .identity = anna_,
            .address = mailbox("anna@example.org"),
            .message = &one,
            .language = "de",
            .parameters = {{"name", "Anna"}}};
  }
  Result<Decision> send_code(std::string address, IdentityId identity = {}) {
    Decision decision;
    auto written = regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
      decision = TRY(outreach_->send_service(tx, {.region = region_,
                                                  .identity = identity,
                                                  .address = mailbox(std::move(address)),
                                                  .built_in = "access_code",
                                                  .language = "de",
                                                  .parameters = {{"code", "417 223"}, {"link", "https://s.example/me"}},
                                                  .country = "DE"}));
      return {};
    });
    if (!written) return std::unexpected(written.error());
    return decision;
  }
  void send() { ASSERT_TRUE(outreach_->send_due(region_)); }
  Message message(const Decision& decision) { return *outreach_->get(region_, decision.message); }
  std::vector<ledger::Record> uses() { return *ledger_->read(anna_, 0, 100); }
  // The bytes of all that is kept of messages.
  std::string kept() {
    std::string out;
    EXPECT_TRUE(regions_->home().data().read([&](db::Transaction& tx) {
      return tx.query("SELECT trace, sealed_address, sealed_content, address FROM outreach_message", {},
                      [&](const db::Row& row) {
                        out += row.text(0);
                        for (int i = 1; i < 4; ++i) out += row.blob(i);
                      });
    }));
    return out;
  }

  db::testing::TemporaryFolder folder_;
  std::string region_;
  regions::Settings settings_;
  ManualClock clock_{*parse_time("2026-11-24T10:00:00Z")};  // a Tuesday
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<identity::Identities> identities_;
  std::unique_ptr<ledger::Ledger> ledger_;
  metrics::Registry metrics_;
  AnyShelf shelf_;
  KnownFacts facts_;
  Links links_;
  FakeServer server_;
  IdentityId anna_;
  std::unique_ptr<Outreach> outreach_;
};

}  // namespace handschlag::outreach
