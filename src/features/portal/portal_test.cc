// The portal over two regions of real databases, with a mail server that keeps what it is given.
#include "features/portal/portal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <any>
#include <set>

#include "features/portal/json.h"
#include "features/regions/testing/two_regions.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::portal {
namespace {

using consent::Act;
using gate::Channel;
using gate::ConsentState;
using gate::Purpose;

const staff::Actor kAda{"staff:1", "trace"};
constexpr std::string_view kAnna = "anna@example.org";
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

class PortalTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(regions::testing::all_of({staff::migrations(), notices::migrations()})));
    staff_ = staff::Staff::create(database(), clock_);
    notices_ = *notices::Notices::open(database(), *staff_, clock_);
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
        templates::built_in_shelf(), &mailbox_, {.sender = {"Shop", "shop@example.com"}}, clock_, metrics_);
    portal_ = open();
  }

  // As another node has it, too.
  std::unique_ptr<Portal> open() {
    Parts parts{{}, outreach_.get(), notices_.get(), &law::shipped_law(), staff_.get(), &clock_};
    for (std::size_t i = 0; i < parcels_.size(); ++i) {
      parts.places.push_back({regions_->all()[i].get(), parcels_[i].vault.get(), parcels_[i].identities.get(),
                              parcels_[i].ledger.get(), parcels_[i].consents.get()});
    }
    auto opened = Portal::create(std::move(parts), {.base_url = "https://shop.example"});
    EXPECT_TRUE(opened) << opened.error().detail;
    return std::move(*opened);
  }

  void TearDown() override {
    portal_.reset();
    outreach_.reset();
    if (!regions_) return;
    parcels_.clear();
    regions_.close();
  }

  db::Database& data(std::size_t place) { return regions_->all()[place]->data(); }

  IdentityId person(std::size_t place, const std::string& name, std::string_view address,
                    identity::Standing standing = identity::Standing::confirmed) {
    identity::Sighting seen;
    seen.own = {identity::KeyKind::user_id, "shop", name};
    seen.attributes = {key(address)};
    seen.purposes = {Purpose::CustomerOrderManagement};
    seen.standing = standing;
    seen.source = 1;
    seen.origin = "shop";
    seen.country = place == 0 ? "DE" : "US";
    seen.at = clock_.now();
    const identity::Sighting* one = &seen;
    IdentityId out;
    EXPECT_TRUE(data(place).write([&](db::Transaction& tx) -> Result<void> {
      out = TRY(parcels_[place].identities->record(tx, {&one, 1}))[0];
      return {};
    }));
    return out;
  }

  static identity::Key key(std::string_view address) {
    return {identity::KeyKind::email, "@self", std::string(address)};
  }

  notices::NoticePointer publish(const std::string& title = "Newsletter") {
    notices::NoticeVersion content;
    content.id = "newsletter";
    content.purposes = {Purpose::DirectMarketing};
    content.channels = {Channel::email, Channel::phone};
    content.texts = {{"de", title, "Was wir schicken.", "Ja, gern.", "Mit dem Link."},
                     {"en", title, "What we send.", "Yes, please.", "By the link."}};
    const auto drafted = notices_->draft(kAda, content);
    EXPECT_TRUE(drafted) << drafted.error().detail;
    auto out = notices_->publish(kAda, "newsletter", (*drafted)->version, (*drafted)->hash);
    EXPECT_TRUE(out) << out.error().detail;
    return *out;
  }

  std::string code_for(std::string_view address) {
    EXPECT_TRUE(portal_->ask(address, "en", kCaller));
    EXPECT_TRUE(outreach_->send_due(regions_->home().id()));
    if (mailbox_.letters.empty() || mailbox_.letters.back().first != address) return "";
    const std::string& letter = mailbox_.letters.back().second;
    const auto at = letter.find("/me#");
    return at == std::string::npos ? "" : letter.substr(at + 4, 8);
  }

  Session sign_in(std::string_view address = kAnna) {
    auto session = portal_->sign_in(address, code_for(address), kCaller);
    EXPECT_TRUE(session) << session.error().code;
    return session ? *session : Session{};
  }

  static http::Request asks(const Session& session, const std::string& method = "GET", bool with_csrf = true) {
    http::Request request;
    request.method = method;
    request.headers = {{"Cookie", "other=1; hs_me=" + session.text}};
    if (with_csrf) request.headers.emplace_back(std::string(kCsrfHeader), session.csrf_token);
    return request;
  }

  Request as(const Session& session, std::string operation = "listOwnConsents") {
    auto who = portal_->authenticate(asks(session));
    EXPECT_TRUE(who) << who.error().code;
    return {std::any_cast<Customer>(who->who), std::move(operation), "trace"};
  }

  static Wish yes(std::int64_t version = 1) {
    return {Purpose::DirectMarketing, Channel::email, Act::given, "newsletter", version, "de"};
  }
  static Wish no() { return {Purpose::DirectMarketing, Channel::email, Act::withdrawn, "", 0, "de"}; }

  static ConsentState state_of(const Overview& overview) {
    for (const Topic& topic : overview.topics) {
      for (const Line& line : topic.lines) {
        if (topic.purpose == Purpose::DirectMarketing && line.channel == Channel::email) return line.state;
      }
    }
    return ConsentState::unknown;
  }

  std::string code_of(const Result<Session>& result) { return result ? "" : result.error().code; }

  ManualClock clock_{*parse_time("2026-11-24T10:00:00Z")};
  metrics::Registry metrics_;
  Mailbox mailbox_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<notices::Notices> notices_;
  regions::testing::TwoRegions regions_;
  std::vector<Parcel> parcels_;
  std::unique_ptr<outreach::Outreach> outreach_;
  std::unique_ptr<Portal> portal_;
};

