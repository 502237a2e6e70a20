#include <fmt/format.h>

#include "features/outreach/testing/testing.h"

namespace handschlag::outreach {
namespace {

INSTANTIATE_TEST_SUITE_P(Backends, OutreachTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(OutreachTest, WithoutConsentItIsDeniedAndWhyStaysThere) {
  auto decision = propose(to_anna(offer()));
  ASSERT_TRUE(decision) << decision.error().detail;
  EXPECT_EQ(decision->outcome, Outcome::denied);
  EXPECT_FALSE(decision->reasons.empty());
  send();
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(message(*decision).state, State::denied);
  ASSERT_EQ(uses().size(), 1u);
  EXPECT_EQ(uses()[0].entry.decision, gate::Decision::deny);
  EXPECT_EQ(uses()[0].entry.use, gate::Use::contact);
  EXPECT_FALSE(uses()[0].entry.rules.empty());
  send();
  EXPECT_EQ(uses().size(), 1u) << "told once";
}

TEST_P(OutreachTest, WithConsentItLeavesOnceAndTheLedgerKnowsFirst) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  auto decision = propose(to_anna(offer()));
  ASSERT_TRUE(decision) << decision.error().detail;
  EXPECT_EQ(decision->outcome, Outcome::queued) << fmt::format("{}", decision->reasons.front());
  EXPECT_EQ(kept().find("anna@"), std::string::npos);
  EXPECT_EQ(kept().find("Anna"), std::string::npos);
  send();
  send();
  ASSERT_EQ(server_.mailed.size(), 1u);
  EXPECT_EQ(server_.mailed[0].to, "anna@example.org");
  EXPECT_NE(server_.mailed[0].bytes.find(fmt::format("List-Unsubscribe: <https://shop.example/m/{}>", anna_.value)),
            std::string::npos);
  EXPECT_NE(server_.mailed[0].bytes.find("Hallo Anna"), std::string::npos);
  const Message sent = message(*decision);
  EXPECT_EQ(sent.state, State::sent);
  EXPECT_EQ(sent.trace.back().code, 250);
  ASSERT_EQ(uses().size(), 1u);
  EXPECT_EQ(uses()[0].entry.decision, gate::Decision::allow);
}

TEST_P(OutreachTest, AWithdrawalBeforeItLeavesHoldsItBack) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  auto decision = *propose(to_anna(offer()));
  facts_.agreed[anna_.value] = gate::ConsentState::refused;
  send();
  EXPECT_EQ(server_.asked, 0);
  const Message held = message(decision);
  EXPECT_EQ(held.state, State::denied);
  EXPECT_EQ(held.trace.back().what, "denied");
  EXPECT_EQ(uses().at(0).entry.decision, gate::Decision::deny);
}

TEST_P(OutreachTest, QuietHoursWaitForTheMorningWhereThePersonIs) {
  const IdentityId minji = person("minji", "KR");  // rest from 21:00 to 08:00, for mail too
  facts_.agreed[minji.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  Proposal proposal = to_anna(one);
  proposal.identity = minji;
  clock_.set(*parse_time("2026-11-24T14:00:00Z"));  // 23:00 in Seoul
  auto decision = *propose(proposal);
  EXPECT_EQ(decision.outcome, Outcome::later);
  EXPECT_EQ(format_time(decision.due), "2026-11-24T23:00:00.000Z");
  send();
  EXPECT_EQ(server_.asked, 0);
  clock_.set(decision.due);
  send();
  EXPECT_EQ(message(decision).state, State::sent);
}

TEST_P(OutreachTest, WhatComesDueInQuietHoursWaitsOnceMore) {
  const IdentityId minji = person("minji", "KR");
  facts_.agreed[minji.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  Proposal proposal = to_anna(one);
  proposal.identity = minji;
  auto decision = *propose(proposal);  // 19:00 there
  EXPECT_EQ(decision.outcome, Outcome::queued);
  clock_.set(*parse_time("2026-11-24T12:30:00Z"));
  send();
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(format_time(message(decision).due_at), "2026-11-24T23:00:00.000Z");
}

TEST_P(OutreachTest, WhereAClockMayShowAnyTimeNothingIsSold) {
  const IdentityId nobody = person("nobody", "");
  facts_.agreed[nobody.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  Proposal proposal = to_anna(one);
  proposal.identity = nobody;
  EXPECT_EQ(propose(proposal)->outcome, Outcome::denied);
}

TEST_P(OutreachTest, NobodyIsWrittenToTooOften) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
  auto second = *propose(to_anna(offer()));
  EXPECT_EQ(second.outcome, Outcome::denied);
  EXPECT_EQ(second.reasons, Names{"too_often"});
  // The address counts too, whoever it is said to belong to.
  Proposal other = to_anna(offer());
  const templates::Template one = offer();
  other.message = &one;
  other.identity = person("anne", "DE");
  facts_.agreed[other.identity.value] = gate::ConsentState::given;
  EXPECT_EQ(propose(other)->reasons, Names{"too_often"});
  clock_.advance(std::chrono::hours{25});
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
}

TEST_P(OutreachTest, OtherCapsHoldInPlaceOfTheUsualOnes) {
  const Cap two{Kind::marketing, 2, std::chrono::hours{36}};
  open(&server_, {two});
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
  clock_.advance(std::chrono::hours{35});
  auto third = *propose(to_anna(offer()));
  EXPECT_EQ(third.reasons, Names{"too_often"});
  EXPECT_EQ(message(third).trace.back().cap, two);
  clock_.advance(std::chrono::hours{2});
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
}

TEST_P(OutreachTest, WhatIsPlannedForLaterCountsWhenItLeaves) {
  open(&server_, {{Kind::marketing, 1, std::chrono::days{1}}});
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  const auto outcome_at = [&](Time when) {
    Proposal proposal = to_anna(one);
    proposal.not_before = when;
    return propose(proposal)->outcome;
  };
  const Time now = clock_.now();
  EXPECT_NE(outcome_at(now + std::chrono::days{2}), Outcome::denied);
  EXPECT_EQ(outcome_at(now + std::chrono::days{2} + std::chrono::hours{1}), Outcome::denied);
  EXPECT_EQ(propose(to_anna(one))->outcome, Outcome::queued) << "today it stands in the way of nothing";
  EXPECT_EQ(propose(to_anna(one))->outcome, Outcome::denied);
}

TEST_P(OutreachTest, WhatIsSentAgainIsHeldToTheCapsAsWell) {
  open(&server_, {{Kind::service, 2, std::chrono::hours{1}}});
  server_.answer = {mail::Outcome::permanent, 554, "5.3.0", "refused"};
  std::vector<Decision> decisions;
  for (int i = 0; i < 4; ++i) {
    decisions.push_back(*send_code("anna@example.org", anna_));
    send();
  }
  ASSERT_EQ(message(decisions[3]).state, State::dead);
  server_.answer = {mail::Outcome::accepted, 250, "2.0.0", "accepted"};
  clock_.advance(std::chrono::hours{2});
  int revived = 0;
  for (const Decision& each : decisions) {
    auto again = outreach_->revive(region_, each.message);
    if (again) ++revived;
    EXPECT_TRUE(again || again.error().code == "too_often");
  }
  EXPECT_EQ(revived, 2);
  send();
  EXPECT_EQ(server_.mailed.size(), 2U);
}

TEST_P(OutreachTest, TheTraceNamesTheCapThatWasReached) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  std::optional<Cap> reached;
  for (int day = 0; day < 4; ++day) {
    auto decision = *propose(to_anna(offer()));
    EXPECT_EQ(decision.outcome == Outcome::denied, day == 3);
    reached = message(decision).trace.back().cap;
    EXPECT_EQ(reached.has_value(), day == 3);
    clock_.advance(std::chrono::hours{25});
  }
  EXPECT_EQ(reached, (Cap{Kind::marketing, 3, std::chrono::days{14}}));
}

TEST_P(OutreachTest, TheSameIsNotSaidTwice) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  Proposal proposal = to_anna(one);
  proposal.not_twice = "spring 2026";
  EXPECT_EQ(propose(proposal)->outcome, Outcome::queued);
  clock_.advance(std::chrono::days{3});
  EXPECT_EQ(propose(proposal)->reasons, Names{"said_before"});
  proposal.not_twice = "summer 2026";
  EXPECT_EQ(propose(proposal)->outcome, Outcome::queued);
}

TEST_P(OutreachTest, AStrangerGetsACodeThatIsForgottenWhenItLeft) {
  auto decision = send_code("stranger@example.org");
  ASSERT_TRUE(decision) << decision.error().detail;
  EXPECT_EQ(decision->outcome, Outcome::queued);
  EXPECT_EQ(kept().find("417 223"), std::string::npos);
  send();
  ASSERT_EQ(server_.mailed.size(), 1u);
  EXPECT_NE(server_.mailed[0].bytes.find("417 223"), std::string::npos);
  EXPECT_EQ(server_.mailed[0].bytes.find("List-Unsubscribe"), std::string::npos);
  clock_.advance(std::chrono::days{8});
  EXPECT_EQ(*outreach_->purge(region_), 1);
}

TEST_P(OutreachTest, NobodyIsBombedWithCodes) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send_code("stranger@example.org")->outcome, Outcome::queued);
  EXPECT_EQ(send_code("stranger@example.org")->reasons, Names{"too_often"});
  EXPECT_EQ(send_code("other@example.org")->outcome, Outcome::queued);
}

