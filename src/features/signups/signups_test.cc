// Sign-ups on real databases, with a mail server that keeps what it gets.
#include "features/signups/signups.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

#include "features/ledger/ledger.h"
#include "features/regions/testing/two_regions.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "platform/db/testing/testing.h"
#include "platform/metrics/metrics.h"

namespace handschlag::signups {
namespace {

using consent::Act;
using gate::Purpose;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const staff::Actor kAda{"staff:1", "trace"};
constexpr std::string_view kAnna = "anna@example.org";

class FakeServer final : public mail::Mailer {
 public:
  mail::Answer send(std::string_view, std::string_view to, std::string_view bytes) override {
    mailed.push_back({std::string(to), std::string(bytes)});
    return {mail::Outcome::accepted, 250, "2.0.0", "accepted"};
  }
  void interrupt() override {}
  struct Mailed {
    std::string to;
    std::string bytes;
  };
  std::vector<Mailed> mailed;
};

std::string unquoted(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes.substr(i, 3) == "=\r\n") {
      i += 2;
    } else if (bytes.substr(i, 3) == "=3D") {
      out += '=';
      i += 2;
    } else {
      out += bytes[i];
    }
  }
  return out;
}

std::string between(const std::string& text, std::string_view before, std::size_t count) {
  const auto at = text.find(before);
  return at == text.npos ? std::string() : text.substr(at + before.size(), count);
}

