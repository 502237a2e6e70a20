#include "features/webhooks/webhooks.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "features/feed/testing/node.h"
#include "platform/db/testing/testing.h"
#include "platform/http_client/webhook.h"

namespace handschlag::webhooks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

const staff::Actor kActor{"token:1", ""};

// The far side of the network: keeps what it is sent, and answers as the test says.
class Receiver final : public http_client::Client {
 public:
  const http_client::Policy& policy() const override { return policy_; }
  void send(http_client::Request request, Done done) override {
    std::string id;
    for (const auto& [name, value] : request.headers) {
      if (name == "webhook-id") id = value;
    }
    Result<http_client::Response> answer = http_client::Response{};
    {
      std::lock_guard lock(mutex_);
      ids.push_back(id);
      requests.push_back(request);
      answer = answer_to(id);
    }
    if (on_send) std::exchange(on_send, {})();
    done(std::move(answer));
  }
  Result<http_client::Response> fetch(http_client::Request) override { return fail(ErrorKind::internal, "unused", ""); }

  std::vector<std::string> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(ids, {});
  }
  // The next answers to this message; afterwards all is well again.
  void fail_next(const std::string& id, int times, int answer = 500) {
    for (int i = 0; i < times; ++i) failures_[id].push_back(answer);
  }

  std::vector<std::string> ids;
  std::function<void()> on_send;  // once
  std::vector<http_client::Request> requests;
  int status = 200;

 private:
  Result<http_client::Response> answer_to(const std::string& id) {
    int answered = status;
    if (auto planned = failures_.find(id); planned != failures_.end() && !planned->second.empty()) {
      answered = planned->second.front();
      planned->second.pop_front();
    }
    if (answered == 0) return fail(ErrorKind::unavailable, "timeout", "");
    return http_client::Response{.status = answered, .headers = {}, .body = {}};
  }

  std::mutex mutex_;
  http_client::Policy policy_;
  std::map<std::string, std::deque<int>> failures_;
};

class WebhooksTest : public feed::testing::NodeTest {
 protected:
  void SetUp() override {
    NodeTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(all_migrations()));
    staff_ = staff::Staff::create(database(), clock_);
    create();
  }
  void TearDown() override {
    webhooks_.reset();
    NodeTest::TearDown();
  }

  static std::vector<db::Migration> all_migrations() {
    std::vector<db::Migration> out;
    for (auto part : {sources::migrations(), jobs::migrations(), staff::migrations(), migrations()}) {
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }
  void create() {
    webhooks_ = Webhooks::create(database(), node_->feed(), node_->events(), node_->sources(), *staff_, receiver_,
                                 clock_, node_->metrics());
  }

  Endpoint endpoint(const std::string& id = "crm") const {
    Endpoint out;
    out.id = id;
    out.url = "https://crm.example/hook";
    out.filter.region = node_->region();
    return out;
  }
  void add(const Endpoint& wanted) { secret_ = webhooks_->add(kActor, wanted)->secret; }
  // One round, as a job would do it.
  Webhooks::Round deliver(const std::string& id = "crm") {
    auto round = webhooks_->deliver(id, [](db::Transaction&) -> Result<void> { return {}; }, [] { return false; });
    EXPECT_TRUE(round) << round.error().detail;
    return round.value_or(Webhooks::Round{});
  }
  std::string id_of(std::int64_t seq) const { return fmt::format("{}-e{}", node_->region(), seq); }
  std::vector<std::string> outcomes() {
    std::vector<std::string> out;
    const auto page = webhooks_->attempts("crm", "", "", 100);
    for (const Attempt& attempt : page->items) out.push_back(attempt.outcome);
    return out;
  }
  // Lets time pass until the next attempt is due.
  void wait_for_next() {
    const auto round = deliver();
    ASSERT_TRUE(round.next);
    clock_.set(*round.next);
  }

  Receiver receiver_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Webhooks> webhooks_;
  std::string secret_;
};

TEST_P(WebhooksTest, SendsWhatComesAfterItWasAddedInOrderOnce) {
  node_->store("hotline", "before", 1);
  add(endpoint());
  node_->store("hotline", "anna", 3);
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2), id_of(3), id_of(4)));
  deliver();
  EXPECT_THAT(receiver_.take(), IsEmpty());
  const auto status = *webhooks_->get("crm");
  EXPECT_EQ(status.position, 4);
  EXPECT_EQ(status.last_success_at, clock_.now());
}