TEST_P(OutreachTest, ATemporaryRefusalIsTriedAgainAndThenGivenUp) {
  server_.answer = {mail::Outcome::temporary, 450, "4.2.1", "refused"};
  auto decision = *send_code("anna@example.org", anna_);
  send();
  EXPECT_EQ(message(decision).state, State::waiting);
  send();
  EXPECT_EQ(server_.asked, 1) << "not before it is due";
  for (int i = 0; i < 40; ++i) {
    clock_.advance(std::chrono::hours{4});
    send();
  }
  const Message dead = message(decision);
  EXPECT_EQ(dead.state, State::dead);
  EXPECT_GT(server_.asked, 5);
  server_.answer = {mail::Outcome::accepted, 250, "", "accepted"};
  ASSERT_TRUE(outreach_->revive(region_, decision.message));
  send();
  EXPECT_EQ(message(decision).state, State::sent);
  EXPECT_EQ(outreach_->revive(region_, decision.message).error().code, "message_not_dead");
}

TEST_P(OutreachTest, AnUnknownAddressIsNotWrittenToAgain) {
  server_.answer = {mail::Outcome::permanent, 550, "5.1.1", "refused"};
  auto decision = *send_code("anna@example.org", anna_);
  send();
  EXPECT_EQ(message(decision).state, State::dead);
  EXPECT_EQ(send_code("anna@example.org", anna_)->reasons, Names{"unreachable"});
}

