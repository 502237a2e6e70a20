#include "features/outreach/returns.h"

#include "features/outreach/testing/testing.h"

namespace handschlag::outreach {
namespace {

using Kind = mail::Report::Kind;

const std::string kAnna = "anna@example.org";

class ReturnsTest : public OutreachTest {
 protected:
  // A message to Anna that left: its number, and its envelope sender as the last one mailed.
  Decision sent() {
    auto decision = send_code(kAnna, anna_);
    EXPECT_TRUE(decision);
    EXPECT_EQ(decision->outcome, Outcome::queued);
    send();
    EXPECT_EQ(message(*decision).state, State::sent);
    return *decision;
  }
  std::string sender() { return server_.mailed.back().from; }
  Taken take(Kind kind, std::string status, std::vector<std::string> senders, int code = 0) {
    auto taken = outreach_->take_back({kind, std::move(status), code, std::move(senders)});
    EXPECT_TRUE(taken) << taken.error().detail;
    return taken.value_or(Taken::ignored);
  }
  // Whether Anna is written to: denied only as unreachable.
  bool reaches() {
    clock_.advance(std::chrono::hours{25});
    auto decision = send_code(kAnna, anna_);
    EXPECT_EQ(decision->reasons == Names{"unreachable"}, decision->outcome == Outcome::denied);
    send();
    return decision->outcome != Outcome::denied;
  }
  double counted(std::string_view name) {
    const std::string text = metrics_.render();
    const std::size_t at = text.find(name);
    return at == std::string::npos ? 0 : std::stod(text.substr(text.find("} ", at) + 2));
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, ReturnsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ReturnsTest, EachMessageLeavesWithASenderOfItsOwnThatTellsNothing) {
  sent();
  const std::string first = sender();
  EXPECT_TRUE(mail::is_address(first)) << first;
  EXPECT_TRUE(first.starts_with("bounces+"));
  EXPECT_TRUE(first.ends_with("@mail.example.com"));
  EXPECT_EQ(first.find("anna"), std::string::npos);
  EXPECT_EQ(server_.mailed.back().bytes.find(first), std::string::npos) << "the envelope's alone";
  EXPECT_NE(server_.mailed.back().bytes.find("shop@example.com"), std::string::npos);
  sent();
  EXPECT_NE(sender(), first);
}

TEST_P(ReturnsTest, AnAddressThatDoesNotExistIsNotWrittenToAgain) {
  const Decision decision = sent();
  EXPECT_EQ(take(Kind::failed, "5.1.1", {"shop@example.com", sender()}, 550), Taken::done);
  const Message back = message(decision);
  EXPECT_EQ(back.state, State::bounced);
  EXPECT_EQ(back.trace.back().what, "bounced");
  EXPECT_EQ(back.trace.back().reasons, Names{"mailbox_unknown"});
  EXPECT_EQ(back.trace.back().status, "5.1.1");
  EXPECT_EQ(back.trace.back().code, 550);
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender()}, 550), Taken::known);
  EXPECT_EQ(take(Kind::delivered, "2.0.0", {sender()}), Taken::known) << "it came back: that stays";
  EXPECT_EQ(message(decision).trace.size(), back.trace.size());
  EXPECT_FALSE(reaches());
  EXPECT_EQ(outreach_->revive(region_, decision.message).error().code, "message_not_dead");
  EXPECT_EQ(outreach_->list(region_, {.state = State::bounced}, "", 10)->items.size(), 1u);
  EXPECT_EQ(counted("handschlag_outreach_total{outcome=\"bounced\""), 1);
  EXPECT_EQ(counted("handschlag_outreach_reports_total{outcome=\"known\""), 2);
}

TEST_P(ReturnsTest, WhatIsForgedExpiredOrNobodysChangesNothing) {
  const Decision decision = sent();
  const std::string good = sender();
  auto changed = [&](std::size_t at) {
    std::string bad = good;
    bad[at] = bad[at] == '0' ? '1' : '0';
    return bad;
  };
  const std::size_t tag = std::string("bounces+").size();
  for (std::size_t at = tag; at < good.find('@'); ++at) {
    EXPECT_EQ(take(Kind::failed, "5.1.1", {changed(at)}), Taken::unknown) << at;
  }
  for (const char* bad : {"", "shop@example.com", "bounces+@mail.example.com", "+", "@", "bounces+0000"}) {
    EXPECT_EQ(take(Kind::failed, "5.1.1", {bad}), Taken::unknown) << bad;
  }
  const crypto::Key other = crypto::Key::random();
  EXPECT_EQ(take(Kind::failed, "5.1.1",
                 {return_address(other, region_, decision.message, clock_.now(), "bounces@mail.example.com")}),
            Taken::unknown);
  const crypto::Key own = *vault_->secret(kReturnsSecret);
  EXPECT_FALSE(message_of(own, "elsewhere", good, clock_.now()));
  EXPECT_EQ(take(Kind::failed, "5.1.1", {}), Taken::unknown);
  EXPECT_EQ(take(Kind::none, "", {good}), Taken::ignored);
  EXPECT_EQ(take(Kind::automatic, "", {good}), Taken::ignored);
  clock_.advance(std::chrono::days{16});
  EXPECT_EQ(take(Kind::failed, "5.1.1", {good}), Taken::expired);
  EXPECT_EQ(message(decision).state, State::sent);
  EXPECT_TRUE(reaches());
}

