// Two people, or nothing happens.
#include "features/approvals/approvals.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <thread>

#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::approvals {
namespace {

using staff::Role;
using Decision = Approvals::Decision;

staff::Caller member(std::int64_t id, Role role = Role::admin) {
  return {.role = role, .member = {id}};
}

class ApprovalsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    std::vector<db::Migration> schema;
    for (auto part : {jobs::migrations(), staff::migrations(), migrations()}) {
      schema.insert(schema.end(), part.begin(), part.end());
    }
    ASSERT_TRUE(database().migrate(schema));
    staff_ = staff::Staff::create(database(), clock_);
    ASSERT_TRUE(staff_->set_four_eyes(true));
    reopen();
  }

  // As after a kill: nothing but the database is left.
  void reopen() {
    approvals_ = Approvals::create(database(), *staff_, clock_);
    approvals_->on(Operation::rotate_region_key, {[this](const Request& request) -> Result<std::string> {
                                                    if (request.target == "region:xx")
                                                      return fail(ErrorKind::not_found, "region_unknown", "No.");
                                                    return std::to_string(done_);
                                                  },
                                                  [this](const Request&, std::string_view mark) -> Result<void> {
                                                    if (fault_) return std::unexpected(*fault_);
                                                    if (mark == std::to_string(done_)) ++done_;
                                                    if (lost_)
                                                      return fail(ErrorKind::unavailable, "killed",
                                                                  "as if killed right after it was done");
                                                    return {};
                                                  }});
  }

  Result<Request> ask(const staff::Caller& who = member(1), std::string_view target = "region:eu") {
    return approvals_->ask(who, "trace", Operation::rotate_region_key, target, "somebody left");
  }
  // Before four eyes were switched on: afterwards nobody alone makes an admin.
  Result<staff::Member> added_before(const staff::Actor& by, const staff::NewMember& member) {
    EXPECT_TRUE(staff_->set_four_eyes(false));
    auto added = staff_->add_member(by, member);
    EXPECT_TRUE(staff_->set_four_eyes(true));
    return added;
  }
  Result<Request> decide(std::int64_t id, const staff::Caller& who, Decision decision = Decision::approve) {
    return approvals_->decide(who, "trace", id, decision, "as we said");
  }
  std::vector<std::string> audited() {
    std::vector<std::string> out;
    const auto page = *staff_->audit("", "", 100);
    for (const auto& record : page.records) {
      out.push_back(record.entry.principal + " " + record.entry.operation + " " + record.entry.target + " " +
                    std::string(staff::name_of(record.entry.outcome)));
    }
    return out;
  }

  ManualClock clock_{*parse_time("2026-11-22T09:00:00Z")};
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Approvals> approvals_;
  std::atomic<int> done_ = 0;
  std::optional<Error> fault_;
  bool lost_ = false;
};

INSTANTIATE_TEST_SUITE_P(Backends, ApprovalsTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ApprovalsTest, WhatOneAsksForAndAnotherApprovesIsDoneAndInTheAudit) {
  auto asked = ask();
  ASSERT_TRUE(asked) << asked.error().detail;
  EXPECT_EQ(asked->state, State::pending);
  EXPECT_EQ(asked->person, "staff:1");
  EXPECT_EQ(approvals_->carry_out(asked->id)->state, State::pending) << "nothing happens before";
  ASSERT_EQ(decide(asked->id, member(2))->state, State::approved);
  auto done = approvals_->carry_out(asked->id);
  EXPECT_EQ(done->state, State::done);
  EXPECT_EQ(done->decided_by, "staff:2");
  EXPECT_EQ(done->decision_reason, "as we said");
  EXPECT_EQ(approvals_->carry_out(asked->id)->state, State::done);
  EXPECT_EQ(done_, 1);
  EXPECT_THAT(audited(),
              testing::ElementsAre("staff:2 rotate_region_key approval:1 ok", "staff:2 approve approval:1 ok",
                                   "staff:1 ask rotate_region_key approval:1 ok",
                                   "settings switchFourEyesOn setting:security.four_eyes ok"));
}

