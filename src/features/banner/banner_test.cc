#include "features/banner/banner.h"

#include <gmock/gmock.h>

#include "features/banner/words.h"

namespace handschlag::banner {
namespace {

using gate::Basis;
using gate::Purpose;
using json::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

notices::Entry entry(Purpose purpose) {
  notices::Entry out;
  out.purpose = purpose;
  out.recipients = {{"Messwerk GmbH", "DE", notices::Recipient::Role::processor, ""}};
  out.retention = {14, law::Term::Unit::months};
  out.since = notices::Since::collected;
  out.benefit = {"Eine bessere Seite.", "A better page."};
  out.description = {"Wir zählen Besuche.", "We count visits."};
  return out;
}

notices::NoticeVersion notice(std::string id, gate::PurposeSet purposes) {
  notices::NoticeVersion out;
  out.id = std::move(id);
  out.version = 3;
  out.purposes = purposes;
  out.channels = {law::Channel::none};
  out.texts = {{"de", "Statistik", "Worum es geht.", "Ja, zählt mich.", "Jederzeit unten auf der Seite."},
               {"en", "Statistics", "What it is about.", "Yes, count me.", "Any time at the foot of the page."}};
  return out;
}

// A shop that counts and advertises by consent, and delivers by contract.
class Banner : public ::testing::Test {
 protected:
  Banner() {
    source_.id = "web";
    source_.country = "DE";
    source_.controller = "self";
    source_.purposes = {{Purpose::CustomerOrderManagement, Basis::contract},
                        {Purpose::ServiceUsageAnalytics, Basis::consent},
                        {Purpose::PersonalisedAdvertising, Basis::consent}};
    source_.consent_categories = {{"necessary", {Purpose::CustomerOrderManagement}},
                                  {"statistics", {Purpose::ServiceUsageAnalytics, Purpose::CustomerOrderManagement}},
                                  {"marketing", {Purpose::PersonalisedAdvertising, Purpose::DirectMarketing}}};
    tell(entry(Purpose::ServiceUsageAnalytics));
    tell(entry(Purpose::PersonalisedAdvertising));
    announce(notice("counting", {Purpose::ServiceUsageAnalytics}));
    announce(notice("ads", {Purpose::PersonalisedAdvertising}));
  }

  void tell(notices::Entry entry) { entries_.push_back(std::make_shared<const notices::Entry>(std::move(entry))); }
  void announce(notices::NoticeVersion notice) {
    in_force_.push_back(std::make_shared<const notices::NoticeVersion>(std::move(notice)));
  }

  Value made(std::string_view language = "de") const {
    return compose({&source_, entries_, in_force_, law_.get(), *parse_time("2026-11-23T10:00:00Z")}, language);
  }
  Value category(std::string_view name, std::string_view language = "de") const {
    const Value all = made(language);
    for (const Value& each : all["categories"]) {
      if (each["name"] == name) return each;
    }
    return nullptr;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    const Value all = made();
    for (const Value& each : all["categories"]) out.push_back(each["name"].get<std::string>());
    return out;
  }

