#include "features/notices/notices.h"

#include <gmock/gmock.h>

#include "features/notices/codec.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::notices {
namespace {

using gate::Purpose;
using law::Channel;
using ::testing::ElementsAre;

const staff::Actor kAda{"staff:1", "trace"};

Entry entry(Purpose purpose = Purpose::DirectMarketing) {
  Entry out;
  out.purpose = purpose;
  out.categories = {"address", "orders"};
  out.recipients = {{"Brieftaube GmbH", "DE", Recipient::Role::processor, ""}};
  out.retention = {2, law::Term::Unit::years};
  out.since = Since::last_use;
  out.benefit = {"Gutscheine", "vouchers"};
  out.description = {"Wir schreiben Ihnen.", "We write to you."};
  return out;
}

Text text(std::string language, std::string title = "Newsletter") {
  return {std::move(language), std::move(title), "What we send.", "Yes, send me offers.", "By the link in each mail."};
}

NoticeVersion newsletter() {
  NoticeVersion out;
  out.id = "newsletter";
  out.purposes = {Purpose::DirectMarketing};
  out.channels = {Channel::email};
  out.validity = {2, law::Term::Unit::years};
  out.texts = {text("de"), text("en")};
  return out;
}

Assessment assessment(std::string_view decided, std::string_view expires) {
  Assessment out;
  out.purpose = Purpose::CustomerCare;
  out.interest = "We want to answer.";
  out.necessity = "Without the address there is no answer.";
  out.balancing = "They asked.";
  out.assessed_by = "Ada";
  out.decided = *law::parse_day(decided);
  out.expires = *law::parse_day(expires);
  return out;
}

class NoticesTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    std::vector<db::Migration> schema;
    for (auto part : {staff::migrations(), migrations()}) schema.insert(schema.end(), part.begin(), part.end());
    ASSERT_TRUE(database().migrate(schema));
    staff_ = staff::Staff::create(database(), clock_);
    notices_ = open();
  }

  std::unique_ptr<Notices> open() {
    auto notices = Notices::open(database(), *staff_, clock_);
    EXPECT_TRUE(notices) << notices.error().detail;
    return std::move(*notices);
  }

  NoticePointer draft(NoticeVersion content = newsletter()) {
    auto drafted = notices_->draft(kAda, std::move(content));
    EXPECT_TRUE(drafted) << drafted.error().detail;
    return *drafted;
  }

  NoticePointer publish(NoticeVersion content = newsletter()) {
    const NoticePointer drafted = draft(std::move(content));
    auto published = notices_->publish(kAda, drafted->id, drafted->version, drafted->hash);
    EXPECT_TRUE(published) << published.error().detail;
    return *published;
  }

  std::vector<std::string> audited() {
    std::vector<std::string> out;
    auto page = staff_->audit("", "", 50);
    EXPECT_TRUE(page);
    for (const auto& record : page->records) out.push_back(record.entry.operation + " " + record.entry.target);
    return out;
  }

  ManualClock clock_{*parse_time("2026-11-22T10:00:00Z")};
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Notices> notices_;
};

INSTANTIATE_TEST_SUITE_P(Backends, NoticesTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(NoticesTest, EntryIsKeptChangedAndRemoved) {
  EXPECT_EQ(notices_->entry(Purpose::DirectMarketing), nullptr);
  ASSERT_TRUE(notices_->put(kAda, entry()));
  ASSERT_TRUE(notices_->put(kAda, entry(Purpose::CustomerCare)));
  Entry changed = entry();
  changed.recipients.clear();
  changed.benefit = {};
  ASSERT_TRUE(notices_->put(kAda, changed));
  const auto kept = open()->entries();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0]->purpose, Purpose::CustomerCare);
  EXPECT_EQ(kept[1]->categories, changed.categories);
  EXPECT_TRUE(kept[1]->recipients.empty());
  EXPECT_EQ(kept[0]->recipients, entry().recipients);
  EXPECT_EQ(kept[0]->retention, entry().retention);
  EXPECT_EQ(kept[0]->since, Since::last_use);
  EXPECT_EQ(kept[0]->benefit, entry().benefit);
  EXPECT_EQ(kept[1]->benefit, Both{});
  EXPECT_EQ(kept[1]->recorded_by, "staff:1");
  EXPECT_EQ(kept[1]->recorded_at, clock_.now());
  ASSERT_TRUE(notices_->remove(kAda, Purpose::DirectMarketing));
  EXPECT_EQ(notices_->entry(Purpose::DirectMarketing), nullptr);
  EXPECT_EQ(notices_->remove(kAda, Purpose::DirectMarketing).error().code, "purpose_entry_unknown");
}

