#include "features/rulebook/rulebook.h"

#include <gtest/gtest.h>

#include "features/law/document.h"
#include "features/rulebook/json.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::rulebook {
namespace {

const staff::Actor kAda{"staff:1", "trace"};

law::Rule own_rule(std::string id, std::string jurisdiction = "*") {
  law::Rule rule;
  rule.id = std::move(id);
  rule.jurisdiction = std::move(jurisdiction);
  rule.topic = law::Topic::advertising;
  rule.channels = {law::Channel::email};
  rule.from = *law::parse_day("2020-01-01");
  rule.requirement = law::Requirement::forbidden;
  rule.status = law::Status::secondary;
  rule.source = "the board, 2026-11-22";
  rule.german = "Wir schreiben niemandem.";
  rule.english = "We write to nobody.";
  return rule;
}

// Some rule that is unverified in its file, and that holds back something while it is.
std::string unverified_rule() {
  for (const law::Rule& rule : law::built_in()->rules()) {
    if (rule.status != law::Status::unverified || rule.topic != law::Topic::age_of_consent) continue;
    return rule.id;
  }
  return {};
}

class RulebookTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    std::vector<db::Migration> schema;
    for (auto part : {staff::migrations(), migrations()}) {
      schema.insert(schema.end(), part.begin(), part.end());
    }
    ASSERT_TRUE(database().migrate(schema));
    staff_ = staff::Staff::create(database(), clock_);
    book_ = open();
  }

  std::unique_ptr<Rulebook> open() {
    auto book = Rulebook::open(database(), *staff_, clock_);
    EXPECT_TRUE(book) << book.error().detail;
    return std::move(*book);
  }

  law::Requirement mail(std::string_view country) {
    return book_->current()
        ->norm(country, law::Topic::advertising, law::Channel::email, law::day_of(clock_.now()))
        .requirement;
  }

  Result<void> confirm(const std::string& rule, std::string day = "2026-11-20") {
    return book_->confirm(kAda, {rule, "Dr. Recht", std::move(day), "her letter", {}, {}, true});
  }

  ManualClock clock_{*parse_time("2026-11-22T10:00:00Z")};
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Rulebook> book_;
};

INSTANTIATE_TEST_SUITE_P(Backends, RulebookTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(RulebookTest, BeginsWithTheLawAsItIsShipped) {
  EXPECT_EQ(book_->current()->hash(), law::built_in()->hash());
  auto kept = book_->kept();
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ((*kept)[0].number, law::built_in()->number());
}

TEST_P(RulebookTest, KeepsEverySetThatWasInForceAndMakesItAgain) {
  const auto before = book_->current()->number();
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail")));
  const auto after = book_->current()->number();
  EXPECT_NE(before, after);
  EXPECT_EQ(mail("DE"), law::Requirement::forbidden);
  auto old_set = book_->find(before);
  ASSERT_TRUE(old_set) << old_set.error().detail;
  EXPECT_EQ((*old_set)->hash(), law::built_in()->hash());
  EXPECT_EQ((*old_set)->norm("DE", law::Topic::advertising, law::Channel::email, law::day_of(clock_.now())).requirement,
            law::Requirement::opt_in);
  ASSERT_TRUE(book_->end(kAda, "own.no_mail"));
  EXPECT_EQ(book_->current()->number(), before);
  auto new_set = book_->find(after);
  ASSERT_TRUE(new_set);
  EXPECT_EQ((*new_set)->number(), after);
  EXPECT_NE((*new_set)->find("own.no_mail"), nullptr);
  EXPECT_EQ(book_->find(12345).error().code, "rule_set_unknown");
}

TEST_P(RulebookTest, IsTheSameAfterARestartAndOnAnotherNode) {
  auto other = open();
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail", "DE")));
  EXPECT_EQ(open()->current()->hash(), book_->current()->hash());
  clock_.advance(std::chrono::seconds{1});
  EXPECT_EQ(other->current()->hash(), book_->current()->hash());
  clock_.set(*parse_time("2026-01-01T00:00:00Z"));  // a clock that was set back keeps nobody from looking
  ASSERT_TRUE(book_->end(kAda, "own.no_mail"));
  EXPECT_EQ(other->current()->hash(), book_->current()->hash());
}

TEST_P(RulebookTest, ConfirmationMakesARuleFirmAndCanBeTakenBack) {
  const std::string rule = unverified_rule();
  ASSERT_NE(rule, "");
  ASSERT_TRUE(confirm(rule));
  EXPECT_EQ(book_->current()->find(rule)->status, law::Status::confirmed);
  auto known = book_->confirmations();
  ASSERT_TRUE(known);
  ASSERT_EQ(known->size(), 1U);
  EXPECT_EQ((*known)[0].counsel, "Dr. Recht");
  EXPECT_EQ((*known)[0].recorded_by, "staff:1");
  EXPECT_TRUE((*known)[0].holds);
  ASSERT_TRUE(book_->withdraw(kAda, rule));
  EXPECT_EQ(book_->current()->find(rule)->status, law::Status::unverified);
  EXPECT_EQ(book_->withdraw(kAda, rule).error().code, "confirmation_unknown");
  auto audit = staff_->audit("staff:1", "", 10);
  ASSERT_TRUE(audit);
  ASSERT_EQ(audit->records.size(), 2U);
  EXPECT_EQ(audit->records[0].entry.operation, "withdrawConfirmation");
  EXPECT_EQ(audit->records[1].entry.target, "rule:" + rule);
}

TEST_P(RulebookTest, ConfirmationOfWhatTheRuleNoLongerSaysDoesNotHold) {
  const std::string rule = unverified_rule();
  ASSERT_TRUE(confirm(rule));
  // As if the program said something else when counsel looked.
  ASSERT_TRUE(database().write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE rulebook_confirmation SET fingerprint = 'another'", {}));
    return {};
  }));
  book_ = open();
  EXPECT_EQ(book_->current()->find(rule)->status, law::Status::unverified);
  EXPECT_FALSE((*book_->confirmations())[0].holds);
  ASSERT_TRUE(confirm(rule));
  EXPECT_TRUE((*book_->confirmations())[0].holds);
}

