#include "features/staff/staff.h"

#include <gmock/gmock.h>

#include <thread>

#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::staff {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kPassword = "correct horse battery";
const Actor kActor{"cli", "4bf92f3577b34da6a3ce929d0e0e4736"};

class StaffTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()).has_value());
    staff_ = Staff::create(database(), clock_);
  }

  IssuedToken add_token(Role role = Role::agent, std::optional<Time> expires_at = {}) {
    auto issued = staff_->add_token(kActor, {.name = "desk", .role = role, .expires_at = expires_at});
    EXPECT_TRUE(issued.has_value());
    return issued.value_or(IssuedToken{});
  }

  Member add_member(std::string_view login = "Ada@Example.org", Role role = Role::agent) {
    auto member = staff_->add_member(
        kActor, {.login = std::string(login), .display_name = "Ada", .role = role, .password = std::string(kPassword)});
    EXPECT_TRUE(member.has_value());
    return member.value_or(Member{});
  }

  Result<Session> sign_in(std::string_view login, std::string_view password = kPassword) {
    return staff_->sign_in(login, password, "192.0.2.1", kActor.trace_id);
  }

  void execute(std::string_view sql) {
    auto written = database().write([&](db::Transaction& tx) -> Result<void> {
      TRY(tx.execute(sql, {}));
      return {};
    });
    ASSERT_TRUE(written.has_value()) << written.error().detail;
  }

  // Everything that a table's text and blob columns hold, as one text.
  std::string stored(std::string_view sql) {
    std::string all;
    EXPECT_TRUE(database()
                    .read([&](db::Transaction& tx) {
                      return tx.query(sql, {}, [&](const db::Row& row) { all += std::string(row.text(0)) + "\n"; });
                    })
                    .has_value());
    return all;
  }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<Staff> staff_;
};

