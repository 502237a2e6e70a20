// Linking over two regions of real databases, with a mail server that keeps what it is given.
#include "features/linking/linking.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "features/regions/testing/two_regions.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::linking {
namespace {

using gate::Purpose;

const staff::Actor kAda{"staff:1", "trace"};
constexpr std::string_view kAnna = "anna@example.org";
constexpr std::string_view kWork = "work@example.org";
constexpr std::string_view kCaller = "192.0.2.1";

class Mailbox final : public mail::Mailer {
 public:
  mail::Answer send(std::string_view, std::string_view to, std::string_view bytes) override {
    letters.emplace_back(to, bytes);
    return {mail::Outcome::accepted, 250, "2.0.0", "accepted"};
  }
  void interrupt() override {}
  std::vector<std::pair<std::string, std::string>> letters;
};

struct Parcel {
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<identity::Identities> identities;
  std::unique_ptr<ledger::Ledger> ledger;
  std::unique_ptr<consent::Consents> consents;
};

class LinkingTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(
        regions::testing::all_of({staff::migrations(), notices::migrations(), sources::migrations()})));
    staff_ = staff::Staff::create(database(), clock_);
    notices_ = *notices::Notices::open(database(), *staff_, clock_);
    sources_ = *sources::Sources::open(database(), clock_);
    ASSERT_TRUE(sources_->add({.id = "shop",
                               .touchpoint = "shop",
                               .trust = sources::Trust::server,
                               .purposes = {{Purpose::CustomerCare, gate::Basis::contract}}}));
    regions_.open(GetParam(), test_database(),
                  {regions::testing::all_of({subjects::migrations(), identity::migrations(), consent::migrations(),
                                             outreach::migrations(), migrations()}),
                   regions::testing::all_of({vault::migrations()}), regions::testing::all_of({ledger::migrations()})});
    for (const auto& region : regions_->all()) {
      Parcel& one = parcels_.emplace_back();
      one.vault = *vault::Vault::open(region->vault(), region->id(), region->key());
      one.identities = std::make_unique<identity::Identities>(*one.vault, identity::Limits{});
      one.ledger = ledger::Ledger::create(*region, *one.vault);
      one.consents = std::make_unique<consent::Consents>(*one.vault, *one.identities);
    }
    regions::Region& home = regions_->home();
    outreach_ = outreach::Outreach::create(
        {{&home, parcels_[0].vault.get(), parcels_[0].identities.get(), parcels_[0].ledger.get()}}, law::shipped_law(),
        templates::built_in_shelf(), &mailbox_,
        {.sender = {"Shop", "shop@example.com"}, .caps = {{outreach::Kind::service, 100'000, std::chrono::hours{1}}}},
        clock_, metrics_);
    linking_ = open({});
  }

  std::unique_ptr<Linking> open(Settings settings) {
    Parts parts{{}, outreach_.get(), notices_.get(), sources_.get(), &law::shipped_law(), staff_.get(), &clock_};
    for (std::size_t i = 0; i < parcels_.size(); ++i) {
      parts.places.push_back({regions_->all()[i].get(), parcels_[i].vault.get(), parcels_[i].identities.get(),
                              parcels_[i].ledger.get(), parcels_[i].consents.get()});
    }
    return *Linking::create(std::move(parts), settings);
  }

  void TearDown() override {
    linking_.reset();
    outreach_.reset();
    if (!regions_) return;
    parcels_.clear();
    regions_.close();
  }

  db::Database& data(std::size_t place) { return regions_->all()[place]->data(); }

  IdentityId seen(std::size_t place, identity::Key own, std::string_view address, gate::PurposeSet purposes,
                  const char* country) {
    identity::Sighting sighting;
    sighting.own = std::move(own);
    if (!address.empty()) sighting.attributes = {key(address)};
    sighting.purposes = purposes;
    sighting.standing = identity::Standing::confirmed;
    sighting.source = 1;
    sighting.origin = "shop";
    sighting.country = country;
    sighting.at = clock_.now();
    const identity::Sighting* one = &sighting;
    IdentityId out;
    EXPECT_TRUE(data(place).write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(parcels_[place].identities->record(tx, {&one, 1}))[0];
      return {};
    }));
    return out;
  }
  IdentityId person(const std::string& number, std::string_view address, const char* country = "DE",
                    gate::PurposeSet purposes = {Purpose::CustomerCare}, std::size_t place = 0) {
    return seen(place, {identity::KeyKind::user_id, "shop", number}, address, purposes, country);
  }

  static identity::Key key(std::string_view address) {
    return {identity::KeyKind::email, "@self", std::string(address)};
  }

  void publish(const std::string& title = "Everything in one place", law::Term validity = {}) {
    notices::NoticeVersion content;
    content.id = "one-account";
    content.purposes = {Purpose::IdentityLinking};
    content.channels = {gate::Channel::none};
    content.validity = validity;
    content.texts = {{"de", title, "Wir verbinden.", "Ja, verbinden.", "Jederzeit hier."},
                     {"en", title, "We connect.", "Yes, connect.", "Here, at any time."}};
    const auto drafted = notices_->draft(kAda, content);
    ASSERT_TRUE(drafted) << drafted.error().detail;
    ASSERT_TRUE(notices_->publish(kAda, "one-account", (*drafted)->version, (*drafted)->hash));
  }

  static portal::Request as(std::string_view address = kAnna, const std::string& session = "s1") {
    return {{key(address), crypto::digest(session + std::string(address))}, "createOwnLink", "trace"};
  }

  // The code of a mail, or "" where none came.
  std::string code_for(const portal::Request& request, Way way, std::string_view value, std::string_view to) {
    mailbox_.letters.clear();
    const auto asking = linking_->ask(request, way, value, "en", kCaller);
    EXPECT_TRUE(asking) << asking.error().code;
    if (!asking) return "";
    EXPECT_TRUE(linking_->send(*asking));
    EXPECT_TRUE(outreach_->send_due(regions_->home().id()));
    if (mailbox_.letters.empty() || mailbox_.letters.back().first != to) return "";
    const std::string& letter = mailbox_.letters.back().second;
    for (std::size_t at = 0; at + 9 <= letter.size(); ++at) {
      const std::string part = letter.substr(at, 9);
      if (part[4] == ' ' && crypto::digits_in(part).size() == 8) return part;
    }
    return "";
  }

  static Agreement with(std::string code, std::int64_t version = 1) {
    return {.code = std::move(code), .notice = "one-account", .version = version, .language = "de"};
  }

  std::string told(const Result<Overview>& result) { return result ? "" : result.error().code; }

  bool together(IdentityId a, IdentityId b) {
    bool out = false;
    EXPECT_TRUE(data(0).read([&](db::Transaction& tx) -> Result<void> {
      for (const auto& each : TRY(parcels_[0].identities->reach(tx, a, {Purpose::CustomerCare}))) {
        out = out || each.id == b;
      }
      return {};
    }));
    return out;
  }

  std::vector<consent::Statement> said(IdentityId id) {
    std::vector<consent::Statement> out;
    EXPECT_TRUE(data(0).read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(parcels_[0].consents->history(tx, {&id, 1}));
      return {};
    }));
    return out;
  }

  ManualClock clock_{*parse_time("2026-11-24T10:00:00Z")};
  metrics::Registry metrics_;
  Mailbox mailbox_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<notices::Notices> notices_;
  std::unique_ptr<sources::Sources> sources_;
  regions::testing::TwoRegions regions_;
  std::vector<Parcel> parcels_;
  std::unique_ptr<outreach::Outreach> outreach_;
  std::unique_ptr<Linking> linking_;
};