  sources::Source source_;
  std::vector<notices::EntryPointer> entries_;
  std::vector<notices::NoticePointer> in_force_;
  std::shared_ptr<const law::RuleSet> law_ = law::built_in();
};

TEST_F(Banner, AsksAboutWhatRestsOnConsentAndNothingElse) {
  EXPECT_THAT(names(), ElementsAre("marketing", "statistics"));
  const Value statistics = category("statistics");
  ASSERT_THAT(statistics["uses"], SizeIs(1)) << "the order rests on contract";
  EXPECT_EQ(statistics["uses"][0]["purpose"], "ServiceUsageAnalytics");
  ASSERT_THAT(category("marketing")["uses"], SizeIs(1)) << "the source does not declare direct marketing";
  EXPECT_THAT(made()["unprepared"], IsEmpty());
}

TEST_F(Banner, NamesUseBenefitRecipientsAndDuration) {
  const Value use = category("statistics")["uses"][0];
  EXPECT_EQ(use["description"], "Wir zählen Besuche.");
  EXPECT_EQ(use["benefit"], "Eine bessere Seite.");
  EXPECT_EQ(use["retention"], "14 Monate ab Erhebung");
  EXPECT_EQ(use["recipients"][0]["name"], "Messwerk GmbH");
  EXPECT_EQ(use["recipients"][0]["role"], "in unserem Auftrag");
  const Value notice = category("statistics")["notices"][0];
  EXPECT_EQ(notice["id"], "counting");
  EXPECT_EQ(notice["version"], 3);
  EXPECT_EQ(notice["declaration"], "Ja, zählt mich.");
}

TEST_F(Banner, SpeaksGermanToGermansAndEnglishToAllOthers) {
  for (const char* language : {"de", "de-AT", "DE_ch"}) {
    EXPECT_EQ(made(language)["language"], "de") << language;
  }
  for (const char* language : {"en", "fr", "", "d"}) {
    EXPECT_EQ(made(language)["language"], "en") << language;
    EXPECT_EQ(category("statistics", language)["title"], "Statistics") << language;
  }
  const Value german = made("de")["words"];
  const Value english = made("en")["words"];
  for (const auto& [name, text] : german.items()) {
    EXPECT_NE(text, "") << name;
    EXPECT_NE(text, english[name]) << name;
  }
}

TEST_F(Banner, IsTitledByItsNoticeUnlessThatIsAboutMore) {
  EXPECT_EQ(category("statistics")["title"], "Statistik");
  in_force_.clear();
  announce(notice("all", {Purpose::ServiceUsageAnalytics, Purpose::PersonalisedAdvertising}));
  EXPECT_EQ(category("statistics")["title"], "Verstehen, wie der Dienst genutzt wird");
}

TEST_F(Banner, WhatCantBeToldIsNotAsked) {
  entries_.erase(entries_.begin());
  in_force_.erase(in_force_.begin());
  EXPECT_THAT(names(), ElementsAre("marketing"));
  const Value lacking = made()["unprepared"];
  ASSERT_THAT(lacking, SizeIs(2));
  EXPECT_EQ(lacking[0]["category"], "statistics");
  EXPECT_EQ(lacking[0]["lacks"], "entry");
  EXPECT_EQ(lacking[1]["lacks"], "notice");
}

TEST_F(Banner, ANoticeForLettersIsNoneForPages) {
  in_force_.clear();
  notices::NoticeVersion letters = notice("letters", {Purpose::ServiceUsageAnalytics});
  letters.channels = {law::Channel::email};
  announce(letters);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Banner, WithoutCategoriesEachPurposeIsOne) {
  source_.consent_categories.clear();
  EXPECT_THAT(names(), ElementsAre("PersonalisedAdvertising", "ServiceUsageAnalytics"));
}

TEST_F(Banner, IsAnotherVersionWhereSomebodyWouldWantToBeAskedAgain) {
  const std::string before = category("statistics")["version"];
  EXPECT_THAT(before, StartsWith("counting@3+"));
  notices::Entry better = entry(Purpose::ServiceUsageAnalytics);
  better.description.german = "Wir zählen die Besuche.";
  entries_[0] = std::make_shared<const notices::Entry>(better);
  EXPECT_EQ(category("statistics")["version"], before);
  notices::Entry more = entry(Purpose::ServiceUsageAnalytics);
  more.recipients.push_back({"Auch noch", "US", notices::Recipient::Role::controller, ""});
  entries_[0] = std::make_shared<const notices::Entry>(more);
  EXPECT_NE(category("statistics")["version"], before);
  notices::Entry longer = entry(Purpose::ServiceUsageAnalytics);
  longer.retention = {10, law::Term::Unit::years};
  entries_[0] = std::make_shared<const notices::Entry>(longer);
  EXPECT_NE(category("statistics")["version"], before);
  tell(entry(Purpose::ServiceUsageAnalytics));
  notices::NoticeVersion next = notice("counting", {Purpose::ServiceUsageAnalytics});
  next.version = 4;
  in_force_[0] = std::make_shared<const notices::NoticeVersion>(next);
  EXPECT_THAT(category("statistics")["version"].get<std::string>(), StartsWith("counting@4+"));
}

TEST_F(Banner, HowLongAnAnswerCountsIsTheLawsWordOrTheNoticesWhereThatIsLess) {
  const auto& law = *law_;
  const law::Day day = law::day_of(*parse_time("2026-11-23T10:00:00Z"));
  const double life = law.norm("DE", law::Topic::consent_life, law::Channel::none, day).term.days();
  const double pause = law.norm("DE", law::Topic::re_ask_pause, law::Channel::none, day).term.days();
  EXPECT_EQ(category("statistics")["valid_days"], static_cast<std::int64_t>(life));
  EXPECT_EQ(made()["ask_again_days"], static_cast<std::int64_t>(pause));
  EXPECT_GT(pause, 29) << "a pause of no days would ask on every page";
  notices::NoticeVersion brief = notice("counting", {Purpose::ServiceUsageAnalytics});
  brief.validity = {1, law::Term::Unit::months};
  in_force_[0] = std::make_shared<const notices::NoticeVersion>(brief);
  EXPECT_EQ(category("statistics")["valid_days"], 30);
}

TEST_F(Banner, TheBrowsersSignalSpeaksOfSellingAndAdvertising) {
  EXPECT_TRUE(category("marketing")["signal"]);
  EXPECT_FALSE(category("statistics")["signal"]);
}

TEST(BannerWords, TermsAreSaidInOneAndInMany) {
  EXPECT_EQ(say({1, law::Term::Unit::years}, notices::Since::consent_end, Language::german),
            "1 Jahr ab Ende der Einwilligung");
  EXPECT_EQ(say({2, law::Term::Unit::working_days}, notices::Since::last_use, Language::english),
            "2 working days from the last use");
}

}  // namespace
}  // namespace handschlag::banner
