// What sources of special kinds of data told is shown and handed out only while the consent holds that it needs.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "features/customers/customers.h"
#include "features/feed/testing/node.h"
#include "features/staff/staff.h"

namespace handschlag::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kCare;
using testing::kMarketing;

class SpecialTest : public testing::NodeTest {
 protected:
  void SetUp() override {
    more_ = {customers::migrations().begin(), customers::migrations().end()};
    NodeTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(staff::migrations()));
    node_->add_source("clinic", {{kCare, gate::Basis::contract}, {kMarketing, gate::Basis::legitimate_interest}},
                      sources::Mode::live, gate::special);
    node_->add_source("ward", {{kCare, gate::Basis::contract}}, sources::Mode::live, gate::special);
    staff_ = staff::Staff::create(database(), clock_);
    customers_ = customers::Customers::create(node_->events(), node_->sources(), law::shipped_law(), *staff_,
                                              {&node_->ledger()}, clock_);
    node_->store("hotline", "anna", 1);
    anna_ = *seen("anna");
  }
  void TearDown() override {
    customers_.reset();
    staff_.reset();
    NodeTest::TearDown();
  }

  // As the hotline knows them.
  std::optional<IdentityId> seen(const std::string& user, const std::string& space = "hotline") {
    IdentityId id;
    EXPECT_TRUE(node_->cell().region->data().read([&](db::Transaction& tx) -> Result<void> {
      const std::vector<identity::Key> keys = {*identity::make_key(identity::KeyKind::user_id, user, {space, "", ""})};
      id = TRY(node_->cell().identities->knows(tx, keys))[0].id;
      return {};
    }));
    return id ? std::optional(id) : std::nullopt;
  }
  void say(consent::Act act, gate::Purpose purpose, bool expressly = true) {
    consent::Statement said;
    said.identity = anna_;
    said.act = act;
    said.purpose = purpose;
    said.explicit_consent = expressly;
    clock_.advance(std::chrono::minutes{1});
    said.occurred_at = said.received_at = clock_.now();
    ASSERT_TRUE(node_->cell().region->writer().run([&](db::Transaction& tx) -> Result<void> {
      TRY(node_->cell().consents->record(tx, said));
      return {};
    }));
  }
  // Of the person whom the hotline knows.
  void tell(const std::string& source, const std::string& message) {
    auto intake = node_->event("anna", message);
    intake.person = *identity::make_key(identity::KeyKind::user_id, "anna", {"hotline", "", ""});
    intake.user_id.reset();
    clock_.advance(std::chrono::minutes{1});
    intake.original = intake.occurred = intake.received = clock_.now();
    ASSERT_EQ(node_->submit(source, {intake})->stored, 1U);
  }
  static customers::Viewer viewer() {
    customers::Viewer out;
    out.role = "agent";
    out.operation = "getTimeline";
    out.purpose = kCare;
    return out;
  }
  std::string handle() const { return customers::format_handle(node_->region(), anna_); }
  customers::Timeline timeline(std::size_t limit = 50, const std::string& cursor = "") {
    customers::TimelineFilter filter;
    filter.limit = limit;
    filter.cursor = cursor;
    auto out = customers_->timeline(viewer(), handle(), filter);
    EXPECT_TRUE(out) << out.error().detail;
    return out.value_or(customers::Timeline{});
  }
  static std::vector<std::string> notes(const std::vector<events::Event>& items) {
    std::vector<std::string> out;
    for (const events::Event& event : items) out.push_back(event.body["properties"]["note"].get<std::string>());
    return out;
  }
  static std::vector<std::string> reasons(const std::vector<customers::Withheld>& withheld) {
    std::vector<std::string> out;
    for (const auto& each : withheld) {
      out.push_back(fmt::format("{} {}", gate::info(each.purpose).name, gate::name_of(each.ruling.rules[0])));
    }
    return out;
  }
  std::vector<std::string> fed(gate::Purpose purpose = kCare) {
    const Recipient who{
        .role = "integration", .operation = "readFeed", .purpose = purpose, .granted = {kCare, kMarketing}};
    Filter what;
    what.region = node_->region();
    auto page = node_->feed().read(who, what, 0, 100);
    EXPECT_TRUE(page);
    return page ? notes(page->items) : std::vector<std::string>{};
  }

  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<customers::Customers> customers_;
  IdentityId anna_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SpecialTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SpecialTest, AWithdrawalBitesAtOnceAndAYesShowsItAgain) {
  say(consent::Act::given, kCare);
  tell("clinic", "blood");
  EXPECT_THAT(notes(timeline().items), ElementsAre("blood", "anna-0"));
  EXPECT_THAT(timeline().withheld, IsEmpty());
  EXPECT_THAT(fed(), ElementsAre("anna-0", "blood"));
  say(consent::Act::withdrawn, kCare);
  EXPECT_THAT(notes(timeline().items), ElementsAre("anna-0"));
  EXPECT_THAT(reasons(timeline().withheld), ElementsAre("CustomerCare consent_refused"));
  EXPECT_THAT(fed(), ElementsAre("anna-0"));
  say(consent::Act::given, kCare, false);
  EXPECT_THAT(notes(timeline().items), ElementsAre("anna-0")) << "it is not said expressly";
  EXPECT_THAT(reasons(timeline().withheld), ElementsAre("CustomerCare not_explicit"));
  EXPECT_THAT(fed(), ElementsAre("anna-0"));
  say(consent::Act::given, kCare);
  EXPECT_THAT(notes(timeline().items), ElementsAre("blood", "anna-0"));
  EXPECT_THAT(fed(), ElementsAre("anna-0", "blood"));
}