TEST_P(NoticesTest, DraftBecomesAVersionThatNeverChanges) {
  const NoticePointer drafted = draft();
  EXPECT_EQ(drafted->version, 1);
  EXPECT_EQ(notices_->find("newsletter", 1).error().code, "notice_unknown");
  EXPECT_EQ(notices_->published("newsletter").error().code, "notice_unknown");
  EXPECT_TRUE(notices_->in_force().empty());
  ASSERT_TRUE(notices_->publish(kAda, "newsletter", 1, drafted->hash));
  const auto found = *notices_->find("newsletter", 1);
  EXPECT_EQ(found->hash, drafted->hash);
  EXPECT_EQ(found->status, Status::published);
  EXPECT_EQ(found->published_by, "staff:1");
  EXPECT_EQ(notices_->publish(kAda, "newsletter", 1, drafted->hash).error().code, "notice_not_a_draft");
  EXPECT_EQ(notices_->discard(kAda, "newsletter").error().code, "notice_unknown");

  NoticeVersion next = newsletter();
  next.texts[0].text = "We send more.";
  EXPECT_EQ(draft(next)->version, 2);
  EXPECT_EQ(draft(next)->version, 2);  // it is changed, not made anew
  EXPECT_EQ((*notices_->published("newsletter"))->version, 1);
  EXPECT_EQ((*notices_->find("newsletter", 1))->texts[0].text, "What we send.");
  ASSERT_TRUE(notices_->discard(kAda, "newsletter"));
  EXPECT_EQ(publish(next)->version, 2);
  EXPECT_EQ((*notices_->published("newsletter"))->version, 2);
  EXPECT_EQ((*notices_->find("newsletter", 1))->hash, drafted->hash);
  EXPECT_EQ(notices_->all().size(), 2U);
}

TEST_P(NoticesTest, PublishesWhatWasReadAndNothingElse) {
  const NoticePointer seen = draft();
  NoticeVersion changed = newsletter();
  changed.texts[1].declaration = "Yes, to everything.";
  draft(changed);
  EXPECT_EQ(notices_->publish(kAda, "newsletter", 1, seen->hash).error().code, "notice_changed");
  EXPECT_EQ(notices_->publish(kAda, "newsletter", 1, "").error().code, "notice_changed");
  EXPECT_EQ(notices_->publish(kAda, "newsletter", 2, seen->hash).error().code, "notice_unknown");
  EXPECT_EQ(notices_->publish(kAda, "letters", 1, seen->hash).error().code, "notice_unknown");
  EXPECT_TRUE(notices_->in_force().empty());
}

TEST_P(NoticesTest, IncompleteDraftIsKeptAndNotPublished) {
  NoticeVersion bare;
  bare.id = "newsletter";
  bare.channels = {Channel::none};
  bare.texts = {Text{"de", "", "", " \n", ""}};
  const NoticePointer drafted = draft(bare);
  auto published = notices_->publish(kAda, "newsletter", 1, drafted->hash);
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, "notice_incomplete");
  std::vector<std::string> pointers;
  for (const auto& each : published.error().fields) pointers.push_back(each.pointer);
  EXPECT_THAT(pointers, ElementsAre("/purposes", "/texts/0/title", "/texts/0/text", "/texts/0/declaration",
                                    "/texts/0/withdrawal"));
  bare.texts.clear();
  bare.purposes = {Purpose::IdentityLinking};
  EXPECT_EQ(notices_->publish(kAda, "newsletter", 1, draft(bare)->hash).error().fields[0].pointer, "/texts");
  EXPECT_EQ(notices_->draft(kAda, NoticeVersion{}).error().fields[0].pointer, "/id");
}

