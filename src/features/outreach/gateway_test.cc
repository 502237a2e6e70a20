// Messages that leave by a gateway: what it is handed, and what becomes of its answers.
#include "features/outreach/gateway.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <tuple>

#include "features/outreach/testing/testing.h"
#include "platform/http_client/webhook.h"
#include "platform/json/json.h"

namespace handschlag::outreach {
namespace {

using gate::Channel;
using std::chrono::minutes;

class FakeClient final : public http_client::Client {
 public:
  const http_client::Policy& policy() const override { return policy_; }
  void send(http_client::Request request, Done done) override {
    requests.push_back(std::move(request));
    if (answers) done(answer);
    waiting = std::move(done);
  }
  Result<http_client::Response> fetch(http_client::Request) override { return answer; }

  Result<http_client::Response> answer = http_client::Response{202, {}, {}};
  bool answers = true;
  std::vector<http_client::Request> requests;
  Done waiting;

 private:
  http_client::Policy policy_;
};

GatewaySettings settings_with(std::vector<Channel> channels) {
  return {.url = "https://sms.example/in", .secrets = {http_client::make_secret()}, .channels = std::move(channels)};
}

Parcel a_parcel() {
  Parcel parcel;
  parcel.id = "eu.abc";
  parcel.address = "+491701234567";
  parcel.language = "de";
  parcel.text = "Ihr Rad ist fertig.";
  return parcel;
}

TEST(GatewayTest, AParcelIsASignedPostWithNoMoreThanIsNeeded) {
  crypto::initialize();
  FakeClient client;
  ManualClock clock{from_millis(5'000)};
  const GatewaySettings settings = settings_with({Channel::sms});
  const auto gateway = *create_gateway(settings, client, clock);
  EXPECT_TRUE(gateway->carries(Channel::sms));
  EXPECT_FALSE(gateway->carries(Channel::email));
  const Handed handed = gateway->hand_over(a_parcel());
  EXPECT_EQ(handed.answer.outcome, mail::Outcome::accepted);
  ASSERT_EQ(client.requests.size(), 1U);
  const http_client::Request& request = client.requests[0];
  EXPECT_EQ(request.url, "https://sms.example/in");
  EXPECT_EQ(*json::parse(request.body), (json::Value{{"type", "message"},
                                                     {"id", "eu.abc"},
                                                     {"channel", "sms"},
                                                     {"to", "+491701234567"},
                                                     {"purpose", "CustomerCare"},
                                                     {"language", "de"},
                                                     {"text", "Ihr Rad ist fertig."}}));
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("webhook-id"), "eu.abc");
  EXPECT_EQ(headers.at("webhook-signature"), *http_client::sign(settings.secrets, "eu.abc", clock.now(), request.body));
}

TEST(GatewayTest, AnswersSayWhetherItIsTriedAgain) {
  crypto::initialize();
  FakeClient client;
  ManualClock clock{from_millis(5'000)};
  const auto gateway = *create_gateway(settings_with({Channel::sms}), client, clock);
  using mail::Outcome;
  for (const auto& [status, outcome, reason] :
       {std::tuple{200, Outcome::accepted, "accepted"}, std::tuple{400, Outcome::permanent, "refused"},
        std::tuple{401, Outcome::temporary, "login_refused"}, std::tuple{404, Outcome::temporary, "refused"},
        std::tuple{410, Outcome::permanent, "refused"}, std::tuple{422, Outcome::permanent, "refused"},
        std::tuple{302, Outcome::temporary, "refused"}, std::tuple{503, Outcome::temporary, "refused"}}) {
    client.answer = http_client::Response{status, {{"Retry-After", "90"}}, {}};
    const Handed handed = gateway->hand_over(a_parcel());
    EXPECT_EQ(handed.answer.outcome, outcome) << status;
    EXPECT_EQ(handed.answer.reason, reason) << status;
    EXPECT_EQ(handed.answer.code, status);
    EXPECT_EQ(handed.answer.status, status == 410 ? "5.1.1" : "");
    EXPECT_EQ(handed.retry_after.count(), outcome == Outcome::accepted ? 0 : 90) << status;
  }
  client.answer = fail(ErrorKind::unavailable, "host_unknown", "");
  EXPECT_EQ(gateway->hand_over(a_parcel()).answer.reason, "host_unknown");
}

TEST(GatewayTest, NobodyWaitsForAnAnswerWhenTheServerStops) {
  crypto::initialize();
  FakeClient client;
  client.answers = false;
  ManualClock clock{from_millis(5'000)};
  const auto gateway = *create_gateway(settings_with({Channel::sms}), client, clock);
  gateway->interrupt();
  EXPECT_EQ(gateway->hand_over(a_parcel()).answer.reason, "interrupted");
  EXPECT_TRUE(client.requests.empty());
}

TEST(GatewayTest, WhatCanNotWorkIsToldAtTheStart) {
  crypto::initialize();
  FakeClient client;
  ManualClock clock{from_millis(5'000)};
  for (auto change :
       std::vector<void (*)(GatewaySettings&)>{[](GatewaySettings& one) { one.url = "http://sms.example/in"; },
                                               [](GatewaySettings& one) { one.url = "https://127.0.0.1/in"; },
                                               [](GatewaySettings& one) { one.secrets.clear(); },
                                               [](GatewaySettings& one) { one.secrets = {"open sesame"}; }}) {
    GatewaySettings settings = settings_with({Channel::sms});
    change(settings);
    const auto made = create_gateway(settings, client, clock);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "gateway_invalid");
  }
}

class FakeGateway final : public Gateway {
 public:
  bool carries(Channel channel) const override { return channels.contains(channel); }
  Handed hand_over(const Parcel& parcel) override {
    parcels.push_back(parcel);
    return answer;
  }
  void interrupt() override {}
  std::set<Channel> channels = {Channel::sms};
  Handed answer{{mail::Outcome::accepted, 202, "", "accepted"}};
  std::vector<Parcel> parcels;
};

class OutreachGatewayTest : public OutreachTest {
 protected:
  void SetUp() override {
    OutreachTest::SetUp();
    if (!IsSkipped()) outreach_->set_gateway(gateway_);
  }
  Proposal text_to_anna(const templates::Template& one) {
    Proposal out = to_anna(one);
    out.channel = Channel::sms;
    out.address = {identity::KeyKind::phone, "@self", "+491701234567"};
    return out;
  }
  FakeGateway gateway_;
};

INSTANTIATE_TEST_SUITE_P(Backends, OutreachGatewayTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(OutreachGatewayTest, ATextMessageLeavesByItAndMailByTheMailServer) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  const auto text = *propose(text_to_anna(one));
  EXPECT_EQ(text.outcome, Outcome::queued);
  clock_.advance(std::chrono::hours{25});  // one a day
  const auto letter = *propose(to_anna(one));
  EXPECT_EQ(kept().find("+49170"), std::string::npos) << "no number in plain text";
  send();
  EXPECT_EQ(message(text).state, State::sent);
  EXPECT_EQ(message(text).channel, Channel::sms);
  EXPECT_EQ(message(letter).state, State::sent);
  ASSERT_EQ(gateway_.parcels.size(), 1U);
  EXPECT_EQ(server_.mailed.size(), 1U);
  const Parcel& parcel = gateway_.parcels[0];
  EXPECT_EQ(parcel.address, "+491701234567");
  EXPECT_EQ(parcel.text, "Hallo Anna https://shop.example/m/" + std::to_string(anna_.value));
  EXPECT_EQ(parcel.subject, "");
  EXPECT_EQ(uses().size(), 2U) << "in the ledger, each";
}

TEST_P(OutreachGatewayTest, CapsCountAllChannelsTogether) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  const templates::Template one = offer();
  EXPECT_EQ(propose(text_to_anna(one))->outcome, Outcome::queued);
  EXPECT_EQ(propose(to_anna(one))->reasons, Names{"too_often"});
}

TEST_P(OutreachGatewayTest, AGatewayThatIsGoneDoesNotHoldUpMail) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  gateway_.answer.answer = {mail::Outcome::temporary, 0, "", "connection_failed"};
  const templates::Template one = offer();
  const auto text = *propose(text_to_anna(one));
  clock_.advance(std::chrono::hours{25});
  const auto letter = *propose(to_anna(one));
  send();
  EXPECT_EQ(message(text).state, State::waiting);
  EXPECT_EQ(message(letter).state, State::sent);
  gateway_.answer.answer = {mail::Outcome::accepted, 202, "", "accepted"};
  clock_.advance(minutes{2});
  send();
  EXPECT_EQ(message(text).state, State::sent);
  EXPECT_EQ(gateway_.parcels.at(0).id, gateway_.parcels.at(1).id) << "the receiver can tell that it is the same";
}

TEST_P(OutreachGatewayTest, WhoIsBusySaysHowLongAndAnAddressThatIsGoneIsLeftAlone) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  gateway_.answer = {{mail::Outcome::temporary, 429, "", "refused"}, minutes{45}};
  const templates::Template one = offer();
  const auto text = *propose(text_to_anna(one));
  send();
  EXPECT_EQ(message(text).due_at, clock_.now() + minutes{45});
  gateway_.answer = {{mail::Outcome::permanent, 410, "5.1.1", "refused"}};
  clock_.advance(minutes{46});
  send();
  EXPECT_EQ(message(text).state, State::dead);
  EXPECT_EQ(propose(text_to_anna(one))->reasons, Names{"unreachable"});
}

TEST_P(OutreachGatewayTest, MailThatItCarriesDoesNotGoToTheMailServer) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  gateway_.channels = {Channel::sms, Channel::email};
  const templates::Template one = offer();
  const auto letter = *propose(to_anna(one));
  send();
  EXPECT_EQ(message(letter).state, State::sent);
  EXPECT_EQ(server_.asked, 0);
  EXPECT_EQ(gateway_.parcels.at(0).subject, "Für Anna");
}

TEST_P(OutreachGatewayTest, WithoutOneNoTextMessageIsTaken) {
  facts_.agreed[anna_.value] = gate::ConsentState::given;
  gateway_.channels.clear();
  const templates::Template one = offer();
  EXPECT_EQ(propose(text_to_anna(one)).error().code, "channel_closed");
  Proposal mixed = text_to_anna(one);
  mixed.channel = Channel::email;
  EXPECT_EQ(propose(mixed).error().code, "address_unsupported");
}

}  // namespace
}  // namespace handschlag::outreach
