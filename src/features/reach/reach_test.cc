// Reach over two regions of real databases, with outreach and what it is told of people's leave.
#include "features/reach/reach.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "features/consent/consent.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/preferences/preferences.h"
#include "features/regions/testing/two_regions.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "features/vault/vault.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::reach {
namespace {

using gate::Channel;
using gate::Purpose;
using testing::IsEmpty;
using testing::SizeIs;

class Links final : public outreach::UnsubscribeLinks {
 public:
  Result<std::string> unsubscribe_url(db::Transaction&, std::string_view, IdentityId, const identity::Key&,
                                      gate::Purpose, gate::Channel) override {
    return std::string("https://shop.example/u/1");
  }
  Result<void> end(std::string_view, IdentityId, gate::Purpose, gate::Channel) override { return {}; }
};

class ReachTest : public db::testing::DatabaseTest {
 protected:
  struct Region {
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<identity::Identities> identities;
    std::unique_ptr<consent::Consents> consents;
    std::unique_ptr<ledger::Ledger> ledger;
  };

  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(
        database().migrate(regions::testing::all_of({staff::migrations(), sources::migrations(), jobs::migrations()})));
    sources_ = *sources::Sources::open(database(), clock_);
    add_source("shop", sources::Mode::live);
    add_source("trial", sources::Mode::test);
    open_regions();
    open_reach();
  }

  void add_source(std::string id, sources::Mode mode, std::string unit = "") {
    ASSERT_TRUE(sources_->add({.id = std::move(id),
                               .touchpoint = "shop",
                               .country = "DE",
                               .unit = std::move(unit),
                               .trust = sources::Trust::server,
                               .mode = mode,
                               .purposes = {{Purpose::DirectMarketing, gate::Basis::consent}}}));
  }

  void open_regions() {
    regions_.open(GetParam(), test_database(),
                  {regions::testing::all_of({subjects::migrations(), identity::migrations(), consent::migrations(),
                                             outreach::migrations(), migrations()}),
                   regions::testing::all_of({vault::migrations()}), regions::testing::all_of({ledger::migrations()})});
    ids_ = regions_.ids();
  }

  void open_reach() {
    std::vector<outreach::Place> senders;
    std::vector<preferences::FactsPlace> known;
    Parts parts{{}, nullptr, sources_.get(), &database(), &clock_};
    for (const std::string& id : ids_) {
      regions::Region* region = regions_->find(id);
      Region& one = region_parts_[id];
      one.vault = *vault::Vault::open(region->vault(), id, region->key());
      one.identities = std::make_unique<identity::Identities>(*one.vault, identity::Limits{});
      one.consents = std::make_unique<consent::Consents>(*one.vault, *one.identities);
      one.ledger = ledger::Ledger::create(*region, *one.vault);
      senders.push_back({region, one.vault.get(), one.identities.get(), one.ledger.get()});
      known.push_back({id, &region->data(), one.identities.get(), one.consents.get()});
      parts.places.push_back({region, one.identities.get()});
    }
    facts_ = preferences::create_facts(std::move(known), gate::no_interests());
    outreach_ = outreach::Outreach::create(std::move(senders), law::shipped_law(), templates::built_in_shelf(), nullptr,
                                           {}, clock_, metrics_);
    outreach_->set_facts(*facts_);
    outreach_->set_unsubscribe_links(links_);
    parts.outreach = outreach_.get();
    reach_ = Reach::create(std::move(parts));
  }

  void TearDown() override {
    reach_.reset();
    outreach_.reset();
    if (!regions_) return;
    region_parts_.clear();
    regions_.close();
  }

  template <class Body>
  void write(std::size_t region, Body body) {
    auto done = regions_->find(ids_[region])->writer().run([&](db::Transaction& tx) -> Result<void> {
      return body(tx, region_parts_[ids_[region]]);
    });
    ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
  }

