#include <gmock/gmock.h>

#include "features/staff/staff.h"
#include "features/staff/totp.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kPassword = "correct horse battery";
constexpr std::string_view kAddress = "192.0.2.1";
const Actor kActor{"cli", ""};

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

// RFC 4648, 6.
std::string from_base32(std::string_view text) {
  std::string out;
  std::uint32_t buffer = 0;
  unsigned bits = 0;
  for (char c : text) {
    buffer = buffer << 5U | static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(buffer >> bits & 255U);
  }
  return out;
}

class SecondFactorTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()).has_value());
    staff_ = Staff::create(database(), clock_);
    staff_->set_key(crypto::Key::random());
  }

  Member add(std::string_view login, Role role) {
    auto member = staff_->add_member(kActor, {std::string(login), "Ada", role, std::string(kPassword)});
    EXPECT_TRUE(member.has_value());
    return member.value_or(Member{});
  }

  Result<Session> sign_in(std::string_view login, std::string_view code = "") {
    return staff_->sign_in(login, kPassword, kAddress, "", code);
  }

  // The code that an app shows at this moment.
  std::string shown(std::string_view secret) const {
    return totp::code_of(from_base32(secret), totp::step_at(clock_.now()));
  }

  // Sets an app up; answers its secret. The session is over then.
  std::string set_up(const Session& session) {
    auto offer = staff_->offer_factor(session.text);
    EXPECT_TRUE(offer.has_value());
    EXPECT_TRUE(staff_->set_factor(session.text, offer->ticket, shown(offer->secret), "").has_value());
    return offer->secret;
  }

  std::string may(const http::Headers& headers, std::string_view operation, std::string_view method = "GET") {
    http::Request request;
    request.method = method;
    request.operation = operation;
    request.headers = headers;
    return code_of(staff_->authenticate(request));
  }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<Staff> staff_;
};