TEST_P(NoticesTest, RetiredVersionIsFoundAndNobodyAgreesUnderItAnyMore) {
  publish();
  NoticeVersion next = newsletter();
  next.quiet_hours = true;
  publish(next);
  ASSERT_TRUE(notices_->retire(kAda, "newsletter", 2));
  EXPECT_EQ((*notices_->published("newsletter"))->version, 1);
  EXPECT_EQ((*notices_->find("newsletter", 2))->status, Status::retired);
  EXPECT_EQ(notices_->retire(kAda, "newsletter", 2).error().code, "notice_not_published");
  ASSERT_TRUE(notices_->retire(kAda, "newsletter", 1));
  EXPECT_FALSE(notices_->published("newsletter"));
  EXPECT_TRUE(notices_->in_force().empty());
  draft();
  EXPECT_EQ(notices_->retire(kAda, "newsletter", 3).error().code, "notice_not_published");
}

TEST_P(NoticesTest, IsTheSameAfterARestartAndOnAnotherNode) {
  auto other = open();
  NoticeVersion survey = newsletter();
  survey.id = "a-survey";
  survey.channels = {Channel::email, Channel::sms};
  survey.explicit_consent = survey.names_recipients = survey.quiet_hours = true;
  survey.validity = {};
  const NoticePointer made = publish(survey);
  publish();
  EXPECT_TRUE(other->in_force().empty());
  clock_.advance(std::chrono::seconds{1});
  const auto seen = other->in_force();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0]->id, "a-survey");
  EXPECT_EQ(to_json(*seen[0]), to_json(*made));
  EXPECT_EQ(seen[0]->channels, survey.channels);
  EXPECT_EQ(to_json(*open()->in_force()[0]), to_json(*made));
  clock_.set(*parse_time("2026-01-01T00:00:00Z"));  // a clock that was set back keeps nobody from looking
  ASSERT_TRUE(notices_->retire(kAda, "newsletter", 1));
  EXPECT_EQ(other->in_force().size(), 1U);
}

TEST_P(NoticesTest, ContentThatWasTamperedWithIsNoNotice) {
  publish();
  ASSERT_TRUE(database().write([](db::Transaction& tx) -> Result<void> {
    std::string body;
    TRY(tx.query("SELECT body FROM notices_notice", {}, [&](const db::Row& row) { body = row.text(0); }));
    const auto place = body.find("send me offers");
    EXPECT_NE(place, std::string::npos);
    body.replace(place, 4, "sell");
    TRY(tx.execute("UPDATE notices_notice SET body = $1", {body}));
    return {};
  }));
  auto opened = Notices::open(database(), *staff_, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "notice_damaged");
}

TEST_P(NoticesTest, ChangeIsAuditedAndWhatItsCheckRefusesIsNotDone) {
  ASSERT_TRUE(notices_->put(kAda, entry(), [](const Entry* before) -> Result<void> {
    EXPECT_EQ(before, nullptr);
    return {};
  }));
  auto refuse = [](const auto* before) -> Result<void> {
    EXPECT_NE(before, nullptr);
    return fail(ErrorKind::conflict, "no", "No.");
  };
  Entry changed = entry();
  changed.categories = {"other"};
  EXPECT_EQ(notices_->put(kAda, changed, refuse).error().code, "no");
  EXPECT_EQ(notices_->remove(kAda, Purpose::DirectMarketing, refuse).error().code, "no");
  EXPECT_EQ(notices_->entry(Purpose::DirectMarketing)->categories, entry().categories);
  publish();
  draft();
  EXPECT_EQ(notices_->draft(kAda, newsletter(), refuse).error().code, "no");
  EXPECT_EQ(notices_->discard(kAda, "newsletter", refuse).error().code, "no");
  EXPECT_THAT(audited(), ElementsAre("putNoticeDraft notice:newsletter", "publishNotice notice:newsletter@1",
                                     "putNoticeDraft notice:newsletter", "putPurposeEntry purpose:DirectMarketing"));
}