TEST_P(RulebookTest, SaysWhatIsWrong) {
  EXPECT_EQ(confirm("de.made_up").error().code, "rule_unknown");
  EXPECT_EQ(confirm("de.advertising.mail").error().code, "rule_not_unverified");
  EXPECT_EQ(confirm(unverified_rule(), "2026-11-23").error().fields[0].pointer, "/day");
  EXPECT_EQ(confirm(unverified_rule(), "yesterday").error().fields[0].pointer, "/day");
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail")));
  EXPECT_EQ(book_->add(kAda, own_rule("own.no_mail")).error().code, "own_rule_exists");
  EXPECT_EQ(book_->add(kAda, own_rule("own.elsewhere", "XX")).error().code, "law_faulty");
  EXPECT_EQ(book_->add(kAda, own_rule("de.not_mine")).error().code, "law_faulty");
  EXPECT_EQ(book_->own_rules()->size(), 1U) << "what was refused left something behind";
  EXPECT_EQ(book_->end(kAda, "own.unknown").error().code, "rule_unknown");
  ASSERT_TRUE(book_->end(kAda, "own.no_mail"));
  EXPECT_EQ(book_->end(kAda, "own.no_mail").error().code, "rule_unknown");
  EXPECT_EQ(book_->add(kAda, own_rule("own.no_mail")).error().code, "own_rule_exists") << "an id is used once";
}

TEST_P(RulebookTest, PreviewSaysWhatWouldChangeAndChangesNothing) {
  const law::Day today = law::day_of(clock_.now());
  const auto before = book_->current()->hash();
  auto changes = book_->preview({.rule = own_rule("own.no_mail", "DE"), .day = today});
  ASSERT_TRUE(changes) << changes.error().detail;
  ASSERT_EQ(changes->size(), 1U);
  EXPECT_EQ((*changes)[0].country, "DE");
  EXPECT_EQ((*changes)[0].before.requirement, law::Requirement::opt_in);
  EXPECT_EQ((*changes)[0].after.requirement, law::Requirement::forbidden);
  EXPECT_EQ(book_->preview({.rule = own_rule("own.no_mail", "DE"), .day = *law::parse_day("2019-12-31")})->size(), 0U);
  EXPECT_EQ(book_->preview({.confirm = "de.advertising.mail", .day = today}).error().code, "rule_not_unverified");
  EXPECT_TRUE(book_->preview({.confirm = unverified_rule(), .day = today}));
  EXPECT_EQ(book_->preview({.day = today})->size(), 0U) << "nothing is thought of";
  const auto would_be = book_->would_be({.rule = own_rule("own.no_mail", "DE"), .day = today});
  ASSERT_TRUE(would_be);
  EXPECT_NE((*would_be)->number(), book_->current()->number());
  EXPECT_EQ((*book_->would_be({}))->hash(), before);
  EXPECT_EQ(book_->current()->hash(), before);
  EXPECT_EQ(open()->current()->hash(), before);
}

TEST_P(RulebookTest, OwnRuleThatCannotBeReadStopsTheStart) {
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail")));
  ASSERT_TRUE(database().write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE rulebook_own_rule SET body = '{}'", {}));
    return {};
  }));
  EXPECT_EQ(Rulebook::open(database(), *staff_, clock_).error().code, "own_rule_damaged");
}

// What other systems ask.