TEST_P(WebhooksTest, WhatTestSourcesMadeUpGoesToThoseAloneWhoAskedForIt) {
  node_->add_source("trial", {{feed::testing::kCare, gate::Basis::contract}}, sources::Mode::test);
  add(endpoint());
  Endpoint test = endpoint("trial");
  test.filter.mode = sources::Mode::test;
  ASSERT_TRUE(webhooks_->add(kActor, test));
  ASSERT_TRUE(webhooks_->change(kActor, "trial", {.description = "a copy to try things out"}));
  node_->store("trial", "nobody", 1);
  node_->store("hotline", "anna", 1);
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2)));
  deliver("trial");
  EXPECT_EQ(json::parse(receiver_.requests.back().body)->at("data")["mode"], "test");
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1)));
}

TEST_P(WebhooksTest, EachRequestIsSignedAndSlim) {
  add(endpoint());
  node_->store("hotline", "anna", 1);
  deliver();
  const auto& request = receiver_.requests.at(0);
  std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  const std::vector<std::string> secrets = {secret_};
  EXPECT_EQ(headers["webhook-signature"], *http_client::sign(secrets, id_of(1), clock_.now(), request.body));
  EXPECT_EQ(headers["webhook-timestamp"], fmt::format("{}", to_millis(clock_.now()) / 1'000));
  const auto body = *json::parse(request.body);
  EXPECT_EQ(body["type"], "event.track");
  EXPECT_EQ(body["data"]["id"], id_of(1));
  EXPECT_FALSE(body["data"].contains("properties"));
  EXPECT_THAT(request.body, Not(HasSubstr("anna")));
}

TEST_P(WebhooksTest, FullPayloadsHaveTheEventWhole) {
  Endpoint wanted = endpoint();
  wanted.payload = feed::Payload::full;
  add(wanted);
  node_->store("hotline", "anna", 1);
  deliver();
  EXPECT_EQ((*json::parse(receiver_.requests.at(0).body))["data"]["properties"]["note"], "anna-0");
}

TEST_P(WebhooksTest, EachDeliveryIsInTheLedgerUnderTheNameOfTheWebhook) {
  add(endpoint());
  node_->store("hotline", "anna", 2);
  deliver();
  const auto records = *node_->ledger().read({1}, 0, 10);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].entry.role, "webhook:crm");
  EXPECT_EQ(records[0].entry.operation, "deliverWebhook");
  EXPECT_EQ(records[0].entry.use, gate::Use::export_);
}

TEST_P(WebhooksTest, StrictOrderWaitsForTheOneThatFails) {
  add(endpoint());
  node_->store("hotline", "anna", 3);
  receiver_.fail_next(id_of(2), 2);
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1), id_of(2)));
  EXPECT_EQ(webhooks_->get("crm")->waiting, 1);
  deliver();
  EXPECT_THAT(receiver_.take(), IsEmpty());
  wait_for_next();
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2)));
  wait_for_next();
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2), id_of(3)));
  EXPECT_EQ(webhooks_->get("crm")->waiting, 0);
  EXPECT_EQ(webhooks_->get("crm")->position, 3);
}

TEST_P(WebhooksTest, InAnyOrderOneThatFailsIsSetAside) {
  Endpoint wanted = endpoint();
  wanted.order = Order::any;
  wanted.concurrency = 4;
  wanted.rate = 1'000;
  add(wanted);
  node_->store("hotline", "anna", 5);
  receiver_.fail_next(id_of(2), 1, 0);
  deliver();
  EXPECT_THAT(receiver_.take(), UnorderedElementsAre(id_of(1), id_of(2), id_of(3), id_of(4), id_of(5)));
  wait_for_next();
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2)));
  const auto failed = *webhooks_->attempts("crm", "failed", "", 10);
  ASSERT_EQ(failed.items.size(), 1U);
  EXPECT_EQ(failed.items[0].error, "timeout");
}