  static identity::Key mail(std::string address) { return {identity::KeyKind::email, "@self", std::move(address)}; }

  struct Who {
    std::string address = {};  // empty: none
    std::optional<consent::Act> said = {};
    std::string source = "shop";
    identity::KeyKind kind = identity::KeyKind::user_id;
    Purpose purpose = Purpose::DirectMarketing;
  };
  IdentityId somebody(const Who& who, std::size_t region = 0) {
    identity::Sighting seen;
    seen.own = {who.kind, sources_->find(who.source)->id_space(), fmt::format("p{}", ++people_)};
    if (!who.address.empty()) seen.attributes = {mail(who.address)};
    seen.purposes = {who.purpose};
    seen.standing = identity::Standing::confirmed;
    seen.source = sources_->find(who.source)->number.value;
    seen.origin = who.source;
    seen.country = region == 0 ? "DE" : "US";
    seen.at = clock_.now();
    const identity::Sighting* one = &seen;
    IdentityId id;
    write(region, [&](db::Transaction& tx, Region& parts) -> Result<void> {
      id = TRY(parts.identities->record(tx, {&one, 1})).front();
      if (!who.said) return {};
      consent::Statement said;
      said.identity = id;
      said.act = *who.said;
      said.channel = Channel::email;
      said.address = mail(who.address);
      said.strength = gate::Strength::confirmed;
      said.occurred_at = said.received_at = clock_.now();
      TRY(parts.consents->record(tx, said));
      return {};
    });
    return id;
  }

  void somebodies(int count, const Who& who, std::size_t region = 0) {
    for (int i = 0; i < count; ++i) {
      Who one = who;
      if (!one.address.empty()) one.address = fmt::format("p{}@example.org", people_);
      somebody(one, region);
    }
  }

  void count() {
    ASSERT_TRUE(reach_->begin());
    for (const std::string& id : ids_) {
      for (;;) {
        const auto done = reach_->count_on(id, [] { return false; });
        ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
        if (*done) break;
      }
    }
  }

  void try_law(std::shared_ptr<const law::RuleSet> law, law::Day day) {
    const auto begun = reach_->try_law(std::move(law), day);
    ASSERT_TRUE(begun) << begun.error().detail;
    for (const std::string& id : ids_) {
      const auto done = reach_->try_on(id, [] { return false; });
      ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
      EXPECT_TRUE(*done);
    }
  }

  // The shipped law with one rule more: no mail to anybody in a country, from a day on.
  static std::shared_ptr<const law::RuleSet> without_mail(std::string country, law::Day from) {
    law::Rule rule;
    rule.id = "own.no_mail";
    rule.jurisdiction = std::move(country);
    rule.channels = {law::Channel::email};
    rule.from = from;
    rule.requirement = law::Requirement::forbidden;
    rule.status = law::Status::secondary;
    rule.source = "board";
    rule.german = "Keine Werbung per E-Mail.";
    rule.english = "No advertising by e-mail.";
    rule.own = true;
    auto set = law::RuleSet::compile(*law::shipped(), {rule});
    EXPECT_TRUE(set) << set.error().detail;
    return set ? *set : nullptr;
  }

  std::vector<Group> effect(Channel channel = Channel::email) {
    const auto found = reach_->effect();
    EXPECT_TRUE(found);
    for (const Effect::OfPurpose& one : found->purposes) {
      if (one.purpose != Purpose::DirectMarketing) continue;
      for (const ChannelFigure& figure : one.channels) {
        if (figure.channel == channel) return figure.groups;
      }
    }
    return {};
  }

  std::vector<Group> groups(Channel channel = Channel::email, std::string_view unit = "") {
    const auto figure = reach_->figure(Purpose::DirectMarketing, unit);
    EXPECT_TRUE(figure) << figure.error().detail;
    for (const ChannelFigure& one : figure->channels) {
      if (one.channel == channel) return one.groups;
    }
    return {};
  }