INSTANTIATE_TEST_SUITE_P(Backends, StaffTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

TEST(Roles, HaveNamesAndMeaningsInBothLanguages) {
  EXPECT_EQ(roles().size(), 11U);
  for (const RoleInfo& role : roles()) {
    EXPECT_EQ(find_role(role.name), role.role);
    EXPECT_EQ(name_of(role.role), role.name);
    EXPECT_FALSE(role.german.empty() || role.english.empty()) << role.name;
  }
  EXPECT_EQ(name_of(Role::operator_), "operator");
  EXPECT_FALSE(find_role("root").has_value());
}

TEST_P(StaffTest, TokenSaysWhoBringsIt) {
  auto issued = staff_->add_token(kActor, {.name = "desk", .role = Role::supervisor, .region = "eu"});
  ASSERT_TRUE(issued.has_value());
  EXPECT_THAT(issued->text, StartsWith("hst_"));
  EXPECT_EQ(issued->text.size(), 47U);
  for (int again = 0; again < 2; ++again) {  // from the database, then from memory
    auto principal = staff_->authenticate(issued->text);
    ASSERT_TRUE(principal.has_value());
    EXPECT_EQ(principal->id, "token:1");
    EXPECT_EQ(principal->role, "supervisor");
    const auto& caller = std::any_cast<const Caller&>(principal->who);
    EXPECT_EQ(caller.role, Role::supervisor);
    EXPECT_EQ(caller.region, "eu");
    EXPECT_EQ(caller.token, issued->id);
  }
}

TEST_P(StaffTest, AnIntegrationHasThePurposesItWasGivenAndNobodyElseHasAny) {
  const gate::PurposeSet purposes = {gate::Purpose::CustomerCare, gate::Purpose::SatisfactionSurvey};
  auto issued = staff_->add_token(kActor, {.name = "crm", .role = Role::integration, .purposes = purposes});
  ASSERT_TRUE(issued.has_value());
  auto principal = staff_->authenticate(issued->text);
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(std::any_cast<const Caller&>(principal->who).purposes, purposes);
  EXPECT_EQ(staff_->token(issued->id)->purposes, purposes);
  EXPECT_EQ(code_of(staff_->add_token(kActor, {.name = "crm", .role = Role::integration})), "fields_invalid");
  EXPECT_EQ(code_of(staff_->add_token(kActor, {.name = "desk", .role = Role::agent, .purposes = purposes})),
            "fields_invalid");
  const NewMember person{
      .login = "anna", .display_name = "Anna", .role = Role::integration, .password = "correct-horse-battery"};
  EXPECT_EQ(code_of(staff_->add_member(kActor, person)), "fields_invalid");
}

TEST_P(StaffTest, TokenTextIsStoredNowhere) {
  const IssuedToken issued = add_token();
  const std::string secret = issued.text.substr(4);
  EXPECT_THAT(stored("SELECT name || role || region || created_by FROM staff_token"), HasSubstr("desk"));
  std::string digest;
  ASSERT_TRUE(database()
                  .read([&](db::Transaction& tx) {
                    return tx.query("SELECT digest FROM staff_token", {},
                                    [&](const db::Row& row) { digest = row.blob(0); });
                  })
                  .has_value());
  EXPECT_EQ(digest, crypto::digest(issued.text));
  EXPECT_THAT(digest, ::testing::Not(HasSubstr(secret)));
}

TEST_P(StaffTest, RevokedTokenIsRefusedAtOnce) {
  const IssuedToken issued = add_token();
  ASSERT_TRUE(staff_->authenticate(issued.text).has_value());
  ASSERT_TRUE(staff_->revoke_token(kActor, issued.id).has_value());
  EXPECT_EQ(code_of(staff_->authenticate(issued.text)), "token_invalid");
  EXPECT_TRUE(staff_->revoke_token(kActor, issued.id).has_value());
  EXPECT_EQ(code_of(staff_->revoke_token(kActor, {99})), "token_unknown");
}

TEST_P(StaffTest, RevocationByAnotherNodeIsSeenWithinTheCacheLifetime) {
  const IssuedToken issued = add_token();
  auto other_database = test_database().open_again();
  auto other = Staff::create(*other_database, clock_);
  ASSERT_TRUE(other->authenticate(issued.text).has_value());
  ASSERT_TRUE(staff_->revoke_token(kActor, issued.id).has_value());
  EXPECT_TRUE(other->authenticate(issued.text).has_value());
  clock_.advance(Settings{}.cache_lifetime);
  EXPECT_FALSE(other->authenticate(issued.text).has_value());
}

TEST_P(StaffTest, TokenExpiresAlsoInMemory) {
  const IssuedToken issued = add_token(Role::agent, clock_.now() + std::chrono::seconds(2));
  ASSERT_TRUE(staff_->authenticate(issued.text).has_value());
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(code_of(staff_->authenticate(issued.text)), "token_invalid");
}

TEST_P(StaffTest, OtherTextsAreNoTokens) {
  const IssuedToken issued = add_token();
  std::string almost = issued.text;
  almost.back() = almost.back() == 'A' ? 'B' : 'A';
  for (std::string text : {std::string(), std::string("hst_"), issued.text + "x", issued.text.substr(1), almost}) {
    auto principal = staff_->authenticate(text);
    ASSERT_FALSE(principal.has_value());
    EXPECT_EQ(principal.error().kind, ErrorKind::unauthenticated);
  }
}

TEST_P(StaffTest, WrongTokenFieldsAreNamed) {
  auto issued = staff_->add_token(kActor, {.name = "\n", .region = "../eu", .expires_at = clock_.now()});
  ASSERT_FALSE(issued.has_value());
  ASSERT_EQ(issued.error().fields.size(), 3U);
  EXPECT_EQ(issued.error().fields[0].pointer, "/name");
  EXPECT_EQ(issued.error().fields[1].pointer, "/region");
  EXPECT_EQ(issued.error().fields[2].pointer, "/expires_at");
}

TEST_P(StaffTest, TimeOfLastUseIsWrittenByMaintenance) {
  const IssuedToken used = add_token();
  add_token();
  ASSERT_TRUE(staff_->authenticate(used.text).has_value());
  clock_.advance(std::chrono::seconds(3));
  ASSERT_TRUE(staff_->authenticate(used.text).has_value());
  ASSERT_TRUE(staff_->maintain().has_value());
  auto page = staff_->tokens("", 10);
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->tokens.size(), 2U);
  EXPECT_EQ(page->tokens[0].last_used_at, clock_.now());
  EXPECT_FALSE(page->tokens[1].last_used_at.has_value());
}