TEST_P(WebhooksTest, TenFailuresMakeADeadLetterAndTheNextHasItsTurn) {
  add(endpoint());
  node_->store("hotline", "anna", 2);
  receiver_.fail_next(id_of(1), 10);
  deliver();
  for (int attempt = 2; attempt <= 10; ++attempt) wait_for_next();
  deliver();
  EXPECT_EQ(std::count(receiver_.ids.begin(), receiver_.ids.end(), id_of(1)), 10);
  EXPECT_EQ(receiver_.ids.back(), id_of(2));
  const auto letters = *webhooks_->dead_letters("crm", "", 10);
  ASSERT_EQ(letters.items.size(), 1U);
  EXPECT_EQ(letters.items[0].seq, 1);
  EXPECT_EQ(letters.items[0].attempts, 10);
  EXPECT_EQ(letters.items[0].last_error, "status_500");

  receiver_.take();
  const std::vector<std::int64_t> wanted = {1, 99};
  EXPECT_EQ(*webhooks_->redeliver(kActor, "crm", wanted), 1);
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1)));
  EXPECT_THAT(webhooks_->dead_letters("crm", "", 10)->items, IsEmpty());
}

TEST_P(WebhooksTest, WhoeverWasErasedBeforeTheNextAttemptIsNotSent) {
  add(endpoint());
  node_->store("hotline", "anna", 1);
  node_->store("hotline", "bert", 1);
  receiver_.fail_next(id_of(1), 1);
  deliver();
  ASSERT_TRUE(node_->vault().destroy({1}, vault::RetentionClass::ordinary));
  receiver_.take();
  wait_for_next();
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(2)));
  EXPECT_THAT(outcomes(), ElementsAre("delivered", "withdrawn", "failed"));
}

TEST_P(WebhooksTest, FiveDaysOfFailureDisableItWithAnAuditEntry) {
  add(endpoint());
  node_->store("hotline", "anna", 3);
  receiver_.status = 503;
  deliver();
  for (int i = 0; i < 40 && webhooks_->get("crm")->endpoint.enabled; ++i) {
    const auto round = deliver();
    if (round.next) clock_.set(std::max(clock_.now(), *round.next));
    deliver();
  }
  const auto status = *webhooks_->get("crm");
  EXPECT_FALSE(status.endpoint.enabled);
  EXPECT_EQ(status.disabled_reason, "failing");
  EXPECT_EQ(staff_->audit("", "", 1)->records.at(0).entry.operation, "disableWebhook");

  receiver_.status = 200;
  receiver_.take();
  deliver();
  EXPECT_THAT(receiver_.take(), IsEmpty());
  ASSERT_TRUE(webhooks_->change(kActor, "crm", {.enabled = true}));
  deliver();
  EXPECT_FALSE(receiver_.take().empty());  // what waited is tried at once
  EXPECT_EQ(webhooks_->get("crm")->position, 3);
}

TEST_P(WebhooksTest, AReceiverThatIsGoneIsDisabledAtOnce) {
  add(endpoint());
  node_->store("hotline", "anna", 2);
  receiver_.status = 410;
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1)));
  EXPECT_EQ(webhooks_->get("crm")->disabled_reason, "gone");
}

TEST_P(WebhooksTest, AnInterruptedRoundRepeatsIdsAndLosesNothing) {
  add(endpoint());
  node_->store("hotline", "anna", 3);
  // The process dies, or loses its lease, after it sent and before it could write down.
  auto lost = webhooks_->deliver(
      "crm", [](db::Transaction&) -> Result<void> { return fail(ErrorKind::conflict, "lease_lost", ""); },
      [] { return false; });
  EXPECT_EQ(lost.error().code, "lease_lost");
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1), id_of(2), id_of(3)));
  EXPECT_EQ(webhooks_->get("crm")->position, 0);
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1), id_of(2), id_of(3)));
}

TEST_P(WebhooksTest, ReplaySendsAgainWithTheSameIds) {
  add(endpoint());
  node_->store("hotline", "anna", 4);
  deliver();
  receiver_.take();
  ASSERT_TRUE(webhooks_->replay(kActor, "crm", 2));
  deliver();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(3), id_of(4)));
  EXPECT_EQ(webhooks_->replay(kActor, "crm", 5).error().code, "fields_invalid");
}