TEST_P(NoticesTest, InterestHoldsFromItsDecisionUntilItExpires) {
  EXPECT_TRUE(notices_->weighed(clock_.now()).empty());
  ASSERT_TRUE(notices_->assess(kAda, assessment("2026-11-01", "2026-12-31")));
  EXPECT_EQ(notices_->weighed(clock_.now()), gate::PurposeSet{Purpose::CustomerCare});
  EXPECT_EQ(notices_->weighed(*parse_time("2026-12-31T23:59:59Z")), gate::PurposeSet{Purpose::CustomerCare});
  EXPECT_TRUE(notices_->weighed(*parse_time("2027-01-01T00:00:00Z")).empty());
  EXPECT_TRUE(notices_->weighed(*parse_time("2026-11-22T09:59:59Z")).empty()) << "before it was recorded";
  EXPECT_TRUE(notices_->weighed(Time{}).empty());
  Assessment future = assessment("2026-11-23", "2026-12-31");
  EXPECT_EQ(notices_->assess(kAda, future).error().fields[0].pointer, "/decided");
}

TEST_P(NoticesTest, RevokedAssessmentHoldsNoMoreAndStays) {
  auto other = open();
  ASSERT_TRUE(notices_->assess(kAda, assessment("2026-11-01", "2026-12-31")));
  Assessment fraud = assessment("2026-11-01", "2026-11-30");
  fraud.purpose = Purpose::FraudPreventionAndDetection;
  ASSERT_TRUE(notices_->assess(kAda, fraud));
  const Time before = clock_.now();
  clock_.advance(std::chrono::seconds{1});
  EXPECT_EQ(notices_->revoke(kAda, 1, "").error().fields[0].pointer, "/reason");
  auto revoked = notices_->revoke(kAda, 1, "we no longer want to");
  ASSERT_TRUE(revoked);
  EXPECT_EQ((*revoked)->revoked_by, "staff:1");
  EXPECT_EQ(notices_->weighed(clock_.now()), gate::PurposeSet{Purpose::FraudPreventionAndDetection});
  EXPECT_TRUE(notices_->weighed(before).has(Purpose::CustomerCare)) << "what was ruled then stays explained";
  EXPECT_EQ(notices_->revoke(kAda, 1, "again").error().code, "assessment_revoked");
  EXPECT_EQ(notices_->revoke(kAda, 3, "never was").error().code, "assessment_unknown");
  const auto kept = open()->assessments();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0]->number, 2);
  EXPECT_EQ(kept[1]->revoked_for, "we no longer want to");
  EXPECT_EQ(to_json(*kept[1], clock_.now()), to_json(**revoked, clock_.now()));
  EXPECT_EQ(other->weighed(clock_.now()), notices_->weighed(clock_.now()));
  ASSERT_TRUE(notices_->assess(kAda, assessment("2026-11-02", "2026-12-31")));
  EXPECT_TRUE(notices_->weighed(clock_.now()).has(Purpose::CustomerCare));
  EXPECT_THAT(audited(),
              ElementsAre("addAssessment purpose:CustomerCare", "revokeAssessment assessment:1",
                          "addAssessment purpose:FraudPreventionAndDetection", "addAssessment purpose:CustomerCare"));
}

TEST(NoticeVersion, CoversEachPurposeByEachChannel) {
  NoticeVersion notice = newsletter();
  EXPECT_TRUE(notice.covers(Purpose::DirectMarketing, Channel::email));
  EXPECT_FALSE(notice.covers(Purpose::DirectMarketing, Channel::sms));
  EXPECT_FALSE(notice.covers(Purpose::DirectMarketing, Channel::none));
  EXPECT_FALSE(notice.covers(Purpose::SatisfactionSurvey, Channel::email));
}