INSTANTIATE_TEST_SUITE_P(Backends, SecondFactorTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(SecondFactorTest, AdminWithoutOneMayDoNothingButSetItUp) {
  for (Role role : {Role::admin, Role::data_protection_officer}) {
    const std::string login(name_of(role));
    add(login, role);
    auto session = sign_in(login);
    ASSERT_TRUE(session.has_value());
    // Whichever way the session comes.
    for (const auto& header : {std::pair<std::string, std::string>{"Cookie", "hs_session=" + session->text},
                               std::pair<std::string, std::string>{"Authorization", "Bearer " + session->text}}) {
      EXPECT_EQ(may({header}, "listStaff"), "second_factor_missing");
      EXPECT_EQ(may({header}, "getSession"), "ok");
      EXPECT_EQ(may({header, {"X-CSRF-Token", session->csrf_token}}, "offerSecondFactor", "POST"), "ok");
    }
    const std::string secret = set_up(*session);
    clock_.advance(std::chrono::seconds(30));
    auto again = sign_in(login, shown(secret));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(may({{"Cookie", "hs_session=" + again->text}}, "listStaff"), "ok");
  }
}

TEST_P(SecondFactorTest, OthersMayDoWithoutOneAndMayHaveOne) {
  add("mia", Role::agent);
  auto session = sign_in("mia");
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(may({{"Cookie", "hs_session=" + session->text}}, "searchCustomers"), "ok");
  set_up(*session);
  EXPECT_EQ(code_of(sign_in("mia")), "code_needed");
}

TEST_P(SecondFactorTest, WhoHasOneSignsInWithItsCodeAndWithEachCodeOnce) {
  add("ada", Role::admin);
  const std::string secret = set_up(*sign_in("ada"));
  EXPECT_EQ(code_of(sign_in("ada", shown(secret))), "code_refused");  // it was used to set the app up
  EXPECT_EQ(code_of(sign_in("ada", "000000")), "code_refused");
  clock_.advance(std::chrono::minutes(5));
  EXPECT_EQ(code_of(sign_in("ada")), "code_needed");
  EXPECT_EQ(code_of(sign_in("ada", shown(secret))), "ok");
  EXPECT_EQ(code_of(sign_in("ada", shown(secret))), "code_refused");
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(code_of(sign_in("ada", shown(secret))), "ok");
}

TEST_P(SecondFactorTest, AWrongPasswordIsNotToldApartByTheCode) {
  add("ada", Role::admin);
  const std::string secret = set_up(*sign_in("ada"));
  clock_.advance(std::chrono::minutes(5));
  EXPECT_EQ(code_of(staff_->sign_in("ada", "a wrong password", kAddress, "", shown(secret))), "sign_in_refused");
  EXPECT_EQ(code_of(staff_->sign_in("ada", "a wrong password", kAddress, "")), "sign_in_refused");
}

TEST_P(SecondFactorTest, GuessingCodesIsSlowedDown) {
  add("ada", Role::admin);
  const std::string secret = set_up(*sign_in("ada"));
  clock_.advance(std::chrono::minutes(5));
  std::string last;
  int tries = 0;
  for (; last != "sign_in_throttled" && tries < 10; ++tries) last = code_of(sign_in("ada", "12345x"));
  EXPECT_EQ(tries, 6);
  EXPECT_EQ(code_of(sign_in("ada", shown(secret))), "sign_in_throttled");
}

TEST_P(SecondFactorTest, AnOfferIsForOnePersonAndForHalfAnHour) {
  add("ada", Role::admin);
  add("eve", Role::agent);
  const Session ada = *sign_in("ada");
  const Session eve = *sign_in("eve");
  auto offer = staff_->offer_factor(ada.text);
  ASSERT_TRUE(offer.has_value());
  EXPECT_EQ(code_of(staff_->set_factor(eve.text, offer->ticket, shown(offer->secret), "")), "offer_over");
  EXPECT_EQ(code_of(staff_->set_factor(ada.text, "nonsense", shown(offer->secret), "")), "offer_over");
  EXPECT_EQ(code_of(staff_->set_factor(ada.text, offer->ticket, "12345x", "")), "code_refused");
  clock_.advance(std::chrono::minutes(31));
  EXPECT_EQ(code_of(staff_->set_factor(ada.text, offer->ticket, shown(offer->secret), "")), "offer_over");
  EXPECT_FALSE(staff_->session(ada.text)->member.has_factor);
}

TEST_P(SecondFactorTest, SettingOneUpEndsAllOtherSessions) {
  add("ada", Role::admin);
  const Session thief = *sign_in("ada");
  const Session ada = *sign_in("ada");
  auto offer = staff_->offer_factor(ada.text);
  auto now = staff_->set_factor(ada.text, offer->ticket, shown(offer->secret), "");
  ASSERT_TRUE(now.has_value());
  EXPECT_TRUE(now->member.has_factor);
  EXPECT_EQ(code_of(staff_->session(thief.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(ada.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(now->text)), "ok");
  EXPECT_EQ(code_of(staff_->offer_factor(now->text)), "second_factor_set");
}

TEST_P(SecondFactorTest, AnotherAdminTakesALostOneAwayAndNobodyTheirOwn) {
  const Member ada = add("ada", Role::admin);
  set_up(*sign_in("ada"));
  EXPECT_EQ(code_of(staff_->reset_factor({"staff:1", ""}, ada.id)), "own_account");
  auto reset = staff_->reset_factor({"staff:2", ""}, ada.id);
  ASSERT_TRUE(reset.has_value());
  EXPECT_FALSE(reset->has_factor);
  auto session = sign_in("ada");
  ASSERT_TRUE(session.has_value());
  EXPECT_EQ(may({{"Cookie", "hs_session=" + session->text}}, "listStaff"), "second_factor_missing");
  EXPECT_EQ(code_of(staff_->reset_factor(kActor, {99})), "member_unknown");
}

TEST_P(SecondFactorTest, TheSecretIsStoredSealed) {
  add("ada", Role::admin);
  const std::string secret = from_base32(set_up(*sign_in("ada")));
  std::string stored;
  ASSERT_TRUE(database()
                  .read([&](db::Transaction& tx) {
                    return tx.query("SELECT factor FROM staff_member", {},
                                    [&](const db::Row& row) { stored += row.blob(0); });
                  })
                  .has_value());
  EXPECT_GT(stored.size(), secret.size());
  EXPECT_THAT(stored, ::testing::Not(::testing::HasSubstr(secret)));
}

TEST_P(SecondFactorTest, OwnPasswordIsChangedWithTheOldOneAndEndsTheOtherSessions) {
  add("mia", Role::agent);
  const Session here = *sign_in("mia");
  const Session there = *sign_in("mia");
  const auto change = [&](std::string_view current, std::string_view password) {
    return staff_->change_password(here.text, current, password, kAddress, "");
  };
  EXPECT_EQ(code_of(change("a wrong password", "another long password")), "sign_in_refused");
  EXPECT_EQ(code_of(change(kPassword, "short")), "fields_invalid");
  auto now = change(kPassword, "another long password");
  ASSERT_TRUE(now.has_value());
  EXPECT_EQ(code_of(staff_->session(here.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(there.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(now->text)), "ok");
  EXPECT_EQ(code_of(sign_in("mia")), "sign_in_refused");
}

TEST_P(SecondFactorTest, SigningOutEverywhereEndsAllOfOnePersonAndNobodyElses) {
  add("mia", Role::agent);
  add("jonas", Role::agent);
  const Session here = *sign_in("mia");
  const Session there = *sign_in("mia");
  const Session jonas = *sign_in("jonas");
  ASSERT_TRUE(staff_->sign_out_everywhere(here.text, "").has_value());
  EXPECT_EQ(code_of(staff_->session(here.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(there.text)), "session_invalid");
  EXPECT_EQ(code_of(staff_->session(jonas.text)), "ok");
}

TEST_P(SecondFactorTest, FirstAdminComesInByALinkOnce) {
  auto stale = staff_->first_admin_link();
  auto code = staff_->first_admin_link();
  ASSERT_TRUE(stale.has_value() && code.has_value());
  const auto enter = [&](std::string_view text, std::string_view login) {
    return staff_->add_first_admin({std::string(text), std::string(login), "Ada", std::string(kPassword)}, kAddress,
                                   "");
  };
  EXPECT_EQ(code_of(enter(*stale, "ada")), "link_over");
  EXPECT_EQ(code_of(enter(*code, "a b")), "fields_invalid");
  auto session = enter(*code, "Ada");
  ASSERT_TRUE(session.has_value()) << session.error().detail;
  EXPECT_EQ(session->member.role, Role::admin);
  EXPECT_EQ(session->member.login, "ada");
  EXPECT_EQ(code_of(enter(*code, "eve")), "link_over");
  EXPECT_EQ(code_of(staff_->first_admin_link()), "admin_exists");
}

TEST_P(SecondFactorTest, LinkForTheFirstAdminIsOverAfterADayAndOnceThereIsAnAdmin) {
  auto code = staff_->first_admin_link();
  ASSERT_TRUE(code.has_value());
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(code_of(staff_->add_first_admin({*code, "ada", "Ada", std::string(kPassword)}, kAddress, "")), "link_over");
  code = staff_->first_admin_link();
  ASSERT_TRUE(code.has_value());
  add("boss", Role::admin);
  EXPECT_EQ(code_of(staff_->add_first_admin({*code, "ada", "Ada", std::string(kPassword)}, kAddress, "")), "link_over");
}

}  // namespace
}  // namespace handschlag::staff