TEST_P(WebhooksTest, OldAndNewSecretSignUntilTheOverlapEnds) {
  add(endpoint());
  const std::string old_secret = secret_;
  const std::string new_secret = *webhooks_->rotate_secret(kActor, "crm", std::chrono::hours{1});
  auto signature = [&] {
    node_->store("hotline", fmt::format("u{}", receiver_.requests.size()), 1);
    deliver();
    for (const auto& [name, value] : receiver_.requests.back().headers) {
      if (name == "webhook-signature") return value;
    }
    return std::string();
  };
  const std::vector<std::string> both = {new_secret, old_secret};
  std::string found = signature();
  EXPECT_EQ(found, *http_client::sign(both, receiver_.ids.back(), clock_.now(), receiver_.requests.back().body));
  clock_.advance(std::chrono::hours{1});
  const std::vector<std::string> one = {new_secret};
  found = signature();
  EXPECT_EQ(found, *http_client::sign(one, receiver_.ids.back(), clock_.now(), receiver_.requests.back().body));
}

TEST_P(WebhooksTest, NoSecretAndNothingPersonalIsStoredInPlain) {
  Endpoint wanted = endpoint();
  wanted.payload = feed::Payload::full;
  add(wanted);
  node_->store("hotline", "anna", 1);
  receiver_.status = 500;
  deliver();
  ASSERT_TRUE(database().read([&](db::Transaction& tx) {
    return tx.query("SELECT sealed FROM webhooks_secret", {},
                    [&](const db::Row& row) { EXPECT_THAT(std::string(row.blob(0)), Not(HasSubstr(secret_))); });
  }));
}