TEST(NoticeVersion, IsShownInTheLanguageThatComesNearest) {
  NoticeVersion notice = newsletter();
  notice.texts = {text("de"), text("en"), text("fr"), text("pt-BR")};
  EXPECT_EQ(notice.text_in("fr")->language, "fr");
  EXPECT_EQ(notice.text_in("de-AT")->language, "de");
  EXPECT_EQ(notice.text_in("pt-BR")->language, "pt-BR");
  EXPECT_EQ(notice.text_in("ja")->language, "en");
  EXPECT_EQ(notice.text_in("")->language, "en");
  notice.texts = {text("fr")};
  EXPECT_EQ(notice.text_in("de")->language, "fr");
  notice.texts.clear();
  EXPECT_EQ(notice.text_in("de"), nullptr);
}

TEST(NoticeText, IsWholeInTheOrderInWhichItIsRead) {
  EXPECT_EQ((Text{"en", "Newsletter", "What we send.", "Yes, please.", "By the link."}.whole()),
            "Newsletter\n\nWhat we send.\n\nYes, please.\n\nBy the link.");
}

TEST(NoticeHash, IsOfEverythingThatIsAgreedToAndOfNothingElse) {
  const std::string hash = hash_of(newsletter());
  EXPECT_EQ(hash.size(), 64U);
  auto of = [](auto change) {
    NoticeVersion notice = newsletter();
    change(notice);
    return hash_of(notice);
  };
  EXPECT_NE(of([](auto& n) { n.id = "letters"; }), hash);
  EXPECT_NE(of([](auto& n) { n.version = 2; }), hash);
  EXPECT_NE(of([](auto& n) { n.purposes.add(Purpose::SatisfactionSurvey); }), hash);
  EXPECT_NE(of([](auto& n) { n.channels.push_back(Channel::sms); }), hash);
  EXPECT_NE(of([](auto& n) { n.explicit_consent = true; }), hash);
  EXPECT_NE(of([](auto& n) { n.names_recipients = true; }), hash);
  EXPECT_NE(of([](auto& n) { n.quiet_hours = true; }), hash);
  EXPECT_NE(of([](auto& n) { n.validity = {}; }), hash);
  EXPECT_NE(of([](auto& n) { n.texts.pop_back(); }), hash);
  for (auto member : {&Text::language, &Text::title, &Text::text, &Text::declaration, &Text::withdrawal}) {
    EXPECT_NE(of([&](auto& n) { n.texts[0].*member += "x"; }), hash);
  }
  EXPECT_EQ(of([](auto& n) { n.status = Status::retired; }), hash);
  EXPECT_EQ(of([](auto& n) { n.published_by = "staff:2"; }), hash);
}

// The pointers of what is wrong with a body.
template <class T>
std::vector<std::string> faults(void (*read)(json::Reader&, T&), const std::string& body) {
  auto value = json::parse(body);
  EXPECT_TRUE(value) << body;
  json::Reader reader(*value);
  T out;
  read(reader, out);
  std::vector<std::string> pointers;
  if (auto fine = reader.finish(); !fine) {
    for (const auto& each : fine.error().fields) pointers.push_back(each.pointer);
  }
  return pointers;
}