TEST_P(ApprovalsTest, WhereFourEyesAreOffNobodyIsAskedAndWhatWasAskedCanBeDecided) {
  auto before = *ask();
  ASSERT_TRUE(staff_->set_four_eyes(false));
  auto asked = ask(member(1), "region:uk");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().kind, ErrorKind::conflict);
  EXPECT_EQ(asked.error().code, "four_eyes_off");
  EXPECT_EQ(approvals_->list({}, "", 10)->requests.size(), 1U);
  EXPECT_EQ(decide(before.id, member(2), Decision::decline)->state, State::declined);
}

TEST_P(ApprovalsTest, NobodyApprovesWhatTheyAskedFor) {
  auto asked = *ask();
  EXPECT_EQ(decide(asked.id, member(1)).error().code, "approval_own");
  EXPECT_EQ(decide(asked.id, member(1), Decision::decline).error().code, "approval_own");
  EXPECT_EQ(approvals_->find(asked.id)->state, State::pending);
}

TEST_P(ApprovalsTest, NorWithAnAccountWhosePasswordTheySet) {
  auto second = added_before({"staff:50", ""}, {"second", "Second", Role::admin, "a long password"});
  ASSERT_TRUE(second);
  auto asked = *ask(member(50));
  EXPECT_EQ(decide(asked.id, member(second->id.value)).error().code, "approval_own");
  ASSERT_TRUE(staff_->set_password({"staff:" + std::to_string(second->id.value), ""}, second->id, "one of my own!"));
  EXPECT_TRUE(decide(asked.id, member(second->id.value)));
}

TEST_P(ApprovalsTest, NorWithOneWhosePasswordAProgramSet) {
  auto second = added_before({"token:3", ""}, {"second", "Second", Role::admin, "a long password"});
  ASSERT_TRUE(second);
  auto asked = *ask(member(50));
  EXPECT_EQ(decide(asked.id, member(second->id.value)).error().code, "approval_own");
}

TEST_P(ApprovalsTest, WhoAskedCanWithdrawAndNobodyElseCan) {
  auto asked = *ask();
  EXPECT_EQ(decide(asked.id, member(2), Decision::withdraw).error().code, "approval_not_own");
  auto withdrawn = decide(asked.id, member(1), Decision::withdraw);
  ASSERT_TRUE(withdrawn) << withdrawn.error().detail;
  EXPECT_EQ(withdrawn->state, State::withdrawn);
  EXPECT_EQ(decide(asked.id, member(2)).error().code, "approval_decided");
  EXPECT_EQ(decide(asked.id, member(1), Decision::withdraw).error().code, "approval_decided");
  EXPECT_EQ(approvals_->carry_out(asked.id)->state, State::withdrawn);
  EXPECT_EQ(approvals_->list(State::withdrawn, "", 10)->requests.size(), 1U);
  EXPECT_EQ(audited().front(), "staff:1 withdraw approval:1 ok");
  EXPECT_EQ(done_, 0);
  EXPECT_TRUE(ask()) << "and it can be asked for again";
}

TEST_P(ApprovalsTest, WhatWasApprovedCannotBeWithdrawnAnyMore) {
  auto asked = *ask();
  ASSERT_TRUE(decide(asked.id, member(2)));
  EXPECT_EQ(decide(asked.id, member(1), Decision::withdraw).error().code, "approval_decided");
  EXPECT_EQ(approvals_->carry_out(asked.id)->state, State::done);
}

TEST_P(ApprovalsTest, WhatChangedSinceItWasAskedForIsNotCovered) {
  auto asked = *ask();
  ++done_;  // somebody changes what it is about
  ASSERT_TRUE(decide(asked.id, member(2)));
  auto failed = *approvals_->carry_out(asked.id);
  EXPECT_EQ(failed.state, State::failed);
  EXPECT_THAT(failed.outcome, testing::HasSubstr("ask again"));
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(approvals_->carry_out(asked.id)->state, State::failed);
  EXPECT_EQ(audited().front(), "staff:2 rotate_region_key approval:1 failed");
}