TEST_P(ReturnsTest, TheTagWorksInAnyCaseAndAloneAndOnlyForItsMessage) {
  const Decision first = sent();
  std::string shouted = sender();
  for (char& c : shouted) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const Decision second = sent();
  EXPECT_EQ(take(Kind::failed, "4.4.7", {shouted}), Taken::done);
  EXPECT_EQ(message(first).state, State::bounced);
  EXPECT_EQ(message(second).state, State::sent);
  const std::string tag = sender().substr(8, sender().find('@') - 8);
  EXPECT_EQ(take(Kind::failed, "4.4.7", {tag}), Taken::done);
  EXPECT_EQ(message(second).state, State::bounced);
}

TEST_P(ReturnsTest, ADelayStandsInTheTraceAlone) {
  const Decision decision = sent();
  EXPECT_EQ(take(Kind::delayed, "4.4.1", {sender()}), Taken::done);
  EXPECT_EQ(take(Kind::delayed, "4.4.1", {sender()}), Taken::known);
  EXPECT_EQ(take(Kind::delivered, "2.1.5", {sender()}), Taken::done);
  const Message one = message(decision);
  EXPECT_EQ(one.state, State::sent);
  ASSERT_GE(one.trace.size(), 3u);
  EXPECT_EQ(one.trace[one.trace.size() - 2].what, "delayed");
  EXPECT_EQ(one.trace[one.trace.size() - 2].reasons, Names{"not_reached"});
  EXPECT_EQ(one.trace.back().what, "delivered");
  EXPECT_TRUE(reaches());
}

TEST_P(ReturnsTest, AFullMailboxIsForgivenTwiceInARow) {
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(reaches()) << round;
    EXPECT_EQ(take(Kind::failed, "5.2.2", {sender()}, 552), Taken::done);
    EXPECT_EQ(take(Kind::failed, "5.2.2", {sender()}, 552), Taken::known) << "the same counts once";
  }
  EXPECT_TRUE(reaches());  // and this one arrives
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(reaches()) << round;
    EXPECT_EQ(take(Kind::failed, "5.2.2", {sender()}, 552), Taken::done);
  }
  EXPECT_FALSE(reaches());
}

TEST_P(ReturnsTest, WhatArrivesAfterAllIsBelieved) {
  sent();
  const std::string slow = sender();
  sent();
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender()}), Taken::done);
  EXPECT_EQ(take(Kind::delivered, "2.1.5", {slow}), Taken::done);
  EXPECT_TRUE(reaches());
}

TEST_P(ReturnsTest, WhoeverAgreesAgainForTheAddressIsWrittenTo) {
  sent();
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender()}), Taken::done);
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  EXPECT_EQ(propose(to_anna(offer()))->reasons, Names{"unreachable"});
  clock_.advance(std::chrono::hours{48});  // they agreed a day ago
  EXPECT_EQ(propose(to_anna(offer()))->outcome, Outcome::queued);
}

TEST_P(ReturnsTest, AComplaintEndsAdvertisingAndIsWrittenDownOnce) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  auto decision = *propose(to_anna(offer()));
  send();
  EXPECT_EQ(take(Kind::complained, "", {sender()}), Taken::done);
  ASSERT_EQ(links_.ended.size(), 1u);
  EXPECT_EQ(links_.ended[0], std::pair(anna_.value, Purpose::DirectMarketing));
  EXPECT_EQ(message(decision).state, State::sent);
  EXPECT_EQ(message(decision).trace.back().what, "complained");
  EXPECT_EQ(take(Kind::complained, "", {sender()}), Taken::known);
  EXPECT_EQ(links_.ended.size(), 1u) << "they may have agreed in between";
  links_.ended.clear();
  sent();
  EXPECT_EQ(take(Kind::complained, "", {sender()}), Taken::done);
  EXPECT_TRUE(links_.ended.empty()) << "service is no advertising";
}

TEST_P(ReturnsTest, WhatComesBackTooEarlyIsToldAgain) {
  const Decision decision = *send_code(kAnna, anna_);
  const crypto::Key key = *vault_->secret(kReturnsSecret);
  const std::string sender = return_address(key, region_, decision.message, clock_.now(), "b@mail.example.com");
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender}), Taken::early);
  send();
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender}), Taken::done);
}

TEST_P(ReturnsTest, OfWhomIsErasedNothingIsTaken) {
  const Decision decision = sent();
  auto data = create_subject_data();
  ASSERT_TRUE(regions_->home().data().write([&](db::Transaction& tx) -> Result<void> {
    TRY(data->hide(tx, anna_, subjects::Removal::erased));
    TRY(data->erase(tx, anna_, clock_.now(), 100, subjects::Removal::erased));
    return {};
  }));
  EXPECT_EQ(take(Kind::failed, "5.1.1", {sender()}), Taken::unknown);
  EXPECT_EQ(take(Kind::complained, "", {sender()}), Taken::unknown);
  EXPECT_TRUE(links_.ended.empty());
}

TEST(Returns, AStatusHasAMeaning) {
  EXPECT_EQ(meaning_of("5.1.1"), "mailbox_unknown");
  EXPECT_EQ(meaning_of("5.1.10"), "mailbox_unknown");
  EXPECT_EQ(meaning_of("5.1.2"), "domain_unknown");
  EXPECT_EQ(meaning_of("5.2.1"), "mailbox_closed");
  EXPECT_EQ(meaning_of("4.2.2"), "mailbox_full");
  EXPECT_EQ(meaning_of("5.3.0"), "server_failed");
  EXPECT_EQ(meaning_of("4.4.7"), "not_in_time");
  EXPECT_EQ(meaning_of("4.4.1"), "not_reached");
  EXPECT_EQ(meaning_of("5.7.26"), "policy_refused");
  for (const char* vague : {"", "5.0.0", "5.9.1", "5.70.1", "5"}) EXPECT_EQ(meaning_of(vague), "refused") << vague;
}

}  // namespace
}  // namespace handschlag::outreach