  static std::int64_t people_for(const Group& group, std::string_view reason) {
    for (const Reason& each : group.reasons) {
      if (each.name == reason) return each.people;
    }
    return 0;
  }

  ManualClock clock_{*parse_time("2026-11-23T10:00:00Z")};
  std::vector<std::string> ids_;
  std::unique_ptr<sources::Sources> sources_;
  regions::testing::TwoRegions regions_;
  std::map<std::string, Region> region_parts_;
  metrics::Registry metrics_;
  Links links_;
  std::unique_ptr<outreach::Facts> facts_;
  std::unique_ptr<outreach::Outreach> outreach_;
  std::unique_ptr<Reach> reach_;
  int people_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Backends, ReachTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ReachTest, NothingIsShownBeforeItWasCounted) {
  const auto figure = reach_->figure(Purpose::DirectMarketing);
  ASSERT_TRUE(figure);
  EXPECT_FALSE(figure->counted_at);
  EXPECT_FALSE(figure->counting);
  ASSERT_TRUE(reach_->begin());
  EXPECT_TRUE(reach_->figure(Purpose::DirectMarketing)->counting);
}

TEST_P(ReachTest, WhoMayBeWrittenToAndWhatKeepsTheOthers) {
  const Who with_address{.address = "x"};
  somebodies(12, {.address = "x", .said = consent::Act::given});
  somebodies(11, {.address = "x", .said = consent::Act::withdrawn});
  somebodies(13, with_address);
  somebodies(10, {});
  somebodies(10, {.address = "x", .purpose = Purpose::CustomerOrderManagement});
  somebodies(20, {.kind = identity::KeyKind::anonymous_id});
  somebodies(20, {.address = "x", .said = consent::Act::given, .source = "trial"});
  count();
  const auto figure = reach_->figure(Purpose::DirectMarketing);
  EXPECT_EQ(figure->counted_at, clock_.now());
  EXPECT_FALSE(figure->counting);
  const auto email = groups();
  ASSERT_THAT(email, SizeIs(1));
  EXPECT_EQ(email[0].country, "DE");
  EXPECT_EQ(email[0].people, 56) << "neither visits nor what was made up";
  EXPECT_EQ(email[0].reachable, 12);
  EXPECT_EQ(people_for(email[0], "consent_refused"), 11);
  EXPECT_EQ(people_for(email[0], "consent_missing"), 13);
  EXPECT_EQ(people_for(email[0], kNoAddress), 10);
  EXPECT_EQ(people_for(email[0], "stored_for_other_purpose"), 10);
  ASSERT_THAT(groups(Channel::phone), SizeIs(1));
  EXPECT_EQ(groups(Channel::phone)[0].reachable, 0);
}

TEST_P(ReachTest, WhatIsNoAddressStopsNoCount) {
  for (int i = 0; i < 10; ++i) somebody({.address = fmt::format("no address {}", i)});
  somebodies(12, {.address = "x", .said = consent::Act::given});
  count();
  ASSERT_THAT(groups(), SizeIs(1));
  EXPECT_EQ(groups()[0].people, 22);
  EXPECT_EQ(groups()[0].reachable, 12);
  EXPECT_EQ(people_for(groups()[0], kNoAddress), 10);
}

TEST_P(ReachTest, LinkedPeopleCountOnceAndANewRoundReplacesTheOld) {
  std::vector<IdentityId> ids;
  for (int i = 0; i < 24; ++i) {
    ids.push_back(somebody({.address = fmt::format("l{}@example.org", i), .said = consent::Act::given}));
  }
  count();
  EXPECT_EQ(groups()[0].people, 24);
  write(0, [&](db::Transaction& tx, Region& parts) -> Result<void> {
    for (std::size_t i = 0; i < 24; i += 2) {
      TRY(parts.identities->link(tx, ids[i], ids[i + 1], gate::Basis::contract, {Purpose::DirectMarketing}, "staff",
                                 clock_.now()));
    }
    return {};
  });
  EXPECT_EQ(groups()[0].people, 24) << "as old as it says";
  count();
  EXPECT_EQ(groups()[0].people, 12);
  EXPECT_EQ(groups()[0].reachable, 12);
}