TEST_P(ApprovalsTest, WhatCannotBeDoneCannotBeAskedFor) {
  EXPECT_EQ(ask(member(1), "region:xx").error().code, "region_unknown");
  auto none = approvals_->ask(member(1), "", Operation::open_webhook, "webhook:crm", "why not");
  EXPECT_EQ(none.error().code, "operation_unknown") << "no action is bound here";
  EXPECT_TRUE(approvals_->list(std::nullopt, "", 10)->requests.empty());
}

TEST_P(ApprovalsTest, OnlyAdminsAndOperatorsAsk) {
  for (Role role : {Role::agent, Role::supervisor, Role::data_protection_officer, Role::executive}) {
    EXPECT_EQ(ask(member(1, role)).error().code, "approval_role") << staff::name_of(role);
  }
  EXPECT_TRUE(ask(member(1, Role::operator_)));
}

TEST_P(ApprovalsTest, EveryOperationOfTheTableIsFoundByItsName) {
  for (const OperationInfo& entry : operations()) {
    EXPECT_EQ(find_operation(entry.name), entry.operation);
    EXPECT_EQ(info(entry.operation).name, entry.name);
    EXPECT_FALSE(entry.german.empty());
    EXPECT_FALSE(entry.english.empty());
  }
  EXPECT_EQ(find_operation("raise_everybody"), std::nullopt);
}

TEST_P(ApprovalsTest, ATokenNeitherAsksNorApproves) {
  staff::Caller token{.role = Role::admin, .token = {7}};
  EXPECT_EQ(ask(token).error().code, "approval_needs_person");
  auto asked = *ask();
  EXPECT_EQ(decide(asked.id, token).error().code, "approval_needs_person");
  EXPECT_EQ(decide(asked.id, token, Decision::withdraw).error().code, "approval_needs_person");
}

TEST_P(ApprovalsTest, OnlyTheRolesOfTheTableDecide) {
  auto asked = *ask();
  EXPECT_EQ(decide(asked.id, member(2, Role::agent)).error().code, "approval_role");
  EXPECT_EQ(decide(asked.id, member(2, Role::operator_)).error().code, "approval_role");
  EXPECT_TRUE(decide(asked.id, member(2)));
}

TEST_P(ApprovalsTest, WhatNobodyDecidesInADayIsOver) {
  auto asked = *ask();
  clock_.advance(kLife - std::chrono::milliseconds{1});
  EXPECT_EQ(approvals_->find(asked.id)->state, State::pending);
  clock_.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(approvals_->find(asked.id)->state, State::expired);
  EXPECT_EQ(decide(asked.id, member(2)).error().code, "approval_expired");
  EXPECT_EQ(approvals_->list(State::expired, "", 10)->requests.size(), 1U);
  EXPECT_TRUE(approvals_->list(State::pending, "", 10)->requests.empty());
  EXPECT_TRUE(ask()) << "and can be asked for again";
  EXPECT_EQ(done_, 0);
}

TEST_P(ApprovalsTest, WhatIsDeclinedIsNotDone) {
  auto asked = *ask();
  EXPECT_EQ(decide(asked.id, member(2), Decision::decline)->state, State::declined);
  EXPECT_EQ(decide(asked.id, member(3)).error().code, "approval_decided");
  EXPECT_EQ(approvals_->carry_out(asked.id)->state, State::declined);
  EXPECT_EQ(done_, 0);
}

TEST_P(ApprovalsTest, OfTwoWhoDecideAtOnceOneDoesAndItIsDoneOnce) {
  for (int round = 0; round < 8; ++round) {
    auto asked = *ask();
    std::latch both(2);
    std::atomic<int> decided = 0;
    auto approve = [&](std::int64_t who) {
      both.arrive_and_wait();
      if (decide(asked.id, member(who))) ++decided;
      EXPECT_TRUE(approvals_->carry_out(asked.id));
    };
    std::thread other([&] { approve(2); });
    approve(3);
    other.join();
    EXPECT_EQ(decided, 1);
    EXPECT_EQ(done_, round + 1);
  }
}