INSTANTIATE_TEST_SUITE_P(Backends, LinkingTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(LinkingTest, AnotherAddressIsJoinedByLeaveAndApartAtOnce) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId work = person("2", kWork);
  ASSERT_FALSE(together(anna, work));
  const auto joined = linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller);
  ASSERT_TRUE(joined) << joined.error().code;
  EXPECT_TRUE(together(anna, work));
  ASSERT_EQ(joined->links.size(), 1u);
  EXPECT_TRUE(joined->links[0].by_leave);
  EXPECT_FALSE(joined->links[0].statement.empty());
  for (const IdentityId each : {anna, work}) {
    ASSERT_EQ(said(each).size(), 1u);
    const consent::Statement one = said(each)[0];
    EXPECT_EQ(one.purpose, Purpose::IdentityLinking);
    EXPECT_EQ(one.strength, gate::Strength::confirmed);
    EXPECT_NE(one.proof.declaration.find("Ja, verbinden."), std::string::npos);
    bool linked = false;
    for (const auto& record : *parcels_[0].ledger->read(each, 0, 10)) {
      linked = linked || (record.entry.use == gate::Use::link && record.entry.decision == gate::Decision::allow);
    }
    EXPECT_TRUE(linked);
  }
  clock_.advance(std::chrono::minutes{1});
  // Whoever reads the other mailbox may take it back as well.
  const auto apart = linking_->end(as(kWork), joined->links[0].id, "de");
  ASSERT_TRUE(apart) << apart.error().code;
  EXPECT_FALSE(together(anna, work));
  EXPECT_TRUE(apart->links.empty());
  EXPECT_EQ(said(anna)[0].act, consent::Act::withdrawn);
  EXPECT_EQ(said(work)[0].act, consent::Act::withdrawn);
  EXPECT_EQ(told(linking_->end(as(), joined->links[0].id, "de")), "link_unknown");
  const auto audit = staff_->audit("customer", "", 10);
  ASSERT_TRUE(audit);
  EXPECT_EQ(audit->records.size(), 2u);
}