TEST(EntryDocument, NamesEveryWrongField) {
  const std::string good = R"("categories":["a"],"retention":{"term":"2 years","since":"collected"},)"
                           R"("description":{"de":"x","en":"x"})";
  auto wrong = [](const std::string& body) { return faults<Entry>(read_entry, "{" + body + "}"); };
  EXPECT_THAT(wrong(good), ElementsAre());
  EXPECT_THAT(wrong(""), ElementsAre("/categories", "/retention", "/description"));
  EXPECT_THAT(wrong(good + R"(,"benefit":{"de":"nur deutsch","en":""})"), ElementsAre("/benefit/en"));
  EXPECT_THAT(wrong(good + R"(,"recipients":[{"name":"A","country":"DE","role":"friend"}])"),
              ElementsAre("/recipients/0/role"));
  EXPECT_THAT(wrong(good + R"(,"recipients":[{"name":"A","country":"DE-BY","role":"processor"}])"),
              ElementsAre("/recipients/0/country"));
  EXPECT_THAT(wrong(R"("categories":["a"],"retention":{"term":"soon","since":"never"},)"
                    R"("description":{"de":"","en":"x"})"),
              ElementsAre("/retention/term", "/retention/since", "/description/de"));
  EXPECT_THAT(wrong(good + R"(,"why":1)"), ElementsAre("/why"));
}

TEST(NoticeDocument, NamesEveryWrongField) {
  auto wrong = [](const std::string& body) { return faults<NoticeVersion>(read_notice, body); };
  EXPECT_THAT(wrong("{}"), ElementsAre());
  EXPECT_THAT(wrong(R"({"purposes":["Fun"]})"), ElementsAre("/purposes"));
  EXPECT_THAT(wrong(R"({"channels":["pigeon"]})"), ElementsAre("/channels"));
  EXPECT_THAT(wrong(R"({"channels":["none"]})"), ElementsAre("/channels"));
  EXPECT_THAT(wrong(R"({"validity":"0 years"})"), ElementsAre("/validity"));
  EXPECT_THAT(wrong(R"({"texts":[{"language":"german"}]})"), ElementsAre("/texts/0/language"));
  EXPECT_THAT(wrong(R"({"texts":[{"language":"de"},{"language":"de"}]})"), ElementsAre("/texts/1/language"));
  EXPECT_THAT(wrong(R"({"texts":[{"language":"de","text":"a\u0000b"}]})"), ElementsAre("/texts/0/text"));
  EXPECT_THAT(wrong(R"({"texts":[{"language":"de","text":")" + std::string(8'001, 'x') + R"("}]})"),
              ElementsAre("/texts/0/text"));
  EXPECT_THAT(wrong(R"({"hash":"x"})"), ElementsAre("/hash"));
}

TEST(AssessmentDocument, NamesEveryWrongField) {
  auto wrong = [](std::string_view decided, std::string_view expires, const std::string& more = "") {
    return faults<Assessment>(read_assessment,
                              R"({"purpose":"CustomerCare","interest":"i","necessity":"n","balancing":"b",)"
                              R"("assessed_by":"Ada","decided":")" +
                                  std::string(decided) + R"(","expires":")" + std::string(expires) + "\"" + more + "}");
  };
  EXPECT_THAT(wrong("2026-11-22", "2029-11-22"), ElementsAre());
  EXPECT_THAT(wrong("2026-11-22", "2029-11-23"), ElementsAre("/expires"));
  EXPECT_THAT(wrong("2024-02-29", "2027-03-01"), ElementsAre());
  EXPECT_THAT(wrong("2024-02-29", "2027-03-02"), ElementsAre("/expires"));
  EXPECT_THAT(wrong("2026-11-22", "2026-11-21"), ElementsAre("/expires"));
  EXPECT_THAT(wrong("yesterday", "2026-02-30"), ElementsAre("/decided", "/expires"));
  EXPECT_THAT(wrong("2026-11-22", "2026-11-22", R"(,"number":7)"), ElementsAre("/number"));
  EXPECT_THAT(faults<Assessment>(read_assessment, "{}"),
              ElementsAre("/purpose", "/interest", "/necessity", "/balancing", "/assessed_by", "/decided", "/expires"));
  EXPECT_THAT(faults<Assessment>(read_assessment, R"({"purpose":"Fun","interest":" ","necessity":"n","balancing":"b",)"
                                                  R"("assessed_by":"A\u0001","decided":"2026-11-22",)"
                                                  R"("expires":"2026-11-22"})"),
              ElementsAre("/purpose", "/interest", "/assessed_by"));
}

}  // namespace
}  // namespace handschlag::notices