TEST_P(ApprovalsTest, WhatIsKilledBeforeOrAfterTheDeedIsDoneOnce) {
  auto before = *ask();
  ASSERT_TRUE(decide(before.id, member(2)));
  reopen();  // between approval and deed
  EXPECT_EQ(approvals_->carry_out(before.id)->state, State::done);
  EXPECT_EQ(done_, 1);
  auto after = *ask();
  ASSERT_TRUE(decide(after.id, member(2)));
  lost_ = true;  // between deed and note of it
  EXPECT_EQ(approvals_->carry_out(after.id).error().code, "killed");
  EXPECT_EQ(done_, 2);
  lost_ = false;
  reopen();
  EXPECT_EQ(approvals_->carry_out(after.id)->state, State::done);
  EXPECT_EQ(done_, 2);
}

TEST_P(ApprovalsTest, AFailureIsToldAndAHindranceTriedAgain) {
  auto asked = *ask();
  ASSERT_TRUE(decide(asked.id, member(2)));
  fault_ = Error{ErrorKind::conflict, "upkeep_running", "A backup is being taken.", {}};
  EXPECT_EQ(approvals_->carry_out(asked.id).error().code, "upkeep_running");
  EXPECT_EQ(approvals_->find(asked.id)->state, State::approved);
  fault_ = Error{ErrorKind::not_found, "region_unknown", "There is no region 'eu'.", {}};
  EXPECT_EQ(approvals_->carry_out(asked.id)->state, State::failed);
  EXPECT_EQ(approvals_->find(asked.id)->outcome, "There is no region 'eu'.");
  EXPECT_EQ(audited().front(), "staff:2 rotate_region_key approval:1 failed");
}

TEST_P(ApprovalsTest, AServersJobsCarryOutWhatIsApproved) {
  jobs::Runner runner(database(), {});
  std::latch ran(1);
  approvals_->on(Operation::rotate_digest_key, {[](const Request&) -> Result<std::string> { return ""; },
                                                [&](const Request&, std::string_view) -> Result<void> {
                                                  ran.count_down();
                                                  return {};
                                                }});
  approvals_->bind_jobs(runner);
  ASSERT_TRUE(runner.start());
  auto asked = *approvals_->ask(member(1), "", Operation::rotate_digest_key, "region:eu", "yearly");
  ASSERT_TRUE(decide(asked.id, member(2)));
  ran.wait();
  runner.stop();
  EXPECT_EQ(approvals_->find(asked.id)->state, State::done);
}

TEST_P(ApprovalsTest, TheSameIsAskedForOnceAtATimeAndNotWithoutAReason) {
  auto asked = *ask();
  EXPECT_EQ(ask(member(2)).error().code, "approval_pending");
  EXPECT_TRUE(ask(member(2), "region:us"));
  for (std::string_view target : {"", "eu", "staff:1", "region:", "region:EU", "region:e u"}) {
    EXPECT_EQ(ask(member(1), target).error().kind, ErrorKind::invalid) << target;
  }
  for (const std::string& reason : {std::string(), std::string(kLongestReason + 1, 'x')}) {
    auto without = approvals_->ask(member(1), "", Operation::rotate_region_key, "region:uk", reason);
    EXPECT_EQ(without.error().kind, ErrorKind::invalid);
    EXPECT_EQ(approvals_->decide(member(2), "", asked.id, Decision::approve, reason).error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(decide(99, member(2)).error().code, "approval_unknown");
}

TEST_P(ApprovalsTest, AreListedInPagesNewestFirst) {
  for (char letter = 'a'; letter <= 'e'; ++letter) ASSERT_TRUE(ask(member(1), std::string("region:r") + letter));
  auto first = *approvals_->list(State::pending, "", 3);
  ASSERT_EQ(first.requests.size(), 3U);
  EXPECT_EQ(first.requests.front().target, "region:re");
  ASSERT_TRUE(first.next);
  auto rest = *approvals_->list(State::pending, *first.next, 3);
  EXPECT_EQ(rest.requests.size(), 2U);
  EXPECT_FALSE(rest.next);
  EXPECT_EQ(approvals_->list(std::nullopt, *first.next, 3).error().code, "cursor_invalid");
}

}  // namespace
}  // namespace handschlag::approvals