TEST_P(StaffTest, MemberSignsInWithAnyCaseOfTheLogin) {
  const Member member = add_member("Ada@Example.org", Role::marketer);
  auto session = sign_in("ADA@example.ORG");
  ASSERT_TRUE(session.has_value()) << session.error().detail;
  EXPECT_EQ(session->member.id, member.id);
  auto principal = staff_->authenticate(session->text);
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(principal->id, "staff:1");
  EXPECT_EQ(principal->role, "marketer");
  auto shown = staff_->session(session->text);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->csrf_token, session->csrf_token);
  EXPECT_NE(shown->csrf_token, shown->text);
}

TEST_P(StaffTest, UnknownLoginWrongPasswordAndDisabledMemberGetTheSameAnswer) {
  const Member member = add_member();
  add_member("bob");
  ASSERT_TRUE(staff_->set_state(kActor, member.id, MemberState::disabled).has_value());
  auto disabled = sign_in("ada@example.org");
  auto unknown = sign_in("eve@example.org");
  auto wrong = sign_in("bob", "a wrong password");
  for (const auto* answer : {&disabled, &unknown, &wrong}) {
    ASSERT_FALSE(answer->has_value());
    EXPECT_EQ(answer->error().kind, ErrorKind::unauthenticated);
    EXPECT_EQ(answer->error().code, "sign_in_refused");
    EXPECT_EQ(answer->error().detail, disabled.error().detail);
  }
}

TEST_P(StaffTest, SameLoginTwiceIsAConflict) {
  add_member();
  auto second = staff_->add_member(kActor, {"ada@example.ORG", "Ada II", Role::agent, std::string(kPassword)});
  EXPECT_EQ(code_of(second), "login_taken");
}

TEST_P(StaffTest, WrongMemberFieldsAreNamed) {
  auto member = staff_->add_member(kActor, {"a b", "", Role::agent, "too short"});
  ASSERT_FALSE(member.has_value());
  ASSERT_EQ(member.error().fields.size(), 3U);
  EXPECT_EQ(member.error().fields[0].pointer, "/login");
  EXPECT_EQ(member.error().fields[1].pointer, "/display_name");
  EXPECT_EQ(member.error().fields[2].pointer, "/password");
}

TEST_P(StaffTest, ChangesOfAMemberEndOrChangeItsSessions) {
  const Member member = add_member();
  auto first = sign_in("ada@example.org");
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(staff_->authenticate(first->text).has_value());
  ASSERT_TRUE(staff_->set_role(kActor, member.id, Role::supervisor).has_value());
  EXPECT_EQ(staff_->authenticate(first->text)->role, "supervisor");

  ASSERT_TRUE(staff_->set_password(kActor, member.id, "another long password").has_value());
  EXPECT_EQ(code_of(staff_->authenticate(first->text)), "session_invalid");
  EXPECT_EQ(code_of(sign_in("ada@example.org")), "sign_in_refused");
  auto second = sign_in("ada@example.org", "another long password");
  ASSERT_TRUE(second.has_value());

  ASSERT_TRUE(staff_->set_state(kActor, member.id, MemberState::disabled).has_value());
  EXPECT_EQ(code_of(staff_->authenticate(second->text)), "session_invalid");
  ASSERT_TRUE(staff_->set_state(kActor, member.id, MemberState::enabled).has_value());
  EXPECT_EQ(code_of(staff_->authenticate(second->text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->set_role(kActor, {99}, Role::agent)), "member_unknown");
}

TEST_P(StaffTest, NobodyTakesTheirOwnAccessAway) {
  const Member member = add_member("root", Role::admin);
  const Actor self{"staff:1", kActor.trace_id};
  EXPECT_EQ(code_of(staff_->set_role(self, member.id, Role::agent)), "own_account");
  EXPECT_EQ(code_of(staff_->set_state(self, member.id, MemberState::disabled)), "own_account");
  EXPECT_TRUE(staff_->set_role(self, member.id, Role::admin).has_value());
}

TEST_P(StaffTest, SessionEndsOnSignOut) {
  add_member();
  auto session = sign_in("ada@example.org");
  ASSERT_TRUE(session.has_value());
  ASSERT_TRUE(staff_->authenticate(session->text).has_value());
  ASSERT_TRUE(staff_->sign_out(session->text, "").has_value());
  EXPECT_EQ(code_of(staff_->authenticate(session->text)), "session_invalid");
  EXPECT_TRUE(staff_->sign_out(session->text, "").has_value());
}

TEST_P(StaffTest, SessionEndsWhenIdleAndAtTheLatestWhenItsLifeIsOver) {
  add_member();
  auto idle = sign_in("ada@example.org");
  auto busy = sign_in("ada@example.org");
  ASSERT_TRUE(idle.has_value() && busy.has_value());
  const Time begin = clock_.now();
  const auto half = Settings{}.session_idle / 2;
  while (clock_.now() + half < begin + Settings{}.session_lifetime) {
    clock_.advance(half);
    EXPECT_TRUE(staff_->authenticate(busy->text).has_value()) << (clock_.now() - begin).count();
    ASSERT_TRUE(staff_->maintain().has_value());
  }
  EXPECT_EQ(code_of(staff_->authenticate(idle->text)), "session_invalid");
  clock_.advance(half);
  EXPECT_EQ(code_of(staff_->authenticate(busy->text)), "session_invalid");
  ASSERT_TRUE(staff_->maintain().has_value());
  EXPECT_EQ(stored("SELECT 'session' FROM staff_session"), "");
}

TEST_P(StaffTest, GuessingIsSlowedDown) {
  add_member("bob");
  std::string last;
  int tries = 0;
  while (last != "sign_in_throttled" && tries < 10) {
    last = code_of(sign_in("bob", "a wrong password"));
    ++tries;
  }
  EXPECT_EQ(tries, 6);
  EXPECT_EQ(code_of(sign_in("bob")), "sign_in_throttled");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(sign_in("bob").has_value());
}

TEST_P(StaffTest, WhoFindsNoFreeHashingIsToldToComeBack) {
  Settings settings;
  settings.hashings_at_once = 0;
  settings.hashing_wait = std::chrono::milliseconds(1);
  auto busy = Staff::create(database(), clock_, settings);
  auto added = busy->add_member(kActor, {"bob", "Bob", Role::agent, std::string(kPassword)});
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().kind, ErrorKind::too_many);
  EXPECT_GT(added.error().retry_after.count(), 0);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(code_of(busy->sign_in("bob", kPassword, "192.0.2.1", "")), "sign_ins_busy");
}