TEST_P(LinkingTest, CodeIsOfItsSessionAndGoodOnce) {
  publish();
  person("1", kAnna);
  person("2", kWork);
  const std::string code = code_for(as(), Way::email, kWork, kWork);
  EXPECT_EQ(told(linking_->agree(as(kAnna, "s2"), with(code), kCaller)), "code_wrong");
  EXPECT_EQ(told(linking_->agree(as("ben@example.org"), with(code), kCaller)), "code_wrong");
  EXPECT_EQ(told(linking_->agree(as(), with(code, 2), kCaller)), "notice_changed");
  EXPECT_EQ(told(linking_->agree(as(), with(code), kCaller)), "");
  EXPECT_EQ(told(linking_->agree(as(), with(code), kCaller)), "code_wrong");
  const std::string late = code_for(as(kAnna, "s2"), Way::email, kWork, kWork);
  clock_.advance(std::chrono::minutes{15});
  EXPECT_EQ(told(linking_->agree(as(kAnna, "s2"), with(late), kCaller)), "code_expired");
}

TEST_P(LinkingTest, FiveWrongCodesEndIt) {
  publish();
  person("1", kAnna);
  person("2", kWork);
  const std::string code = code_for(as(), Way::email, kWork, kWork);
  const std::string other = crypto::digits_in(code) == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(told(linking_->agree(as(), with(other), kCaller)), "code_wrong");
  EXPECT_EQ(told(linking_->agree(as(), with(code), kCaller)), "code_used_up");
}

TEST_P(LinkingTest, NumberAloneProvesNothingAndTellsNoAddress) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId other = person("4711", kWork);
  EXPECT_EQ(code_for(as(), Way::customer_number, "999", kWork), "") << "nobody has it";
  EXPECT_TRUE(mailbox_.letters.empty());
  const std::string code = code_for(as(), Way::customer_number, "4711", kWork);
  ASSERT_FALSE(code.empty());
  ASSERT_EQ(told(linking_->agree(as(), with(code), kCaller)), "");
  EXPECT_TRUE(together(anna, other));
}

TEST_P(LinkingTest, NobodyIsBombed) {
  publish();
  person("1", kAnna);
  int letters = 0;
  for (int i = 0; i < 6; ++i) {
    if (!code_for(as(fmt::format("{}@example.org", i)), Way::email, kWork, kWork).empty()) ++letters;
  }
  EXPECT_EQ(letters, 3) << "to one address";
  letters = 0;
  for (int i = 0; i < 9; ++i) {
    const std::string to = fmt::format("to{}@example.org", i);
    if (!code_for(as(), Way::email, to, to).empty()) ++letters;
  }
  EXPECT_EQ(letters, 6) << "for one who asks";
}

TEST_P(LinkingTest, BrowserIsJoinedUnlessItIsAnothers) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const std::string id = "3f2c1a9e-77aa-4b11-9d01-aaaaaaaaaaaa";
  const IdentityId browser = seen(0, {identity::KeyKind::anonymous_id, "shop", id}, "", {Purpose::CustomerCare}, "DE");
  Agreement agreement = with("");
  agreement.browser = "short";
  EXPECT_EQ(told(linking_->agree(as(), agreement, kCaller)), "fields_invalid");
  agreement.browser = id;
  ASSERT_EQ(told(linking_->agree(as(), agreement, kCaller)), "");
  EXPECT_TRUE(together(anna, browser));
  const IdentityId ben = person("2", "ben@example.org");
  EXPECT_EQ(told(linking_->agree(as("ben@example.org"), agreement, kCaller)), "browser_of_another");
  EXPECT_FALSE(together(ben, browser));
}

TEST_P(LinkingTest, WhatTheLawDeniesLeavesNothing) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId work = person("2", kWork, "XX");
  const auto refused = linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "use_denied");
  EXPECT_FALSE(together(anna, work));
  EXPECT_TRUE(said(anna).empty());
  EXPECT_TRUE(said(work).empty());
}