class SignupsTest : public db::testing::DatabaseTest {
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
    ASSERT_TRUE(database().migrate(
        regions::testing::all_of({staff::migrations(), notices::migrations(), sources::migrations()})));
    staff_ = staff::Staff::create(database(), clock_);
    notices_ = *notices::Notices::open(database(), *staff_, clock_);
    sources_ = *sources::Sources::open(database(), clock_);
    open_regions();
    shop_ = add_source("shop");
    publish("once a month");
    open();
  }

  void open_regions() {
    regions_.open(GetParam(), test_database(),
                  {regions::testing::all_of({subjects::migrations(), identity::migrations(), consent::migrations(),
                                             outreach::migrations(), migrations()}),
                   regions::testing::all_of({vault::migrations()}), regions::testing::all_of({ledger::migrations()})});
    ids_ = regions_.ids();
    for (const std::string& id : ids_) {
      regions::Region& region = *regions_->find(id);
      Region& parts = parts_[id];
      parts.vault = *vault::Vault::open(region.vault(), id, region.key());
      parts.identities = std::make_unique<identity::Identities>(*parts.vault, identity::Limits{});
      parts.consents = std::make_unique<consent::Consents>(*parts.vault, *parts.identities);
      parts.ledger = ledger::Ledger::create(region, *parts.vault);
    }
  }

  void TearDown() override {
    signups_.reset();
    outreach_.reset();
    if (!regions_) return;
    parts_.clear();
    regions_.close();
  }

  void open(std::string base_url = "https://shop.example") {
    std::vector<outreach::Place> senders;
    std::vector<Place> places;
    for (const std::string& id : ids_) {
      Region& parts = parts_[id];
      regions::Region* region = regions_->find(id);
      senders.push_back({region, parts.vault.get(), parts.identities.get(), parts.ledger.get()});
      places.push_back({region, parts.vault.get(), parts.identities.get(), parts.consents.get()});
    }
    outreach_ = outreach::Outreach::create(std::move(senders), law::shipped_law(), templates::built_in_shelf(),
                                           &server_, {.sender = {"Shop", "shop@example.com"}}, clock_, metrics_);
    auto where = [](std::string_view region, IdentityId identity) -> Result<customers::Customers::Whereabouts> {
      return customers::Customers::Whereabouts{std::string(region), identity};
    };
    signups_ = Signups::create({std::move(places), regions_.get(), where, &law::shipped_law(), notices_.get(),
                                sources_.get(), outreach_.get(), &clock_},
                               {.base_url = std::move(base_url)});
  }

  sources::SourcePointer add_source(std::string id, sources::Mode mode = sources::Mode::live) {
    auto added = sources_->add({.id = std::move(id),
                                .touchpoint = "shop",
                                .country = "DE",
                                .trust = sources::Trust::public_,
                                .mode = mode,
                                .purposes = {{Purpose::DirectMarketing, gate::Basis::consent}}});
    EXPECT_TRUE(added) << added.error().detail;
    return added->source;
  }

  void publish(std::string what) {
    notices::NoticeVersion draft;
    draft.id = "newsletter";
    draft.purposes = {Purpose::DirectMarketing};
    draft.channels = {law::Channel::email};
    draft.validity = {2, law::Term::Unit::years};
    for (const char* language : {"de", "en"}) {
      draft.texts.push_back({language, "Letter", what, "Yes, send me offers.", "By the link in each mail."});
    }
    const auto drafted = notices_->draft(kAda, draft);
    ASSERT_TRUE(drafted) << drafted.error().detail;
    notice_ = *notices_->publish(kAda, "newsletter", (*drafted)->version, (*drafted)->hash);
  }

  static Wish wish(std::string address = std::string(kAnna)) {
    Wish out;
    out.address = std::move(address);
    out.notice = "newsletter";
    out.page = "https://shop.example/letter";
    return out;
  }

  // Signs up, and lets the mail go out.
  void sign_up(const Wish& one = wish()) {
    const auto taken = signups_->take(shop_, one);
    ASSERT_TRUE(taken) << taken.error().detail;
    ASSERT_TRUE(signups_->write(*taken));
    send();
  }
  void send() {
    for (const std::string& id : ids_) ASSERT_TRUE(outreach_->send_due(id));
  }

  std::string token_of(std::size_t mail) const {
    return between(unquoted(server_.mailed.at(mail).bytes), "https://shop.example/confirm/", 43);
  }
  std::string code_of(std::size_t mail) const {
    return between(unquoted(server_.mailed.at(mail).bytes), "enter this code where you agreed: ", 9);
  }

  Outcome press(const std::string& token) {
    const auto outcome = signups_->confirm_link(token);
    EXPECT_TRUE(outcome) << outcome.error().code;
    return outcome.value_or(Outcome::unknown);
  }
  Outcome type(const std::string& code, std::string_view address = kAnna) {
    const auto outcome = signups_->confirm_code(shop_, address, code);
    EXPECT_TRUE(outcome) << outcome.error().code;
    return outcome.value_or(Outcome::unknown);
  }

  template <class Body>
  void write(Body body, std::size_t region = 0) {
    auto done = regions_->find(ids_[region])->writer().run([&](db::Transaction& tx) -> Result<void> {
      return body(tx, parts_[ids_[region]]);
    });
    ASSERT_TRUE(done) << done.error().code << " " << done.error().detail;
  }

  static identity::Key key(std::string_view address = kAnna) {
    return {identity::KeyKind::email, "@self", std::string(address)};
  }

  // Everything that was said by whoever holds the address, newest first.
  std::vector<consent::Statement> history(std::size_t region = 0, std::string_view address = kAnna) {
    std::vector<consent::Statement> out;
    write(
        [&](db::Transaction& tx, Region& parts) -> Result<void> {
          const identity::Key wanted = key(address);
          std::vector<IdentityId> holders;
          for (const auto& found : TRY(parts.identities->find(tx, {&wanted, 1}, gate::PurposeSet::all()))) {
            holders.push_back(found.id);
          }
          out = TRY(parts.consents->history(tx, holders));
          return {};
        },
        region);
    return out;
  }
  std::vector<Act> acts(std::size_t region = 0) {
    std::vector<Act> out;
    for (const consent::Statement& said : history(region)) out.push_back(said.act);
    return out;
  }

  std::string kept() {
    std::string out;
    write([&](db::Transaction& tx, Region&) {
      return tx.query("SELECT address, token, code, sealed FROM signups_request", {}, [&](const db::Row& row) {
        for (int i = 0; i < 4; ++i) out += std::string(row.blob(i)) + "|";
      });
    });
    return out;
  }

  ManualClock clock_{*parse_time("2026-11-23T10:00:00Z")};
  std::vector<std::string> ids_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<notices::Notices> notices_;
  std::unique_ptr<sources::Sources> sources_;
  regions::testing::TwoRegions regions_;
  std::map<std::string, Region> parts_;
  metrics::Registry metrics_;
  FakeServer server_;
  sources::SourcePointer shop_;
  notices::NoticePointer notice_;
  std::unique_ptr<outreach::Outreach> outreach_;
  std::unique_ptr<Signups> signups_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SignupsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SignupsTest, TheLinkOfTheMailConfirmsOnce) {
  sign_up();
  ASSERT_EQ(server_.mailed.size(), 1U);
  EXPECT_EQ(server_.mailed[0].to, kAnna);
  EXPECT_THAT(unquoted(server_.mailed[0].bytes), HasSubstr("Yes, send me offers."));
  const std::string token = token_of(0);
  for (int i = 0; i < 50; ++i) {
    const auto offer = signups_->look(token);
    ASSERT_TRUE(offer && *offer);
    EXPECT_EQ((*offer)->declaration, "Yes, send me offers.");
    EXPECT_FALSE((*offer)->confirmed);
  }
  EXPECT_THAT(history(), IsEmpty()) << "opening a link grants nothing, and nobody is known yet";
  clock_.advance(std::chrono::hours{1});
  EXPECT_EQ(press(token), Outcome::confirmed);
  EXPECT_EQ(press(token), Outcome::confirmed);
  EXPECT_TRUE((*signups_->look(token))->confirmed);
  const auto said = history();
  ASSERT_EQ(said.size(), 2U);
  const consent::Statement& given = said[0];
  EXPECT_EQ(given.act, Act::given);
  EXPECT_EQ(given.strength, gate::Strength::confirmed);
  EXPECT_EQ(given.way, consent::Way::mail_link);
  EXPECT_EQ(given.follows, said[1].id);
  EXPECT_EQ(given.notice.hash, notice_->hash);
  EXPECT_EQ(given.address, key());
  EXPECT_THAT(given.proof.declaration, HasSubstr("once a month"));
  EXPECT_THAT(given.proof.evidence, HasSubstr("https://shop.example/letter"));
  EXPECT_TRUE(given.expires_at);
  EXPECT_EQ(said[1].act, Act::requested);
  EXPECT_EQ(said[1].occurred_at, given.occurred_at - std::chrono::hours{1});
}