TEST_P(ReachTest, AUnitCountsWhomItsSourcesMadeKnownAsFarAsTheseKnowThem) {
  add_source("munich", sources::Mode::live, "south/munich");
  add_source("augsburg", sources::Mode::live, "south/augsburg");
  somebodies(10, {.address = "x", .said = consent::Act::given});
  somebodies(11, {.address = "x", .said = consent::Act::given, .source = "munich"});
  somebodies(12, {.address = "x", .said = consent::Act::given, .source = "augsburg"});
  // Of these the whole company has an address, Munich only a number.
  std::vector<std::pair<IdentityId, IdentityId>> same;
  for (int i = 0; i < 13; ++i) {
    const IdentityId shop = somebody({.address = fmt::format("s{}@example.org", i), .said = consent::Act::given});
    same.emplace_back(shop, somebody({.source = "munich"}));
  }
  write(0, [&](db::Transaction& tx, Region& parts) -> Result<void> {
    for (const auto& [a, b] : same) {
      TRY(parts.identities->link(tx, a, b, gate::Basis::contract, {Purpose::DirectMarketing}, "staff", clock_.now()));
    }
    return {};
  });
  count();
  auto only = [&](std::string_view unit) {
    const auto out = groups(Channel::email, unit);
    EXPECT_THAT(out, SizeIs(1)) << unit;
    return out.empty() ? Group{} : out[0];
  };
  EXPECT_EQ(only("").people, 46);
  EXPECT_EQ(only("").reachable, 46);
  EXPECT_EQ(only("south").people, 36);
  EXPECT_EQ(only("south").reachable, 23);
  EXPECT_EQ(only("south/munich").people, 24);
  EXPECT_EQ(only("south/munich").reachable, 11);
  EXPECT_EQ(people_for(only("south/munich"), kNoAddress), 13);
  EXPECT_EQ(only("south/augsburg").people, 12);
  EXPECT_THAT(groups(Channel::email, "north"), IsEmpty());
}

TEST_P(ReachTest, AnInterruptedCountGoesOnAndCountsNobodyTwice) {
  somebodies(131, {.address = "x", .said = consent::Act::given});  // three windows
  ASSERT_TRUE(reach_->begin());
  for (bool done = false; !done;) {
    bool looked = false;  // one window each time
    const auto on = reach_->count_on(ids_[0], [&looked] { return std::exchange(looked, true); });
    ASSERT_TRUE(on);
    done = *on;
    ASSERT_TRUE(reach_->begin()) << "changes nothing while it is under way";
  }
  count();
  EXPECT_EQ(groups()[0].people, 131);
}

TEST_P(ReachTest, TooFewPeopleAreNotToBeTold) {
  somebodies(30, {.address = "x", .said = consent::Act::given});
  somebodies(5, {.address = "x", .said = consent::Act::given}, 1);
  count();
  const auto email = groups();
  ASSERT_THAT(email, SizeIs(1)) << "five of one country would be told by the difference";
  EXPECT_TRUE(email[0].several);
  EXPECT_EQ(email[0].people, 35);
}