TEST_P(LinkingTest, RegionsStayApart) {
  publish();
  person("1", kAnna);
  person("2", kWork, "US", {Purpose::CustomerCare}, 1);
  EXPECT_EQ(told(linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller)), "regions_differ");
}

TEST_P(LinkingTest, NoIsSaidByWhicheverWay) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId work = person("2", kWork);
  ASSERT_EQ(told(linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller)), "");
  consent::Statement no;
  no.identity = work;
  no.act = consent::Act::withdrawn;
  no.purpose = Purpose::IdentityLinking;
  no.way = consent::Way::phone;
  no.occurred_at = clock_.now() - std::chrono::hours{1};
  no.received_at = clock_.now();
  const auto say = [&] {
    ASSERT_TRUE(data(0).write([&](db::Transaction& tx) -> Result<void> {
      TRY(parcels_[0].consents->record(tx, no));
      return {};
    }));
  };
  say();
  EXPECT_TRUE(together(anna, work)) << "said before the yes";
  no.occurred_at = no.received_at;
  say();
  EXPECT_FALSE(together(anna, work));
}

TEST_P(LinkingTest, NoOfAnyOfTheirIdentitiesTakesItApart) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId work = person("2", kWork);
  const IdentityId till = person("3", "");
  ASSERT_TRUE(data(0).write([&](db::Transaction& tx) {
    return parcels_[0].identities->link(tx, anna, till, gate::Basis::contract, {Purpose::CustomerCare}, "staff",
                                        clock_.now());
  }));
  ASSERT_EQ(told(linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller)), "");
  ASSERT_TRUE(together(till, work));
  consent::Statement no;
  no.identity = till;
  no.act = consent::Act::withdrawn;
  no.purpose = Purpose::IdentityLinking;
  no.occurred_at = no.received_at = clock_.now();
  ASSERT_TRUE(data(0).write([&](db::Transaction& tx) -> Result<void> {
    TRY(parcels_[0].consents->record(tx, no));
    return {};
  }));
  EXPECT_FALSE(together(anna, work));
  EXPECT_TRUE(together(anna, till)) << "that was no leave of theirs";
}

TEST_P(LinkingTest, AMailboxThatSeveralShareJoinsNobody) {
  publish();
  const IdentityId anna = person("1", kAnna);
  const IdentityId ben = person("9", kAnna);
  const IdentityId work = person("2", kWork);
  ASSERT_TRUE(data(0).write([&](db::Transaction& tx) {  // staff found that they are two
    return parcels_[0].identities->unlink(tx, anna, ben, clock_.now());
  }));
  ASSERT_FALSE(together(anna, ben));
  EXPECT_EQ(told(linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller)), "mailbox_shared");
  EXPECT_EQ(told(linking_->agree(as(kWork), with(code_for(as(kWork), Way::email, kAnna, kAnna)), kCaller)),
            "mailbox_shared");
  EXPECT_FALSE(together(anna, work) || together(ben, work));
  EXPECT_TRUE(said(anna).empty());
}