INSTANTIATE_TEST_SUITE_P(Backends, PortalTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(PortalTest, KnownAndUnknownGetTheSameMail) {
  person(0, "anna", kAnna);
  const std::string anna = code_for(kAnna);
  const std::string stranger = code_for("stranger@example.org");
  EXPECT_EQ(anna.size(), 8u);
  EXPECT_EQ(stranger.size(), 8u);
  ASSERT_EQ(mailbox_.letters.size(), 2u);
  EXPECT_EQ(parcels_[0].ledger->read({1}, 0, 10)->size(), 0u) << "nobody was looked up";
  EXPECT_TRUE(portal_->sign_in("stranger@example.org", stranger, kCaller));
}

TEST_P(PortalTest, NobodyIsBombed) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(portal_->ask(kAnna, "en", fmt::format("192.0.2.{}", i)));
  ASSERT_TRUE(outreach_->send_due(regions_->home().id()));
  EXPECT_EQ(mailbox_.letters.size(), 4u);
  clock_.advance(std::chrono::hours{2});
  EXPECT_FALSE(code_for(kAnna).empty());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(portal_->ask(fmt::format("{}@example.org", i), "en", "198.51.100.7"));
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(portal_->ask(fmt::format("{}@example.org", i), "en", "198.51.100.7"));
  mailbox_.letters.clear();
  ASSERT_TRUE(outreach_->send_due(regions_->home().id()));
  EXPECT_GE(mailbox_.letters.size(), 20u);
  EXPECT_LE(mailbox_.letters.size(), 25u) << "and one a minute";
}

TEST_P(PortalTest, CodeIsGoodOnceAndNotForLong) {
  const std::string first = code_for(kAnna);
  EXPECT_EQ(code_of(portal_->sign_in("other@example.org", first, kCaller)), "code_wrong");
  ASSERT_TRUE(portal_->sign_in("  Anna@Example.ORG ", first.substr(0, 4) + " " + first.substr(4), kCaller));
  EXPECT_EQ(code_of(portal_->sign_in(kAnna, first, kCaller)), "code_wrong");
  const std::string old = code_for(kAnna);
  clock_.advance(std::chrono::minutes{15});
  EXPECT_EQ(code_of(portal_->sign_in(kAnna, old, kCaller)), "code_expired");
  const std::string before = code_for(kAnna);
  const std::string newest = code_for(kAnna);
  EXPECT_EQ(code_of(portal_->sign_in(kAnna, before, kCaller)), before == newest ? "" : "code_wrong");
  EXPECT_TRUE(portal_->sign_in(kAnna, newest, kCaller));
}

TEST_P(PortalTest, CodeEndsAfterFiveAttempts) {
  const std::string code = code_for(kAnna);
  const std::string other = code == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(portal_->sign_in(kAnna, other, kCaller)), "code_wrong");
  EXPECT_EQ(code_of(portal_->sign_in(kAnna, code, kCaller)), "code_used_up");
  EXPECT_TRUE(portal_->sign_in(kAnna, code_for(kAnna), kCaller));
}