TEST_P(StaffTest, RequestNeedsCsrfTokenOnlyWithACookieAndToChangeSomething) {
  const IssuedToken issued = add_token();
  add_member();
  auto session = sign_in("ada@example.org");
  ASSERT_TRUE(session.has_value());
  const std::pair<std::string, std::string> cookie{"Cookie", "theme=dark; hs_session=" + session->text + "; x=y"};
  const std::pair<std::string, std::string> csrf{"x-csrf-token", session->csrf_token};
  const std::pair<std::string, std::string> bearer{"authorization", "bearer " + issued.text};
  struct Case {
    std::string method;
    http::Headers headers;
    std::string expected;
  };
  const Case cases[] = {{"GET", {}, "credential_missing"},
                        {"GET", {cookie}, "ok"},
                        {"POST", {cookie}, "csrf_invalid"},
                        {"POST", {cookie, {"X-CSRF-Token", "guess"}}, "csrf_invalid"},
                        {"POST", {cookie, csrf}, "ok"},
                        {"DELETE", {bearer}, "ok"},
                        {"GET", {{"Authorization", "Basic aHN0Xzo="}}, "token_invalid"},
                        {"GET", {{"Cookie", "other_hs_session=" + session->text}}, "credential_missing"},
                        {"GET", {{"Authorization", "Bearer x"}, cookie}, "token_invalid"}};
  for (const Case& test : cases) {
    http::Request request;
    request.method = test.method;
    request.headers = test.headers;
    EXPECT_EQ(code_of(staff_->authenticate(request)), test.expected) << test.method << test.headers.size();
  }
}

TEST_P(StaffTest, AuditTellsWhoDidWhat) {
  add_token();
  add_member();
  ASSERT_FALSE(sign_in("ada@example.org", "a wrong password").has_value());
  ASSERT_TRUE(sign_in("ada@example.org").has_value());
  auto page = staff_->audit("", "", 10);
  ASSERT_TRUE(page.has_value());
  std::vector<std::string> lines;
  for (const AuditRecord& record : page->records) {
    lines.push_back(std::to_string(record.id) + " " + record.entry.principal + " " + record.entry.operation + " " +
                    record.entry.target + " " + std::string(name_of(record.entry.outcome)));
    EXPECT_EQ(record.entry.trace_id, kActor.trace_id);
    EXPECT_EQ(record.at, clock_.now());
  }
  EXPECT_THAT(lines, ::testing::ElementsAre("4 staff:1 createSession staff:1 ok", "3 anonymous createSession  denied",
                                            "2 cli createStaff staff:1 ok", "1 cli createToken token:1 ok"));
}