TEST_P(SignupsTest, TheTypedCodeConfirmsAndFiveWrongOnesEndIt) {
  sign_up();
  const std::string code = code_of(0);
  ASSERT_EQ(code.size(), 9U) << server_.mailed[0].bytes;
  EXPECT_EQ(type(code, "berta@example.org"), Outcome::unknown) << "swapped";
  EXPECT_EQ(*signups_->confirm_code(add_source("till"), kAnna, code), Outcome::unknown) << "of another website";
  EXPECT_EQ(type("0000 0000"), Outcome::unknown);
  EXPECT_EQ(type(code), Outcome::confirmed);
  EXPECT_EQ(type(code), Outcome::confirmed);
  EXPECT_THAT(acts(), ElementsAre(Act::given, Act::requested));
  EXPECT_THAT(history()[0].proof.evidence, HasSubstr("code"));
  clock_.advance(std::chrono::hours{1});
  sign_up(wish("berta@example.org"));
  const std::string hers = code_of(1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(type("1234567", "berta@example.org"), Outcome::unknown);
  EXPECT_EQ(type(hers, "berta@example.org"), Outcome::unknown) << "too many were wrong";
  EXPECT_EQ(press(token_of(1)), Outcome::confirmed) << "the link proves what guessing can't";
}

TEST_P(SignupsTest, WhatIsLateMadeUpOrSwappedConfirmsNothing) {
  sign_up();
  const std::string token = token_of(0);
  for (const std::string& bad :
       {std::string(), std::string("x"), token.substr(1), token + "A", std::string(5'000, 'A'), std::string(43, 'A')}) {
    EXPECT_EQ(press(bad), Outcome::unknown);
    EXPECT_FALSE(*signups_->look(bad));
  }
  clock_.advance(std::chrono::hours{7 * 24});
  EXPECT_FALSE(*signups_->look(token));
  EXPECT_EQ(press(token), Outcome::unknown);
  EXPECT_EQ(type(code_of(0)), Outcome::unknown);
  EXPECT_THAT(history(), IsEmpty());
  ASSERT_TRUE(signups_->look_after([] { return false; }));
  EXPECT_EQ(kept(), "");
}

TEST_P(SignupsTest, ANoSaidSinceHoldsAndOneSaidBeforeDoesNot) {
  sign_up();
  EXPECT_EQ(press(token_of(0)), Outcome::confirmed);
  clock_.advance(std::chrono::hours{1});
  sign_up();
  clock_.advance(std::chrono::hours{1});
  consent::Statement no;
  no.identity = history()[0].identity;
  no.act = Act::withdrawn;
  no.channel = gate::Channel::email;
  no.address = key();
  no.occurred_at = no.received_at = clock_.now();
  write([&](db::Transaction& tx, Region& parts) -> Result<void> {
    TRY(parts.consents->record(tx, no));
    return {};
  });
  clock_.advance(std::chrono::hours{1});
  EXPECT_EQ(press(token_of(1)), Outcome::said_no);
  EXPECT_EQ(press(token_of(1)), Outcome::said_no);
  EXPECT_THAT(acts(), ElementsAre(Act::withdrawn, Act::given, Act::requested));
  sign_up();
  EXPECT_EQ(press(token_of(2)), Outcome::confirmed);
  EXPECT_EQ(acts().front(), Act::given);
}

TEST_P(SignupsTest, TheGrantIsForTheVersionThatWasShownAndNotForOneThatIsRetired) {
  sign_up();
  const notices::NoticePointer shown = notice_;
  publish("every day");
  clock_.advance(std::chrono::hours{1});
  sign_up(wish("berta@example.org"));
  EXPECT_EQ(press(token_of(0)), Outcome::confirmed);
  EXPECT_EQ(history()[0].notice.hash, shown->hash);
  EXPECT_THAT(history()[0].proof.declaration, Not(HasSubstr("every day")));
  ASSERT_TRUE(notices_->retire(kAda, "newsletter", notice_->version));
  EXPECT_EQ(press(token_of(1)), Outcome::notice_gone);
  EXPECT_THAT(history(0, "berta@example.org"), IsEmpty());
}

TEST_P(SignupsTest, NobodyIsBombed) {
  for (int i = 0; i < 30; ++i) sign_up();
  EXPECT_EQ(server_.mailed.size(), 1U) << "once in ten minutes";
  for (int i = 0; i < 60; ++i) {
    clock_.advance(std::chrono::minutes{15});
    sign_up();
  }
  EXPECT_EQ(server_.mailed.size(), 3U) << "three times a day";
  sign_up(wish("berta@example.org"));
  EXPECT_EQ(server_.mailed.size(), 4U) << "others are others";
  clock_.advance(std::chrono::hours{24});
  sign_up();
  EXPECT_EQ(server_.mailed.size(), 5U);
}

TEST_P(SignupsTest, NothingOfItIsReadable) {
  sign_up();
  const std::string all = kept();
  EXPECT_FALSE(all.empty());
  for (const std::string& secret : {std::string(kAnna), token_of(0), code_of(0), std::string("shop.example")}) {
    EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
}

TEST_P(SignupsTest, WhoWasTakenDownBeforeACrashIsWrittenToLater) {
  const auto taken = signups_->take(shop_, wish());
  ASSERT_TRUE(taken);
  ASSERT_TRUE(signups_->look_after([] { return false; }));
  send();
  EXPECT_THAT(server_.mailed, IsEmpty()) << "somebody may be just about to";
  clock_.advance(std::chrono::minutes{1});
  open();
  ASSERT_TRUE(signups_->look_after([] { return false; }));
  ASSERT_TRUE(signups_->write(*taken));
  send();
  EXPECT_EQ(server_.mailed.size(), 1U);
  EXPECT_EQ(press(token_of(0)), Outcome::confirmed);
}

TEST_P(SignupsTest, WhoIsKnownIsTheSamePersonAndWhoWasErasedIsSomebodyNew) {
  sign_up();
  EXPECT_EQ(press(token_of(0)), Outcome::confirmed);
  const IdentityId first = history()[0].identity;
  clock_.advance(std::chrono::hours{1});
  sign_up();
  EXPECT_EQ(press(token_of(1)), Outcome::confirmed);
  EXPECT_EQ(history()[0].identity, first);
  ASSERT_TRUE(parts_[ids_[0]].vault->destroy(first, vault::RetentionClass::ordinary));
  write([&](db::Transaction& tx, Region&) -> Result<void> {
    TRY(consent::create_subject_data(clock_)->hide(tx, first, subjects::Removal::erased));
    TRY(identity::create_subject_data()->hide(tx, first, subjects::Removal::erased));
    while (TRY(identity::create_subject_data()->erase(tx, first, clock_.now(), 100, subjects::Removal::erased)) > 0) {
    }
    return {};
  });
  clock_.advance(std::chrono::hours{1});
  sign_up();
  EXPECT_EQ(press(token_of(2)), Outcome::confirmed);
  EXPECT_THAT(acts(), ElementsAre(Act::given, Act::requested));
  const IdentityId second = history()[0].identity;
  EXPECT_NE(second, first);
  clock_.advance(std::chrono::hours{24});
  sign_up();
  EXPECT_EQ(press(token_of(3)), Outcome::confirmed);
  EXPECT_EQ(history()[0].identity, second);
}

TEST_P(SignupsTest, TheCountryDecidesOnTheRegionUnlessTheAddressIsKnownElsewhere) {
  Wish abroad = wish("berta@example.org");
  abroad.country = "US";
  sign_up(abroad);
  EXPECT_EQ(press(token_of(0)), Outcome::confirmed);
  EXPECT_EQ(history(1, "berta@example.org").size(), 2U);
  sign_up();
  EXPECT_EQ(press(token_of(1)), Outcome::confirmed);
  clock_.advance(std::chrono::hours{1});
  abroad = wish();
  abroad.country = "US";
  sign_up(abroad);
  EXPECT_EQ(press(token_of(2)), Outcome::confirmed);
  EXPECT_EQ(press(token_of(2)), Outcome::confirmed);
  EXPECT_THAT(history(1), IsEmpty());
  EXPECT_EQ(history().size(), 4U);
}

TEST_P(SignupsTest, WhatCannotBeTakenDownIsSaid) {
  auto error = [&](const Wish& one) {
    const auto taken = signups_->take(shop_, one);
    return taken ? std::string("taken") : taken.error().code;
  };
  EXPECT_EQ(error(wish("no address")), "fields_invalid");
  EXPECT_EQ(error(wish("noreply@example.org")), "fields_invalid");
  Wish one = wish();
  one.purpose = Purpose::SatisfactionSurvey;
  EXPECT_EQ(error(one), "fields_invalid") << "none of the source's";
  one = wish();
  one.hash = std::string(64, 'a');
  EXPECT_EQ(error(one), "fields_invalid") << "something else was shown";
  one = wish();
  one.notice = "nothing";
  EXPECT_EQ(error(one), "notice_unknown");
  ASSERT_TRUE(notices_->retire(kAda, "newsletter", notice_->version));
  one = wish();
  one.version = notice_->version;
  EXPECT_EQ(error(one), "notice_retired");
  const auto made_up = signups_->take(add_source("lab", sources::Mode::test), wish());
  EXPECT_FALSE(made_up) << "also a test is told what is wrong";
  open("http://shop.example");
  EXPECT_EQ(error(wish()), "links_not_configured");
  EXPECT_THAT(server_.mailed, IsEmpty());
}

}  // namespace
}  // namespace handschlag::signups