TEST_P(PortalTest, WhoeverTriesTooMuchWaits) {
  std::string told;
  for (int i = 0; i < 70 && told != "codes_too_many"; ++i) {
    told = code_of(portal_->sign_in(fmt::format("{}@example.org", i), "12345678", kCaller));
  }
  EXPECT_EQ(told, "codes_too_many");
}

TEST_P(PortalTest, AddressThatIsNoneIsRefused) {
  for (const char* address : {"", "anna", "a@b\r\nBcc: c@d", "noreply@example.org", "ännä@example.org"}) {
    auto asked = portal_->ask(address, "en", kCaller);
    ASSERT_FALSE(asked) << address;
    EXPECT_EQ(asked.error().code, "fields_invalid") << address;
  }
}

TEST_P(PortalTest, SessionHoldsOnEveryNodeAndEnds) {
  const Session session = sign_in();
  const auto other = open();
  EXPECT_TRUE(other->authenticate(asks(session)));
  EXPECT_TRUE(other->authenticate(asks(session, "POST")));
  EXPECT_EQ(other->authenticate(asks(session, "POST", false)).error().code, "csrf_invalid");
  Session forged = session;
  forged.csrf_token = sign_in().csrf_token;
  EXPECT_EQ(other->authenticate(asks(forged, "DELETE")).error().code, "csrf_invalid");
  for (int i = 0; i < 5; ++i) {
    clock_.advance(std::chrono::minutes{10});
    EXPECT_TRUE(portal_->authenticate(asks(session))) << i;
  }
  clock_.advance(std::chrono::minutes{10});
  EXPECT_EQ(portal_->authenticate(asks(session)).error().code, "session_invalid") << "an hour is over";
  clock_.advance(std::chrono::hours{1});
  const Session idle = sign_in();
  clock_.advance(std::chrono::minutes{15});
  EXPECT_EQ(portal_->authenticate(asks(idle)).error().code, "session_invalid");
}

TEST_P(PortalTest, SignedOutIsOutEverywhere) {
  const Session session = sign_in();
  ASSERT_TRUE(portal_->sign_out(as(session).customer));
  EXPECT_EQ(open()->authenticate(asks(session)).error().code, "session_invalid");
  EXPECT_EQ(portal_->authenticate({}).error().code, "session_invalid");
}

TEST_P(PortalTest, NothingOfTheAddressIsKeptReadable) {
  const Session session = sign_in();
  std::string kept;
  ASSERT_TRUE(data(0).read([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.query("SELECT digest, sealed FROM portal_session", {},
                 [&](const db::Row& row) { kept += std::string(row.blob(0)) + std::string(row.blob(1)); }));
    return tx.query("SELECT address, code FROM portal_code", {},
                    [&](const db::Row& row) { kept += std::string(row.blob(0)) + std::string(row.blob(1)); });
  }));
  EXPECT_FALSE(kept.empty());
  EXPECT_EQ(kept.find("anna"), std::string::npos);
  EXPECT_EQ(kept.find(session.text), std::string::npos);
}

TEST_P(PortalTest, WhatIsOverIsRemoved) {
  sign_in();
  clock_.advance(std::chrono::hours{25});
  ASSERT_TRUE(portal_->purge());
  int rows = 0;
  ASSERT_TRUE(data(0).read([&](db::Transaction& tx) -> Result<void> {
    TRY(tx.query("SELECT 1 FROM portal_session", {}, [&](const db::Row&) { ++rows; }));
    return tx.query("SELECT 1 FROM portal_code", {}, [&](const db::Row&) { ++rows; });
  }));
  EXPECT_EQ(rows, 0);
}