TEST_P(WebhooksTest, OneTestAtATimeSoThatReceiversThatHangHoldNoMoreThanOneWorker) {
  add(endpoint());
  std::optional<Error> error;
  receiver_.on_send = [&] { error = webhooks_->test(kActor, "crm").error(); };
  ASSERT_TRUE(webhooks_->test(kActor, "crm"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, ErrorKind::too_many);
  EXPECT_EQ(error->code, "webhook_test_running");
  EXPECT_GT(error->retry_after.count(), 0);
  EXPECT_EQ(receiver_.requests.size(), 1U);
  EXPECT_LE(receiver_.requests[0].timeout, std::chrono::seconds{5});
  EXPECT_TRUE(webhooks_->test(kActor, "crm")) << "when the first is over";
}

TEST_P(WebhooksTest, ATestIsSentOnceAndLogged) {
  Endpoint wanted = endpoint();
  wanted.enabled = false;
  add(wanted);
  receiver_.status = 500;
  const auto attempt = *webhooks_->test(kActor, "crm");
  EXPECT_EQ(attempt.outcome, "failed");
  EXPECT_EQ(attempt.status, 500);
  EXPECT_EQ((*json::parse(receiver_.requests.at(0).body))["type"], "webhook.test");
  EXPECT_THAT(outcomes(), ElementsAre("failed"));
  EXPECT_FALSE(webhooks_->get("crm")->failing_since);
}

TEST_P(WebhooksTest, WhatIsWrongIsNamed) {
  auto fields = [&](Endpoint wanted) {
    std::vector<std::string> out;
    auto added = webhooks_->add(kActor, wanted);
    if (added) return out;
    for (const FieldError& field : added.error().fields) out.push_back(field.pointer);
    return out;
  };
  Endpoint bad = endpoint("CRM!");
  bad.url = "http://10.0.0.1/";
  bad.filter.region = "moon";
  bad.concurrency = 17;
  bad.rate = 0;
  EXPECT_THAT(fields(bad), ElementsAre("/id", "/url", "/region", "/concurrency", "/rate"));
  Endpoint strict = endpoint();
  strict.concurrency = 2;
  EXPECT_THAT(fields(strict), ElementsAre("/concurrency"));
  add(endpoint());
  EXPECT_EQ(webhooks_->add(kActor, endpoint()).error().code, "webhook_exists");
  EXPECT_EQ(webhooks_->get("nobody").error().code, "webhook_unknown");
  EXPECT_EQ(webhooks_->change(kActor, "crm", {.url = "https://127.0.0.1/"}).error().code, "fields_invalid");
  EXPECT_EQ(webhooks_->change(kActor, "crm", {.rate = 5, .if_version = 7}).error().code, "version_changed");
  EXPECT_EQ(webhooks_->change(kActor, "crm", {.rate = 5, .if_version = 1})->version, 2);
}

TEST_P(WebhooksTest, WithFourEyesOneAloneSendsNothingOfPeopleAnywhere) {
  ASSERT_TRUE(staff_->set_four_eyes(true));
  const staff::Actor approved{"staff:1", "", true};
  auto added = *webhooks_->add(kActor, endpoint());
  EXPECT_FALSE(added.status.endpoint.enabled);
  EXPECT_EQ(webhooks_->get("crm")->disabled_reason, "waits");
  EXPECT_EQ(webhooks_->change(kActor, "crm", {.enabled = true}).error().code, "four_eyes");
  EXPECT_TRUE(webhooks_->change(kActor, "crm", {.url = "https://crm.example/other"})) << "while it is closed";
  EXPECT_TRUE(webhooks_->change(approved, "crm", {.enabled = true}));
  for (const Change& wider : {Change{.url = "https://elsewhere.example/"}, Change{.payload = feed::Payload::full},
                              Change{.names = std::vector<std::string>{"Call Ended"}},
                              Change{.types = std::vector{events::EventType::track}}}) {
    EXPECT_EQ(webhooks_->change(kActor, "crm", wider).error().code, "four_eyes");
  }
  EXPECT_TRUE(webhooks_->change(kActor, "crm", {.description = "of sales", .rate = 5}));
  EXPECT_TRUE(webhooks_->change(kActor, "crm", {.enabled = false}));
  Endpoint trial = endpoint("trial");
  trial.filter.mode = sources::Mode::test;
  EXPECT_TRUE(webhooks_->add(kActor, trial)->status.endpoint.enabled) << "what is made up is nobody's";
  EXPECT_TRUE(webhooks_->add(approved, endpoint("erp"))->status.endpoint.enabled);
}

TEST_P(WebhooksTest, ARemovedOneLeavesNothing) {
  add(endpoint());
  node_->store("hotline", "anna", 1);
  receiver_.status = 500;
  deliver();
  EXPECT_EQ(webhooks_->remove(kActor, "crm", 7).error().code, "version_changed");
  ASSERT_TRUE(webhooks_->remove(kActor, "crm", 1));
  EXPECT_EQ(webhooks_->get("crm").error().code, "webhook_unknown");
  add(endpoint());
  EXPECT_THAT(outcomes(), IsEmpty());
  EXPECT_EQ(webhooks_->get("crm")->position, 1);
}

TEST_P(WebhooksTest, TheLogIsReadPageByPage) {
  add(endpoint());
  node_->store("hotline", "anna", 5);
  deliver();
  const auto first = *webhooks_->attempts("crm", "", "", 3);
  ASSERT_EQ(first.items.size(), 3U);
  ASSERT_TRUE(first.next);
  const auto second = *webhooks_->attempts("crm", "", *first.next, 3);
  EXPECT_EQ(second.items.size(), 2U);
  EXPECT_FALSE(second.next);
  EXPECT_EQ(second.items.back().seq, 1);
  EXPECT_EQ(webhooks_->attempts("crm", "dead", *first.next, 3).error().code, "cursor_invalid");
}

TEST_P(WebhooksTest, JobsDeliverByThemselvesAsEventsComeIn) {
  add(endpoint());
  ASSERT_TRUE(webhooks_->start());
  node_->store("hotline", "anna", 5);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (webhooks_->get("crm")->position < 5 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  webhooks_->stop();
  EXPECT_THAT(receiver_.take(), ElementsAre(id_of(1), id_of(2), id_of(3), id_of(4), id_of(5)));
}

TEST(EventId, IsReadBackAsItIsWritten) {
  EXPECT_EQ(*parse_event_id("eu", "eu-e2s"), 100);
  for (const char* id : {"", "eu-e", "eu-2s", "us-e2s", "eu-e-1", "eu-e0", "eu-e2s!", "eu-ezzzzzzzzzzzzzzzz"}) {
    EXPECT_EQ(parse_event_id("eu", id).error().code, "event_id_malformed") << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, WebhooksTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::webhooks
