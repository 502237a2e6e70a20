#include "features/preferences/obstacles.h"

#include "features/ledger/ledger.h"
#include "features/outreach/testing/testing.h"
#include "features/regions/regions.h"
#include "features/vault/vault.h"

namespace handschlag::preferences {
namespace {

using gate::Channel;
using gate::Purpose;

class ObstaclesTest : public outreach::OutreachTest {
 protected:
  void SetUp() override {
    OutreachTest::SetUp();
    if (IsSkipped()) return;
    for (auto part : {staff::migrations(), templates::migrations()}) ASSERT_TRUE(database().migrate(part));
    staff_ = staff::Staff::create(database(), clock_);
    templates_ = templates::Templates::create(database(), *staff_, clock_);
    facts_.agreed[anna_.value] = gate::ConsentState::given;
    identity::Identity anna;
    anna.id = anna_;
    anna.country = "DE";
    anna.keys = {{identity::KeyKind::email, "anna@example.org", identity::Standing::confirmed, 1, clock_.now()}};
    customer_.identities = {anna};
  }

  void publish() { ASSERT_TRUE(templates_->publish({"staff:1", "trace"}, outreach::offer())); }
  void take_links_away() {
    outreach_ = outreach::Outreach::create({{&regions_->home(), vault_.get(), identities_.get(), ledger_.get()}},
                                           law::shipped_law(), shelf_, &server_,
                                           {.sender = {"Shop", "shop@example.com"}}, clock_, metrics_);
    outreach_->set_facts(facts_);
  }
  std::optional<Obstacle> obstacle(bool base_url_named = true, Channel channel = Channel::email) {
    std::optional<Obstacle> out;
    const Outbox outbox{outreach_.get(), templates_.get(), base_url_named};
    EXPECT_TRUE(regions_->home().data().read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(obstacle_of(tx, outbox, region_, customer_, Purpose::DirectMarketing, channel));
      return {};
    }));
    return out;
  }
  std::string name(Channel channel = Channel::email) {
    const auto found = obstacle(true, channel);
    return found ? found->name : "";
  }

  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<templates::Templates> templates_;
  identity::Customer customer_;
};

INSTANTIATE_TEST_SUITE_P(Backends, ObstaclesTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ObstaclesTest, AMessageThatWouldLeaveHasNone) {
  EXPECT_EQ(name(), "no_template");
  publish();
  EXPECT_EQ(name(), "");
  EXPECT_EQ(name(Channel::sms), "no_gateway");
  EXPECT_EQ(name(Channel::phone), "") << "who calls is not this program";
}

TEST_P(ObstaclesTest, AMissingAddressOfTheServerIsNotAnOpenOne) {
  publish();
  take_links_away();
  const auto missing = obstacle(false);
  const auto open = obstacle(true);
  ASSERT_TRUE(missing && open);
  EXPECT_EQ(missing->name, "no_way_to_unsubscribe");
  EXPECT_EQ(open->name, "no_way_to_unsubscribe");
  EXPECT_NE(missing->text.english.find("is missing"), std::string::npos);
  EXPECT_NE(open->text.english.find("https://"), std::string::npos);
  EXPECT_NE(missing->text.german, open->text.german);
  EXPECT_FALSE(open->way_out.german.empty());
}

TEST_P(ObstaclesTest, WhatTheOutboxDeniesIsSaid) {
  publish();
  const templates::Template spring = outreach::offer();
  EXPECT_EQ(name(), "");
  EXPECT_EQ(propose(to_anna(spring))->outcome, outreach::Outcome::queued);
  EXPECT_EQ(propose(to_anna(spring))->reasons, std::vector<std::string>{"too_often"});
  EXPECT_EQ(name(), "too_often");
  facts_.agreed[anna_.value] = gate::ConsentState::refused;
  EXPECT_EQ(name(), "consent_refused");
}

TEST_P(ObstaclesTest, AnAddressThatIsOnlyClaimedIsNone) {
  publish();
  customer_.identities[0].keys[0].standing = identity::Standing::claimed;
  EXPECT_EQ(name(), "no_address");
}

TEST_P(ObstaclesTest, WhatIsNoAddressHidesNoneThatIsOne) {
  publish();
  auto& keys = customer_.identities[0].keys;
  keys.insert(keys.begin(), keys[0]);
  keys[0].value = "no address";
  EXPECT_EQ(name(), "");
  keys.pop_back();
  EXPECT_EQ(name(), "no_address");
}

}  // namespace
}  // namespace handschlag::preferences