TEST_P(PortalTest, YesAndNoCountForEverybodyWhoHasTheAddress) {
  publish();
  const IdentityId shop = person(0, "shop", kAnna);
  const IdentityId crm = person(0, "crm", kAnna);
  const IdentityId there = person(1, "anna", kAnna);
  const Session session = sign_in();
  auto first = portal_->of(as(session));
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_TRUE(first->known);
  ASSERT_EQ(first->topics.size(), 1u);
  EXPECT_EQ(first->topics[0].lines.size(), 1u) << "a mailbox does not speak for a telephone";
  EXPECT_EQ(state_of(*first), ConsentState::unknown);
  auto given = portal_->say(as(session, "recordOwnConsent"), yes());
  ASSERT_TRUE(given) << given.error().detail;
  EXPECT_EQ(state_of(*given), ConsentState::given);
  EXPECT_EQ(given->history.size(), 3u);
  for (const auto& [place, who] : {std::pair{std::size_t{0}, shop}, {std::size_t{0}, crm}, {std::size_t{1}, there}}) {
    EXPECT_EQ(parcels_[place].ledger->read(who, 0, 10)->size(), 2u);
    EXPECT_EQ((*parcels_[place].ledger->read(who, 0, 1))[0].entry.role, "customer");
  }
  const consent::Statement& said = given->history[0].statement;
  EXPECT_EQ(said.way, consent::Way::preference_centre);
  EXPECT_EQ(said.strength, gate::Strength::confirmed);
  EXPECT_EQ(said.notice.hash, notices_->published("newsletter").value()->hash);
  EXPECT_NE(said.proof.declaration.find("Ja, gern."), std::string::npos);
  clock_.advance(std::chrono::minutes{1});
  auto taken_back = portal_->say(as(session, "recordOwnConsent"), no());
  ASSERT_TRUE(taken_back) << taken_back.error().detail;
  EXPECT_EQ(state_of(*taken_back), ConsentState::refused);
}

TEST_P(PortalTest, AuditNamesNobody) {
  publish();
  person(0, "anna", kAnna);
  ASSERT_TRUE(portal_->say(as(sign_in(), "recordOwnConsent"), yes()));
  const auto page = staff_->audit("customer", "", 10);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].entry.target,
            fmt::format("customer:{}-1 DirectMarketing:email given", regions_->home().id()));
}

TEST_P(PortalTest, NobodyAgreesToATextThatIsNotTheNewest) {
  publish();
  person(0, "anna", kAnna);
  const Session session = sign_in();
  publish("Changed");
  EXPECT_EQ(portal_->say(as(session), yes(1)).error().code, "notice_changed");
  EXPECT_EQ(portal_->say(as(session), yes(3)).error().code, "notice_changed");
  Wish bare = yes();
  bare.notice.clear();
  EXPECT_EQ(portal_->say(as(session), bare).error().code, "fields_invalid");
  Wish elsewhere = yes(2);
  elsewhere.purpose = Purpose::SatisfactionSurvey;
  EXPECT_EQ(portal_->say(as(session), elsewhere).error().code, "fields_invalid");
  Wish phone = no();
  phone.channel = Channel::phone;
  EXPECT_EQ(portal_->say(as(session), phone).error().code, "fields_invalid");
  EXPECT_TRUE(portal_->of(as(session))->history.empty());
  EXPECT_TRUE(portal_->say(as(session), yes(2)));
}

TEST_P(PortalTest, StrangersSayNoAndNotYes) {
  publish();
  const Session session = sign_in("stranger@example.org");
  EXPECT_FALSE(portal_->of(as(session))->known);
  EXPECT_EQ(portal_->say(as(session), yes()).error().code, "nobody_known");
  auto refused = portal_->say(as(session), no());
  ASSERT_TRUE(refused) << refused.error().detail;
  EXPECT_EQ(state_of(*refused), ConsentState::refused);
  EXPECT_TRUE(refused->history.empty()) << "nothing but its digest is kept";
  const IdentityId later = person(0, "later", "stranger@example.org");
  const identity::Key address = key("stranger@example.org");
  bool left_alone = false;
  ASSERT_TRUE(data(0).read([&](db::Transaction& tx) -> Result<void> {
    left_alone = TRY(parcels_[0].consents->standing(
                         tx, {{&later, 1}, Purpose::DirectMarketing, Channel::email, &address, clock_.now()}))
                     .state == ConsentState::refused;
    return {};
  }));
  EXPECT_TRUE(left_alone);
}

TEST_P(PortalTest, SharedMailboxShowsWhatWasSaidForIt) {
  publish();
  const IdentityId anna = person(0, "anna", kAnna);
  person(0, "ben", kAnna);
  person(0, "claimed", kAnna, identity::Standing::claimed);
  consent::Statement elsewhere;
  elsewhere.identity = anna;
  elsewhere.act = Act::given;
  elsewhere.channel = Channel::email;
  elsewhere.address = key("private@example.org");
  elsewhere.occurred_at = elsewhere.received_at = clock_.now();
  consent::StatementId hidden;
  ASSERT_TRUE(data(0).write([&](db::Transaction& tx) -> Result<void> {
    hidden = TRY(parcels_[0].consents->record(tx, elsewhere));
    return {};
  }));
  const Session session = sign_in();
  auto seen = portal_->of(as(session));
  ASSERT_TRUE(seen) << seen.error().detail;
  EXPECT_TRUE(seen->history.empty());
  EXPECT_EQ(json::dump(to_json(*seen, "de")).find("private"), std::string::npos);
  auto receipt = portal_->receipt(as(session), preferences::format_statement(regions_->home().id(), hidden));
  EXPECT_EQ(receipt.error().code, "statement_unknown");
  auto given = portal_->say(as(session), yes());
  ASSERT_TRUE(given) << given.error().detail;
  EXPECT_EQ(given->history.size(), 2u) << "who merely claims the address agrees to nothing";
}

