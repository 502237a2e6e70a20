#include "platform/idempotency/idempotency.h"

#include <gmock/gmock.h>

#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/db/testing/testing.h"
#include "platform/json/json.h"

namespace handschlag::idempotency {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSecret = "hst_only-shown-once";

struct Sent {
  std::string key = "k1";
  std::string body = "{}";
  std::string principal = "token:1";
  std::string path = "/things";
};

class IdempotencyTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    crypto::initialize();
    key_ = crypto::Key::random();
    ASSERT_TRUE(database().migrate(migrations()).has_value());
    operation_.handler = [this](const std::shared_ptr<const http::Request>&, http::Responder responder) {
      ++calls_;
      responder.send(answer_);
    };
  }

  static std::shared_ptr<http::Request> request_of(const Sent& sent) {
    auto request = std::make_shared<http::Request>();
    request->method = "POST";
    request->path = sent.path;
    request->body = sent.body;
    request->principal.id = sent.principal;
    if (!sent.key.empty()) request->headers = {{"idempotency-key", sent.key}};
    return request;
  }

  http::Response call(const Keeper& keeper, std::shared_ptr<const http::Request> request) {
    std::promise<http::Response> answer;
    keeper.handle(operation_, std::move(request),
                  http::Responder([&](http::Response response) { answer.set_value(std::move(response)); }));
    return answer.get_future().get();
  }
  http::Response call(const Sent& sent) { return call(Keeper(database(), key_, limits_), request_of(sent)); }

  static std::string code_of(const http::Response& response) {
    auto body = json::parse(response.body);
    return body && body->is_object() ? body->value("code", "") : "";
  }

  // As if the time had gone by.
  void age(std::chrono::milliseconds by) {
    ASSERT_TRUE(database()
                    .write([&](db::Transaction& tx) -> Result<void> {
                      TRY(tx.execute("UPDATE idempotency_answer SET created_at = created_at - $1", {by.count()}));
                      return {};
                    })
                    .has_value());
  }

  std::int64_t rows() {
    std::int64_t count = 0;
    EXPECT_TRUE(database()
                    .read([&](db::Transaction& tx) {
                      return tx.query("SELECT count(*) FROM idempotency_answer", {},
                                      [&](const db::Row& row) { count = row.integer(0); });
                    })
                    .has_value());
    return count;
  }

  crypto::Key key_;
  Limits limits_;
  http::Operation operation_;
  int calls_ = 0;
  http::Response answer_ = http::Response::json(201, {{"token", kSecret}}).with("Location", "/things/1");
};

TEST_P(IdempotencyTest, RetryGetsTheFirstAnswerAndDoesNothing) {
  const http::Response first = call({});
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(http::find_header(first.headers, kReplayHeader), "");
  answer_ = http::Response::json(409, {{"code", "exists"}});
  const http::Response again = call({});
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(http::find_header(again.headers, "Location"), "/things/1");
  EXPECT_EQ(http::find_header(again.headers, "Content-Type"), "application/json");
  EXPECT_EQ(http::find_header(again.headers, kReplayHeader), "true");
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, AnswersOutliveTheProcess) {
  const http::Response first = call({});
  test_database().reopen();
  EXPECT_EQ(call({}).body, first.body);
  auto other_node = test_database().open_again();
  EXPECT_EQ(call(Keeper(*other_node, key_), request_of({})).body, first.body);
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, SameKeyWithOtherContentIsRefused) {
  call({});
  EXPECT_EQ(call({.body = "{\"a\":1}"}).status, 422);
  EXPECT_EQ(code_of(call({.path = "/others"})), "idempotency_key_reused");
  auto other_query = request_of({});
  other_query->query = {{"a", "b"}};
  EXPECT_EQ(call(Keeper(database(), key_), other_query).status, 422);
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, KeysBelongToThePrincipal) {
  call({.principal = "token:1"});
  EXPECT_EQ(call({.body = "other", .principal = "token:2"}).status, 201);
  EXPECT_EQ(call({.principal = "staff:1"}).status, 201);
  EXPECT_EQ(calls_, 3);
}