TEST_P(ReachTest, AChangeOfLawSaysBeforehandWhomItTakesAway) {
  somebodies(12, {.address = "x", .said = consent::Act::given});
  somebodies(13, {.address = "x"});
  somebodies(14, {.address = "x", .said = consent::Act::given}, 1);
  count();
  const law::Day today = law::day_of(clock_.now());
  const law::Day then = today + std::chrono::days{30};
  EXPECT_EQ(reach_->effect()->rule_set, 0U);
  const auto law = without_mail("DE", then);
  try_law(law, then);
  auto email = effect();
  ASSERT_THAT(email, SizeIs(2));
  EXPECT_EQ(email[0].country, "DE");
  EXPECT_EQ(email[0].people, 25);
  EXPECT_EQ(email[0].reachable, 0);
  EXPECT_EQ(people_for(email[0], kLost), 12);
  EXPECT_EQ(people_for(email[0], kNeither), 13);
  EXPECT_EQ(email[1].country, "US");
  EXPECT_EQ(email[1].reachable, 14);
  EXPECT_EQ(reach_->effect()->rule_set, law->number());
  EXPECT_EQ(reach_->effect()->counted_at, clock_.now());
  EXPECT_EQ(groups()[0].reachable, 12) << "what holds is what it was";

  try_law(law, today);
  EXPECT_EQ(effect()[0].reachable, 12) << "not in force yet";
  EXPECT_EQ(reach_->try_law(law, today - std::chrono::days{1}).error().code, "fields_invalid");
}

TEST_P(ReachTest, WhatIsTriedLaterTakesThePlaceOfWhatWasTried) {
  somebodies(60, {.address = "x", .said = consent::Act::given});
  const law::Day today = law::day_of(clock_.now());
  ASSERT_TRUE(reach_->try_law(without_mail("DE", today), today));
  bool looked = false;
  ASSERT_FALSE(*reach_->try_on(ids_[0], [&looked] { return std::exchange(looked, true); }));
  EXPECT_TRUE(reach_->effect()->counting);
  EXPECT_EQ(reach_->effect()->people, 50);
  EXPECT_THAT(reach_->effect()->purposes, IsEmpty());
  try_law(without_mail("FR", today), today);
  EXPECT_EQ(reach_->effect()->people, 60);
  EXPECT_EQ(effect()[0].people, 60);
  EXPECT_EQ(effect()[0].reachable, 60);
  count();
  EXPECT_EQ(effect()[0].reachable, 60) << "counting what holds leaves it alone";
}

Count of(std::string country, std::string reason, std::int64_t people) {
  return {std::move(country), std::move(reason), people};
}

TEST(ReachShownTest, SmallReasonsGoTogetherWithTheNextInSize) {
  const std::vector<Count> counts = {of("DE", "", 100), of("DE", "a", 3), of("DE", "b", 40), of("DE", "c", 50)};
  const auto groups = shown(counts);
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].people, 193);
  EXPECT_EQ(groups[0].reachable, 100);
  ASSERT_THAT(groups[0].reasons, SizeIs(2));
  EXPECT_EQ(groups[0].reasons[0].name, "c");
  EXPECT_EQ(groups[0].reasons[1].name, kOther);
  EXPECT_EQ(groups[0].reasons[1].people, 43);
}

TEST(ReachShownTest, NoGroupOrPartOfOneIsSmall) {
  for (std::int64_t reachable = 0; reachable < 25; ++reachable) {
    for (std::int64_t kept = 0; kept < 25; ++kept) {
      for (std::int64_t abroad = 0; abroad < 25; ++abroad) {
        const std::vector<Count> counts = {of("DE", "", reachable), of("DE", "a", kept), of("AT", "a", abroad)};
        for (const Group& group : shown(counts)) {
          EXPECT_GE(group.people, kSmallest);
          std::int64_t sum = group.reachable.value_or(0);
          EXPECT_TRUE(!group.reachable || *group.reachable == 0 || *group.reachable >= kSmallest);
          for (const Reason& each : group.reasons) {
            EXPECT_GE(each.people, kSmallest);
            sum += each.people;
          }
          EXPECT_EQ(sum, group.people);
        }
      }
    }
  }
  EXPECT_THAT(shown(std::vector<Count>{of("DE", "", 4), of("AT", "a", 5)}), IsEmpty());
}

}  // namespace
}  // namespace handschlag::reach