TEST_P(PortalTest, ReceiptIsOfThisAddressAlone) {
  publish();
  person(0, "anna", kAnna);
  auto given = portal_->say(as(sign_in()), yes());
  ASSERT_TRUE(given) << given.error().detail;
  const std::string id = preferences::format_statement(regions_->home().id(), given->history[0].statement.id);
  auto receipt = portal_->receipt(as(sign_in()), id);
  ASSERT_TRUE(receipt) << receipt.error().detail;
  http::Request page;
  page.headers = {{"Accept", "text/html"}, {"Accept-Language", "de-DE,de;q=0.9"}};
  const http::Response shown = preferences::receipt_response(page, *receipt);
  EXPECT_NE(shown.body.find("Ihre Einwilligung"), std::string::npos);
  EXPECT_NE(shown.body.find("Ja, gern."), std::string::npos);
  EXPECT_EQ(shown.body.find("<script"), std::string::npos);
  EXPECT_EQ(portal_->receipt(as(sign_in("ben@example.org")), id).error().code, "statement_unknown");
  for (const char* wrong : {"", "-c1", "xx-c1", "x", "-c"}) {
    EXPECT_EQ(portal_->receipt(as(sign_in("c@example.org")), wrong).error().code, "statement_unknown") << wrong;
    clock_.advance(std::chrono::hours{3});
  }
}

TEST_P(PortalTest, EverythingIsOffAtOnce) {
  publish();
  person(0, "anna", kAnna);
  const Session session = sign_in();
  ASSERT_TRUE(portal_->say(as(session), yes()));
  clock_.advance(std::chrono::minutes{1});
  auto ended = portal_->end_all(as(session, "endAdvertising"), "de");
  ASSERT_TRUE(ended) << ended.error().detail;
  EXPECT_FALSE(ended->advertising);
  EXPECT_EQ(state_of(*ended), ConsentState::refused);
  std::set<std::pair<Purpose, gate::Channel>> refused;
  for (const auto& each : ended->history) {
    if (consent::is_no(each.statement.act)) refused.emplace(each.statement.purpose, each.statement.channel);
  }
  for (Purpose purpose : {Purpose::DirectMarketing, Purpose::PersonalisedBenefits, Purpose::SatisfactionSurvey,
                          Purpose::ProvidePersonalisedRecommendations, Purpose::SellDataToThirdParties}) {
    EXPECT_TRUE(refused.contains({purpose, gate::Channel::none})) << gate::info(purpose).name;
  }
  EXPECT_TRUE(refused.contains({Purpose::CustomerRelationshipManagement, gate::Channel::email}));
  clock_.advance(std::chrono::minutes{1});
  auto anew = portal_->say(as(session), yes());
  ASSERT_TRUE(anew);
  EXPECT_EQ(state_of(*anew), ConsentState::given) << "as easy as the way back";
  EXPECT_TRUE(anew->advertising);
}

TEST_P(PortalTest, ErasedIsLikeUnknown) {
  publish();
  const IdentityId anna = person(0, "anna", kAnna);
  const Session session = sign_in();
  ASSERT_TRUE(portal_->say(as(session), yes()));
  ASSERT_TRUE(parcels_[0].vault->destroy(anna, vault::RetentionClass::ordinary));
  auto consents = consent::create_subject_data(clock_);
  auto identities = identity::create_subject_data();
  ASSERT_TRUE(data(0).write([&](db::Transaction& tx) -> Result<void> {
    TRY(consents->hide(tx, anna, subjects::Removal::erased));
    TRY(identities->hide(tx, anna, subjects::Removal::erased));
    return {};
  }));
  auto seen = portal_->of(as(session));
  ASSERT_TRUE(seen) << seen.error().detail;
  EXPECT_FALSE(seen->known);
  EXPECT_TRUE(seen->history.empty());
  EXPECT_EQ(state_of(*seen), ConsentState::unknown);
}

}  // namespace
}  // namespace handschlag::portal