Result<void> read(std::string_view text, AskedQuestion& out) {
  auto body = json::parse(text);
  json::Reader reader(*body);
  read_question(reader, *parse_time("2026-11-22T10:00:00Z"), out);
  return reader.finish();
}

TEST(Questions, AreReadWholly) {
  AskedQuestion asked;
  ASSERT_TRUE(read(R"({"use": "contact", "purpose": "DirectMarketing", "channel": "email", "basis": "A6-1-f",
    "consent": {"state": "given", "strength": "confirmed", "explicit": true, "given_at": "2026-11-01T00:00:00Z"},
    "person": {"country": "US-CA", "age": 40, "time_zone": "America/Los_Angeles"}, "register": "clear",
    "sale": {"address_from_sale": true, "at": "2026-10-01T00:00:00Z"}, "stored_for": ["DirectMarketing"]})",
                   asked));
  const gate::Question& q = asked.question;
  EXPECT_EQ(q.use, gate::Use::contact);
  EXPECT_EQ(q.channel, law::Channel::email);
  EXPECT_EQ(q.basis, gate::Basis::legitimate_interest);
  EXPECT_EQ(q.strength, gate::Strength::confirmed);
  EXPECT_EQ(q.country, "US-CA");
  EXPECT_EQ(q.local_minute, 2 * 60);
  EXPECT_EQ(q.age, 40);
  EXPECT_TRUE(q.sale.address_from_sale);
  EXPECT_FALSE(q.sale.told_when_collected);
  EXPECT_EQ(q.objections, gate::Register::clear);
}

TEST(Questions, AreRefusedWhereAnythingIsMalformed) {
  for (const auto& [text, pointer] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"purpose": "DirectMarketing"})", "/use"},
           {R"({"use": "contact"})", "/purpose"},
           {R"({"use": "spy", "purpose": "DirectMarketing"})", "/use"},
           {R"({"use": "contact", "purpose": "Marketing"})", "/purpose"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "channel": "pigeon"})", "/channel"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "chanel": "email"})", "/chanel"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "consent": {"state": "yes"}})", "/consent/state"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "consent": {}})", "/consent/state"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "consent": {"state": "given",
              "given_at": "2027-01-01T00:00:00Z"}})",
            "/consent/given_at"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "person": {"age": -1}})", "/person/age"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "person": {"time_zone": "Berlin"}})",
            "/person/time_zone"},
           {R"({"use": "contact", "purpose": "DirectMarketing", "register": true})", "/register"},
           {R"({"use": "view", "purpose": "CustomerCare", "stored_for": ["Everything"]})", "/stored_for"},
           {R"({"use": "view", "purpose": "CustomerCare", "basis": "A6-1-z"})", "/basis"}}) {
    AskedQuestion asked;
    auto result = read(text, asked);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().fields[0].pointer, pointer) << text;
  }
}

TEST_P(RulebookTest, ARulingNamesTheCompanysOwnRuleAsSuch) {
  gate::Question question;
  question.use = gate::Use::contact;
  question.purpose = gate::Purpose::DirectMarketing;
  question.channel = law::Channel::email;
  question.consent = gate::ConsentState::given;
  question.strength = gate::Strength::confirmed;
  question.consented_at = question.at = clock_.now();
  question.country = "DE";
  question.tells_objection = true;
  question.local_minute = 12 * 60;
  const auto asked = [&] {
    const auto law = book_->current();
    return ruling_json(gate::rule(question, *law), question.purpose, *law);
  };
  const json::Value before = asked();
  EXPECT_EQ(before["decision"], "allow");
  for (const json::Value& rule : before["law"]) EXPECT_FALSE(rule["own"].get<bool>()) << json::dump(rule);
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail")));
  const json::Value ruling = asked();
  EXPECT_EQ(ruling["decision"], "deny");
  const json::Value& own = ruling["law"][0];
  EXPECT_EQ(own["id"], "own.no_mail");
  EXPECT_TRUE(own["own"].get<bool>());
  EXPECT_EQ(own["place"], (json::Value{{"de", "Überall"}, {"en", "Everywhere"}}));
  const auto says = [&](const char* language, std::string_view words) {
    return ruling["reason"][language].get<std::string>().find(words) != std::string::npos &&
           ruling["rules"][0]["text"][language].get<std::string>().find(words) != std::string::npos;
  };
  EXPECT_TRUE(says("de", "eine eigene Regel des Unternehmens")) << json::dump(ruling);
  EXPECT_TRUE(says("en", "a rule of the company's own")) << json::dump(ruling);
  ASSERT_TRUE(book_->end(kAda, "own.no_mail"));
  ASSERT_TRUE(book_->add(kAda, own_rule("own.no_mail_here", "DE")));
  EXPECT_EQ(asked()["law"][0]["place"]["de"], "Deutschland");
}

}  // namespace
}  // namespace handschlag::rulebook