TEST_P(SpecialTest, WhatIsWithheldTakesNoPlaceOnAPage) {
  say(consent::Act::given, kCare);
  for (int i = 0; i < 5; ++i) tell(i % 2 == 0 ? "clinic" : "ward", fmt::format("blood-{}", i));
  tell("hotline", "called");
  say(consent::Act::withdrawn, kCare);
  const auto first = timeline(1);
  EXPECT_THAT(notes(first.items), ElementsAre("called"));
  ASSERT_TRUE(first.next);
  const auto second = timeline(1, *first.next);
  EXPECT_THAT(notes(second.items), ElementsAre("anna-0"));
  EXPECT_FALSE(second.next);
  EXPECT_THAT(reasons(second.withheld), ElementsAre("CustomerCare consent_refused"));
  customers::TimelineFilter filter;
  filter.touchpoint = "clinic";
  EXPECT_THAT(customers_->timeline(viewer(), handle(), filter)->items, IsEmpty());
}

TEST_P(SpecialTest, EachPurposeHasAConsentOfItsOwn) {
  say(consent::Act::given, kCare);
  say(consent::Act::given, kMarketing);
  tell("clinic", "blood");
  say(consent::Act::withdrawn, kMarketing);
  EXPECT_THAT(fed(kMarketing), IsEmpty());
  EXPECT_THAT(fed(kCare), ElementsAre("anna-0", "blood"));
  EXPECT_THAT(notes(timeline().items), ElementsAre("blood", "anna-0"));
  say(consent::Act::given, kMarketing);
  say(consent::Act::withdrawn, kCare);
  EXPECT_THAT(fed(kMarketing), ElementsAre("blood"));
  EXPECT_THAT(notes(timeline().items), ElementsAre("anna-0"));
}

TEST_P(SpecialTest, ThePageCountsNothingOfIt) {
  say(consent::Act::given, kCare);
  tell("clinic", "blood");
  EXPECT_EQ(customers_->page(viewer(), handle())->sums.all.events, 2);
  say(consent::Act::withdrawn, kCare);
  const auto page = *customers_->page(viewer(), handle());
  EXPECT_EQ(page.sums.all.events, 1);
  EXPECT_EQ(page.sums.sources.size(), 1U);
  EXPECT_THAT(reasons(page.withheld), ElementsAre("CustomerCare consent_refused"));
}

}  // namespace
}  // namespace handschlag::feed