TEST_P(LinkingTest, EndedByManyAtOnceItIsSaidOnce) {
  publish();
  const IdentityId anna = person("1", kAnna);
  person("2", kWork);
  const auto joined = linking_->agree(as(), with(code_for(as(), Way::email, kWork, kWork)), kCaller);
  ASSERT_TRUE(joined) << joined.error().code;
  clock_.advance(std::chrono::minutes{1});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [&] { EXPECT_THAT(told(linking_->end(as(), joined->links[0].id, "de")), testing::AnyOf("", "link_unknown")); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(said(anna).size(), 2u) << "the yes and the no";
}

TEST_P(LinkingTest, WithoutANoticeNothingIsOffered) {
  person("1", kAnna);
  EXPECT_FALSE(linking_->of(as())->notice);
  EXPECT_EQ(linking_->ask(as(), Way::email, kWork, "en", kCaller).error().code, "notice_missing");
  publish("With an end", {1, law::Term::Unit::years});
  EXPECT_FALSE(linking_->of(as())->notice) << "a leave that ends by itself would leave them joined";
}

// Three people, two sessions of each, and whatever order of steps: joined exactly while a leave stands.
class LinkingSequenceTest : public LinkingTest {
 protected:
  struct Pending {
    std::string code;
    std::size_t target = 0;
    int tries = 0;  // -1: used
  };
  using Pair = std::pair<std::size_t, std::size_t>;

  void begin() {
    publish();
    linking_ = open({.attempts = kAttempts,
                     .asker_an_hour = kMany,
                     .asker_a_day = kMany,
                     .target_an_hour = kMany,
                     .target_a_day = kMany,
                     .asked_at_once = kMany,
                     .tried_at_once = kMany});
    for (std::size_t i = 0; i < 3; ++i) {
      mailboxes_.push_back(fmt::format("p{}@example.org", i));
      people_.push_back(person(fmt::format("n{}", i), mailboxes_.back()));
    }
  }

  static Pair pair_of(std::size_t a, std::size_t b) { return {std::min(a, b), std::max(a, b)}; }
  bool joined(std::size_t a, std::size_t b) const {
    const std::size_t third = 3 - a - b;
    return model_.contains(pair_of(a, b)) || (model_.contains(pair_of(a, third)) && model_.contains(pair_of(third, b)));
  }
  portal::Request of(std::size_t who, int session) { return as(mailboxes_[who], fmt::format("s{}", session)); }

  void ask(std::size_t who, int session, std::size_t target) {
    const std::string& mailbox = mailboxes_[target];
    pending_[{who, session}] = {code_for(of(who, session), Way::email, mailbox, mailbox), target, 0};
    ASSERT_FALSE((pending_[{who, session}].code.empty()));
  }

  // Right, or replayed: its code stays here after it was used.
  void agree(std::size_t who, int session) {
    Pending& now = pending_[{who, session}];
    const bool good = !now.code.empty() && now.tries >= 0 && now.tries < kAttempts;
    const bool fresh = good && !joined(who, now.target);
    EXPECT_EQ(linking_->agree(of(who, session), with(now.code.empty() ? "12345678" : now.code), kCaller).has_value(),
              fresh);
    if (fresh) model_.insert(pair_of(who, now.target));
    now.tries = good ? -1 : now.tries < 0 ? -1 : now.tries + 1;
  }

  // By the code of another session, or a wrong one.
  void forge(std::size_t who, int session) {
    Pending& now = pending_[{who, session}];
    const std::string foreign = pending_[{who, 1 - session}].code;
    if (!foreign.empty() && foreign == now.code) return;
    EXPECT_FALSE(linking_->agree(of(who, session), with(foreign.empty() ? "00000000" : foreign), kCaller));
    if (now.tries >= 0) ++now.tries;
  }

  void end(std::size_t who, int session) {
    const auto overview = linking_->of(of(who, session));
    ASSERT_TRUE(overview);
    if (overview->links.empty()) return;
    const std::size_t before = model_.size();
    ASSERT_TRUE(linking_->end(of(who, session), overview->links[0].id, "en"));
    std::erase_if(model_, [&](const Pair& pair) {
      return (pair.first == who || pair.second == who) && !together(people_[pair.first], people_[pair.second]);
    });
    EXPECT_EQ(before - model_.size(), 1u);
  }

  // Taken down by staff: all of theirs comes apart.
  void say_no_on_the_phone(std::size_t who) {
    consent::Statement no;
    no.identity = people_[who];
    no.act = consent::Act::withdrawn;
    no.purpose = Purpose::IdentityLinking;
    no.occurred_at = no.received_at = clock_.now();
    ASSERT_TRUE(data(0).write([&](db::Transaction& tx) -> Result<void> {
      TRY(parcels_[0].consents->record(tx, no));
      return {};
    }));
    std::erase_if(model_, [&](const Pair& pair) { return pair.first == who || pair.second == who; });
  }

  static constexpr int kAttempts = 5;
  static constexpr std::int64_t kMany = 100'000;
  std::vector<std::string> mailboxes_;
  std::vector<IdentityId> people_;
  std::map<std::pair<std::size_t, int>, Pending> pending_;  // by person and session
  std::set<Pair> model_;                                    // by a leave of their own
};

TEST_P(LinkingSequenceTest, JoinedExactlyWhileALeaveStands) {
  begin();
  std::mt19937 random(20'261'124);
  for (int step = 0; step < 250; ++step) {
    SCOPED_TRACE(step);
    clock_.advance(std::chrono::seconds{1});
    const std::size_t who = random() % 3;
    const int session = static_cast<int>(random() % 2);
    switch (random() % 13) {
      case 0:
      case 1:
      case 2:
        ask(who, session, (who + 1 + random() % 2) % 3);
        break;
      case 3:
      case 4:
      case 5:
        agree(who, session);
        break;
      case 6:
      case 7:
      case 8:
        forge(who, session);
        break;
      case 9:
        say_no_on_the_phone(who);
        break;
      default:
        end(who, session);
    }
    for (const auto& [a, b] : {Pair{0, 1}, Pair{0, 2}, Pair{1, 2}}) {
      ASSERT_EQ(together(people_[a], people_[b]), joined(a, b)) << a << " and " << b;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, LinkingSequenceTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::linking