TEST_P(IdempotencyTest, QuotedAndBareKeysAreTheSame) {
  call({.key = "abc"});
  EXPECT_EQ(http::find_header(call({.key = "\"abc\""}).headers, kReplayHeader), "true");
}

TEST_P(IdempotencyTest, WithoutAKeyTheHandlerIsCalled) {
  call({.key = ""});
  call({.key = ""});
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(rows(), 0);
}

TEST_P(IdempotencyTest, MalformedKeysAreRefused) {
  for (const std::string& key :
       {std::string("\"\""), std::string("a b"), std::string("\x01"), std::string("ä"), std::string(256, 'x')}) {
    EXPECT_EQ(code_of(call({.key = key})), "idempotency_key_malformed") << key;
  }
  auto twice = request_of({});
  twice->headers.emplace_back("Idempotency-Key", "k2");
  EXPECT_EQ(call(Keeper(database(), key_), twice).status, 400);
  auto empty = request_of({});
  empty->headers = {{"Idempotency-Key", ""}};
  EXPECT_EQ(call(Keeper(database(), key_), empty).status, 400);
  EXPECT_EQ(call({.key = std::string(255, 'x')}).status, 201);
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, WhatIsInProgressIsNotBegunAgain) {
  std::optional<http::Responder> held;
  operation_.handler = [&](const std::shared_ptr<const http::Request>&, http::Responder responder) {
    ++calls_;
    held.emplace(std::move(responder));
  };
  const Keeper keeper(database(), key_);
  std::promise<http::Response> first;
  keeper.handle(operation_, request_of({}),
                http::Responder([&](http::Response response) { first.set_value(std::move(response)); }));
  const http::Response during = call({});
  EXPECT_EQ(during.status, 409);
  EXPECT_EQ(code_of(during), "idempotency_in_progress");
  EXPECT_EQ(http::find_header(during.headers, "Retry-After"), "1");
  held->send(answer_);
  EXPECT_EQ(first.get_future().get().status, 201);
  EXPECT_EQ(call({}).status, 201);
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, OfManyAtOnceOneIsHandled) {
  constexpr int kThreads = 8;
  const Keeper keeper(database(), key_);
  std::atomic<int> handled = 0;
  operation_.handler = [&](const std::shared_ptr<const http::Request>&, http::Responder responder) {
    ++handled;
    responder.send(answer_);
  };
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const int status = call(keeper, request_of({})).status;
      if (status == 201 || status == 409) ++good;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(good, kThreads);
}

TEST_P(IdempotencyTest, AnAttemptThatWasCutOffIsNotRunAgain) {
  std::optional<http::Responder> lost;
  operation_.handler = [&](const std::shared_ptr<const http::Request>&, http::Responder responder) {
    ++calls_;
    lost.emplace(std::move(responder));
  };
  const Keeper keeper(database(), key_, limits_);
  keeper.handle(operation_, request_of({}), http::Responder([](const http::Response&) {}));
  age(limits_.attempt);
  EXPECT_EQ(code_of(call({})), "idempotency_outcome_unknown");
  EXPECT_EQ(calls_, 1);
  lost->send(answer_);  // it was only slow: its answer is kept after all
  EXPECT_EQ(call({}).status, 201);
}

TEST_P(IdempotencyTest, DroppedRequestsAreAnsweredAndBegunAgain) {
  operation_.handler = [this](const std::shared_ptr<const http::Request>&, const http::Responder&) { ++calls_; };
  EXPECT_EQ(call({}).status, 500);
  EXPECT_EQ(call({}).status, 500);
  EXPECT_EQ(calls_, 2);
}