TEST_P(OutreachTest, AServerThatIsGoneIsLeftAloneForAWhile) {
  server_.answer = {mail::Outcome::temporary, 0, "", "connection_failed"};
  auto first = *send_code("a@example.org");
  auto second = *send_code("b@example.org");
  send();
  EXPECT_EQ(server_.asked, 1);
  server_.answer = {mail::Outcome::accepted, 250, "", "accepted"};
  send();
  EXPECT_EQ(server_.asked, 1);
  clock_.advance(std::chrono::minutes{2});
  send();
  EXPECT_EQ(message(first).state, State::sent);
  EXPECT_EQ(message(second).state, State::sent);
}

TEST_P(OutreachTest, WithoutAMailServerItWaits) {
  open(nullptr);
  auto decision = *send_code("anna@example.org", anna_);
  send();
  EXPECT_EQ(message(decision).state, State::waiting);
  open(&server_);
  send();
  EXPECT_EQ(message(decision).state, State::sent);
}

TEST_P(OutreachTest, WhatWaitsCanBeHeldBack) {
  auto decision = *send_code("anna@example.org", anna_);
  ASSERT_TRUE(outreach_->cancel(region_, decision.message));
  send();
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(outreach_->cancel(region_, decision.message).error().code, "message_not_waiting");
  ASSERT_TRUE(outreach_->revive(region_, decision.message));
  send();
  EXPECT_EQ(message(decision).state, State::sent);
  EXPECT_EQ(outreach_->get(region_, 4711).error().code, "message_unknown");
  EXPECT_EQ(outreach_->get("nowhere", 1).error().code, "region_unknown");
}