TEST_P(StaffTest, FailedChangeLeavesNoAuditRecord) {
  EXPECT_FALSE(staff_->revoke_token(kActor, {7}).has_value());
  EXPECT_TRUE(staff_->audit("", "", 10)->records.empty());
}

TEST_P(StaffTest, AuditIsReadInPages) {
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(staff_->record({i % 2 == 0 ? "token:2" : "token:1", "listTokens"}).has_value());
  }
  std::vector<std::int64_t> seen;
  std::string cursor;
  do {
    auto page = staff_->audit("token:1", cursor, 2);
    ASSERT_TRUE(page.has_value());
    for (const AuditRecord& record : page->records) seen.push_back(record.id);
    cursor = page->next.value_or("");
  } while (!cursor.empty());
  EXPECT_THAT(seen, ::testing::ElementsAre(5, 3, 1));
  const std::string next = *staff_->audit("token:1", "", 2)->next;
  EXPECT_EQ(code_of(staff_->audit("token:2", next, 2)), "cursor_invalid");
}

TEST_P(StaffTest, WholeAuditChainIsFoundIntact) {
  auto empty = staff_->verify_audit();
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->records, 0);
  EXPECT_FALSE(empty->broken_at.has_value());
  ASSERT_TRUE(database()
                  .write([&](db::Transaction& tx) -> Result<void> {
                    for (int i = 0; i < 1'000; ++i) TRY(staff_->record(tx, {"token:1", "listTokens"}));
                    return {};
                  })
                  .has_value());
  auto exactly_one_page = staff_->verify_audit();
  ASSERT_TRUE(exactly_one_page.has_value());
  EXPECT_EQ(exactly_one_page->records, 1'000);
  EXPECT_FALSE(exactly_one_page->broken_at.has_value());
}

TEST_P(StaffTest, TamperedAuditIsFoundOut) {
  struct Case {
    const char* sql;
    std::int64_t broken_at;
  };
  const Case cases[] = {
      {"UPDATE staff_audit SET principal = 'token:9' WHERE id = 3", 3},
      {"UPDATE staff_audit SET at = at + 1 WHERE id = 1", 1},
      {"UPDATE staff_audit SET outcome = 'denied' WHERE id = 5", 5},
      {"DELETE FROM staff_audit WHERE id = 2", 2},
      {"DELETE FROM staff_audit WHERE id = 5", 5},
      {"INSERT INTO staff_audit SELECT 6, at, principal, operation, target, trace_id, outcome, digest FROM staff_audit "
       "WHERE id = 5",
       6},
  };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(staff_->record({"token:1", "createSource", "source:shop", "", Outcome::ok}));
  for (const Case& test : cases) {
    execute("CREATE TABLE kept AS SELECT * FROM staff_audit");
    execute(test.sql);
    auto check = staff_->verify_audit();
    ASSERT_TRUE(check.has_value());
    EXPECT_EQ(check->broken_at, test.broken_at) << test.sql;
    execute("DELETE FROM staff_audit");
    execute("INSERT INTO staff_audit SELECT * FROM kept");
    execute("DROP TABLE kept");
    EXPECT_FALSE(staff_->verify_audit()->broken_at.has_value());
  }
}

TEST_P(StaffTest, RecordsOfManyThreadsMakeOneChain) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      const std::string principal = "token:" + std::to_string(i);
      for (int k = 0; k < 10; ++k) EXPECT_TRUE(staff_->record({principal, "listTokens"}).has_value());
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto check = staff_->verify_audit();
  ASSERT_TRUE(check.has_value());
  EXPECT_EQ(check->records, 40);
  EXPECT_FALSE(check->broken_at.has_value());
}

TEST_P(StaffTest, TextThatIsNoLabelIsKeptOutOfTheAudit) {
  EXPECT_EQ(code_of(staff_->record({"", "listTokens"})), "audit_entry_invalid");
  EXPECT_EQ(code_of(staff_->record({"cli", "import\ncsv"})), "audit_entry_invalid");
}

}  // namespace
}  // namespace handschlag::staff