TEST_P(IdempotencyTest, RefusalsAreKeptButNotThoseThatAskToTryAgain) {
  answer_ = http::Response::problem(Error{ErrorKind::invalid, "fields_invalid", "No."});
  call({});
  EXPECT_EQ(call({}).status, 400);
  EXPECT_EQ(calls_, 1);
  for (ErrorKind kind : {ErrorKind::too_many, ErrorKind::unavailable, ErrorKind::internal}) {
    answer_ = http::Response::problem(Error{kind, "busy", "Later."});
    call({.key = "k2"});
  }
  answer_ = http::Response::empty(204);
  EXPECT_EQ(call({.key = "k2"}).status, 204);
  EXPECT_EQ(calls_, 5);
}

TEST_P(IdempotencyTest, AKeyIsForgottenAfterADay) {
  call({});
  age(kLifetime);
  EXPECT_EQ(call({.body = "another"}).status, 201);
  EXPECT_EQ(calls_, 2);
}

TEST_P(IdempotencyTest, PurgeDeletesWhatIsOver) {
  call({.key = "old"});
  age(kLifetime);
  call({.key = "new"});
  EXPECT_TRUE(Keeper(database(), key_).purge([] { return false; }).has_value());
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(http::find_header(call({.key = "new"}).headers, kReplayHeader), "true");
}

TEST_P(IdempotencyTest, LargeAnswersAreNotKept) {
  limits_.max_answer_bytes = 1'000;
  answer_ = http::Response::text(200, std::string(2'000, 'x'));
  EXPECT_EQ(call({}).body.size(), 2'000U);
  EXPECT_EQ(code_of(call({})), "idempotency_answer_too_large");
  EXPECT_EQ(calls_, 1);
}

TEST_P(IdempotencyTest, KeysOfAPrincipalAreCounted) {
  limits_.keys_per_principal = 2;
  call({.key = "a"});
  call({.key = "b"});
  const http::Response third = call({.key = "c"});
  EXPECT_EQ(third.status, 429);
  EXPECT_NE(http::find_header(third.headers, "Retry-After"), "");
  EXPECT_EQ(call({.key = "a"}).status, 201);
  EXPECT_EQ(call({.key = "c", .principal = "token:2"}).status, 201);
  age(kLifetime);
  EXPECT_EQ(call({.key = "c"}).status, 201);
}

TEST_P(IdempotencyTest, NothingReadableIsStored) {
  call({.key = "anna@example.org", .body = "secret-body"});
  std::string stored;
  ASSERT_TRUE(database()
                  .read([&](db::Transaction& tx) {
                    return tx.query("SELECT key_digest, request_digest, answer, principal FROM idempotency_answer", {},
                                    [&](const db::Row& row) {
                                      for (int column : {0, 1, 2}) stored += row.blob(column);
                                      stored += row.text(3);
                                    });
                  })
                  .has_value());
  EXPECT_THAT(stored, HasSubstr("token:1"));
  for (const std::string& text : {std::string(kSecret), std::string("anna"), std::string("secret-body")}) {
    EXPECT_THAT(stored, Not(HasSubstr(text)));
  }
}

TEST_P(IdempotencyTest, AnAnswerMovedToAnotherKeyDoesNotOpen) {
  call({.key = "a"});
  call({.key = "b"});
  ASSERT_TRUE(database()
                  .write([&](db::Transaction& tx) -> Result<void> {
                    TRY(
                        tx.execute("UPDATE idempotency_answer SET answer = (SELECT answer FROM idempotency_answer "
                                   "ORDER BY answer LIMIT 1)",
                                   {}));
                    return {};
                  })
                  .has_value());
  const int statuses = call({.key = "a"}).status + call({.key = "b"}).status;
  EXPECT_EQ(statuses, 201 + 500);
}

INSTANTIATE_TEST_SUITE_P(Backends, IdempotencyTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

}  // namespace
}  // namespace handschlag::idempotency