TEST_P(OutreachTest, WhoeverIsErasedGetsNothing) {
  auto decision = *send_code("anna@example.org", anna_);
  auto data = create_subject_data();
  ASSERT_TRUE(vault_->destroy(anna_, vault::RetentionClass::ordinary));
  send();
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(message(decision).state, State::cancelled);
  EXPECT_EQ(send_code("anna@example.org", anna_).error().code, "customer_unknown");
  std::int64_t removed = 0;
  ASSERT_TRUE(regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
    TRY(data->hide(tx, anna_, subjects::Removal::erased));
    removed = TRY(data->erase(tx, anna_, clock_.now(), 100, subjects::Removal::erased));
    return {};
  }));
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(outreach_->get(region_, decision.message).error().code, "message_unknown");
}

TEST_P(OutreachTest, ARestoredBackupSendsNothingByItself) {
  auto decision = *send_code("anna@example.org", anna_);
  ASSERT_TRUE(regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
    EXPECT_EQ(TRY(hold_all(tx, clock_.now())), 1);
    return {};
  }));
  send();
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(message(decision).trace.back().reasons, Names{"restored"});
}

TEST_P(OutreachTest, WhatMakesNoSenseIsRefused) {
  const templates::Template one = offer();
  auto code = [&](auto&& change) {
    Proposal proposal = to_anna(one);
    change(proposal);
    auto decision = propose(proposal);
    return decision ? std::string() : decision.error().code;
  };
  EXPECT_EQ(code([](Proposal& p) { p.address = mailbox("ä@example.org"); }), "address_unsupported");
  EXPECT_EQ(code([](Proposal& p) { p.address.kind = identity::KeyKind::phone; }), "address_unsupported");
  EXPECT_EQ(code([](Proposal& p) { p.parameters.clear(); }), "parameters_invalid");
  EXPECT_EQ(code([](Proposal& p) { p.parameters["unsubscribe"] = "https://evil.example"; }), "parameters_invalid");
  EXPECT_EQ(code([](Proposal& p) { p.reason = "Anna Müller"; }), "proposal_invalid");
  EXPECT_EQ(code([](Proposal& p) { p.identity = {}; }), "proposal_invalid");
  EXPECT_EQ(code([](Proposal& p) { p.identity = {4711}; }), "customer_unknown");
  EXPECT_EQ(code([](Proposal& p) { p.region = "nowhere"; }), "region_unknown");
}

TEST_P(OutreachTest, TheListHasPagesAndFilters) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(send_code(fmt::format("a{}@example.org", i)));
  ASSERT_TRUE(propose(to_anna(offer())));
  auto first = *outreach_->list(region_, {}, "", 4);
  EXPECT_EQ(first.items.size(), 4u);
  ASSERT_TRUE(first.next);
  auto second = *outreach_->list(region_, {}, *first.next, 4);
  EXPECT_EQ(second.items.size(), 2u);
  EXPECT_FALSE(second.next);
  EXPECT_EQ(outreach_->list(region_, {.state = State::denied}, "", 10)->items.size(), 1u);
  EXPECT_EQ(outreach_->list(region_, {.purposes = {Purpose::RightsFulfilment}}, "", 10)->items.size(), 5u);
  EXPECT_EQ(outreach_->list(region_, {.identity = anna_}, "", 10)->items.size(), 1u);
  EXPECT_EQ(outreach_->list(region_, {.identity = anna_}, *first.next, 10).error().code, "cursor_invalid");
}

}  // namespace
}  // namespace handschlag::outreach
