#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/staff/staff.h"
#include "platform/db/testing/testing.h"

namespace handschlag::staff {
namespace {

constexpr std::string_view kPassword = "correct horse battery";
const Actor kActor{"token:1", "trace"};

TEST(Units, ArePathsOfLowerCaseNames) {
  for (const char* good : {"", "south", "south/munich", "a/b/c/d/e", "0", "south-west/2"}) {
    EXPECT_TRUE(is_unit(good)) << good;
  }
  EXPECT_TRUE(is_unit(std::string(40, 'a') + "/" + std::string(40, 'b')));
  for (const char* bad : {"South", "/", "/south", "south/", "a//b", "a/b/c/d/e/f", "süd", "a b", "a_b", "a.b", "*"}) {
    EXPECT_FALSE(is_unit(bad)) << bad;
  }
  EXPECT_FALSE(is_unit(std::string(41, 'a')));
  EXPECT_FALSE(is_unit(std::string_view("a\0b", 3)));
}

TEST(Units, LieWithinThemselvesAndWhatIsAbove) {
  EXPECT_TRUE(is_within("south/munich", "south/munich"));
  EXPECT_TRUE(is_within("south/munich", "south"));
  EXPECT_TRUE(is_within("south/munich", ""));
  EXPECT_TRUE(is_within("", ""));
  EXPECT_FALSE(is_within("south", "south/munich"));
  EXPECT_FALSE(is_within("", "south"));
  EXPECT_FALSE(is_within("southwest", "south")) << "a name that begins the same is another";
  EXPECT_FALSE(is_within("south/munich", "munich"));
}

class StaffUnitsTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()).has_value());
    staff_ = Staff::create(database(), clock_);
  }
  static std::string field(const Error& error) { return error.fields.empty() ? "" : error.fields.front().pointer; }
  static Caller caller(const Result<http::Principal>& principal) { return std::any_cast<Caller>(principal->who); }

  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<Staff> staff_;
};

INSTANTIATE_TEST_SUITE_P(Backends, StaffUnitsTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(StaffUnitsTest, TokensAreLimitedToTheirs) {
  auto issued = staff_->add_token(kActor, {.name = "till", .role = Role::agent, .unit = "south/munich"});
  ASSERT_TRUE(issued) << issued.error().detail;
  EXPECT_EQ(caller(staff_->authenticate(issued->text)).unit, "south/munich");
  EXPECT_EQ(unit_of(*staff_->authenticate(issued->text)), "south/munich");
  EXPECT_EQ(staff_->token(issued->id)->unit, "south/munich");
  EXPECT_EQ(staff_->tokens("", 10)->tokens.front().unit, "south/munich");
}

TEST_P(StaffUnitsTest, WhoActsOnTheWholeCompanyIsNotLimited) {
  for (Role role : {Role::admin, Role::operator_, Role::data_protection_officer, Role::integration}) {
    EXPECT_EQ(unit_use(role), UnitUse::none);
    NewToken token{.name = "x", .role = role, .unit = "south"};
    if (role == Role::integration) token.purposes = {gate::Purpose::CustomerCare};
    auto refused = staff_->add_token(kActor, token);
    ASSERT_FALSE(refused);
    EXPECT_EQ(field(refused.error()), "/unit");
  }
  auto broker = staff_->add_token(kActor, {.name = "x", .role = Role::broker});
  ASSERT_FALSE(broker);
  EXPECT_EQ(field(broker.error()), "/unit");
  EXPECT_EQ(field(staff_->add_token(kActor, {.name = "x", .unit = "South"}).error()), "/unit");
}

TEST_P(StaffUnitsTest, AChangeHoldsForSessionsAtOnce) {
  auto member = staff_->add_member(kActor, {"ada", "Ada", Role::agent, std::string(kPassword), "south"});
  ASSERT_TRUE(member) << member.error().detail;
  EXPECT_EQ(member->unit, "south");
  auto session = *staff_->sign_in("ada", kPassword, "127.0.0.1", "");
  EXPECT_EQ(session.member.unit, "south");
  EXPECT_EQ(caller(staff_->authenticate(session.text)).unit, "south");
  EXPECT_EQ(staff_->set_role(kActor, member->id, Role::sales)->unit, "south") << "what is not said stays";
  ASSERT_TRUE(staff_->set_role(kActor, member->id, Role::broker, "south/munich"));
  EXPECT_EQ(caller(staff_->authenticate(session.text)).unit, "south/munich");
  EXPECT_EQ(field(staff_->set_role(kActor, member->id, Role::admin).error()), "/unit");
  EXPECT_EQ(field(staff_->set_role(kActor, member->id, Role::broker, "").error()), "/unit");
  EXPECT_EQ(staff_->set_role(kActor, member->id, Role::admin, "")->unit, "");
  EXPECT_EQ(staff_->member(member->id)->unit, "");
  EXPECT_EQ(staff_->audit("", "", 1)->records.front().entry.operation, "setStaffRole");
}

TEST_P(StaffUnitsTest, ABrokerOfBeforeIsKnownAsOneWithoutAUnit) {
  auto issued = staff_->add_token(kActor, {.name = "x", .role = Role::broker, .unit = "south"});
  ASSERT_TRUE(database().write([](db::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE staff_token SET unit = ''", {}));
    return {};
  }));
  EXPECT_TRUE(lacks_unit(caller(staff_->authenticate(issued->text))));
}

}  // namespace
}  // namespace handschlag::staff
