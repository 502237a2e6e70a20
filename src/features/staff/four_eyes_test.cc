// Four eyes in staff: nobody gives, or takes, the power to decide alone.
#include <gmock/gmock.h>

#include "features/staff/staff.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::staff {
namespace {

constexpr const char* kPassword = "correct-horse-battery";

class FourEyesTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(migrations()));
    staff_ = Staff::create(database(), clock_);
    ASSERT_TRUE(staff_->set_four_eyes(true));
  }

  Result<Member> add(const std::string& login, Role role, const Actor& actor = {"cli", ""}) {
    return staff_->add_member(actor, {login, login, role, kPassword});
  }
  // The first two, who can then approve for each other.
  void add_two_admins() {
    ASSERT_TRUE(add("anna", Role::admin));
    ASSERT_TRUE(add("bernd", Role::admin));
  }
  static Actor by(const Member& member) { return {"staff:" + std::to_string(member.id.value), ""}; }
  std::vector<std::string> audited() {
    std::vector<std::string> out;
    const auto page = *staff_->audit("", "", 100);
    for (const auto& record : page.records) {
      out.push_back(record.entry.principal + " " + record.entry.operation + " " + record.entry.target);
    }
    return out;
  }

  const Actor approved_{"staff:1", "", true};
  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<Staff> staff_;
};

INSTANTIATE_TEST_SUITE_P(Backends, FourEyesTest, ::testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : result.error().code;
}

TEST_P(FourEyesTest, TheFirstTwoAdminsAreMadeAtTheCommandLineAndTheThirdByTwoPeople) {
  EXPECT_EQ(code_of(add("anna", Role::admin, {"token:1", ""})), "four_eyes");
  add_two_admins();
  EXPECT_EQ(*staff_->admins(), 2);
  EXPECT_EQ(code_of(add("carla", Role::admin)), "four_eyes") << "the command line neither, from here on";
  auto carla = add("carla", Role::agent);
  ASSERT_TRUE(carla);
  auto alone = staff_->set_role({"staff:1", ""}, carla->id, Role::admin);
  EXPECT_EQ(code_of(alone), "four_eyes");
  EXPECT_THAT(alone.error().detail, testing::HasSubstr("--operation grant_admin --target staff:3"));
  EXPECT_EQ(code_of(staff_->set_role(approved_, carla->id, Role::admin)), "ok");
  EXPECT_EQ(*staff_->admins(), 3);
}

TEST_P(FourEyesTest, WhoIsTheLastAdminMakesNoOtherButTheCommandLineDoes) {
  add_two_admins();
  auto anna = *staff_->member({1});
  ASSERT_TRUE(staff_->set_state(by(anna), {2}, MemberState::disabled)) << "to take power away takes one";
  EXPECT_EQ(*staff_->admins(), 1);
  auto puppet = *add("puppet", Role::agent, by(anna));
  EXPECT_EQ(code_of(staff_->set_role(by(anna), puppet.id, Role::admin)), "four_eyes");
  EXPECT_EQ(code_of(add("puppet2", Role::admin, by(anna))), "four_eyes");
  EXPECT_EQ(code_of(add("carla", Role::admin)), "ok") << "so nobody is locked out for ever";
}

TEST_P(FourEyesTest, TheRoleOfWhoChecksTakesTwoAsWell) {
  add_two_admins();
  EXPECT_EQ(code_of(add("dora", Role::data_protection_officer)), "four_eyes");
  auto dora = *add("dora", Role::agent);
  EXPECT_EQ(code_of(staff_->set_role({"staff:1", ""}, dora.id, Role::data_protection_officer)), "four_eyes");
  EXPECT_EQ(code_of(staff_->set_role({"staff:1", ""}, dora.id, Role::supervisor)), "ok");
  EXPECT_EQ(code_of(staff_->set_role(approved_, dora.id, Role::data_protection_officer)), "ok");
}

TEST_P(FourEyesTest, NobodySignsInAsAnotherAdminWithAPasswordTheySet) {
  add_two_admins();
  EXPECT_EQ(code_of(staff_->set_password({"staff:1", ""}, {2}, kPassword)), "four_eyes");
  EXPECT_EQ(code_of(staff_->set_password({"token:1", ""}, {2}, kPassword)), "four_eyes");
  EXPECT_EQ(code_of(staff_->set_password({"staff:2", ""}, {2}, kPassword)), "ok") << "one's own";
  ASSERT_TRUE(staff_->set_role({"staff:1", ""}, {2}, Role::agent));
  EXPECT_EQ(code_of(staff_->set_password({"staff:1", ""}, {2}, kPassword)), "ok");
  EXPECT_EQ(code_of(staff_->set_role({"staff:1", ""}, {2}, Role::admin)), "four_eyes") << "no way back alone";
}

TEST_P(FourEyesTest, ATokenThatCouldDoMuchWaitsUntilItIsAdmitted) {
  auto admin = *staff_->add_token({"cli", ""}, {.name = "ops", .role = Role::admin});
  auto crm = *staff_->add_token({"cli", ""},
                                {.name = "crm", .role = Role::integration, .purposes = {gate::Purpose::CustomerCare}});
  auto desk = *staff_->add_token({"cli", ""}, {.name = "desk", .role = Role::agent});
  EXPECT_TRUE(admin.waits && crm.waits);
  EXPECT_FALSE(desk.waits);
  EXPECT_EQ(code_of(staff_->authenticate(admin.text)), "token_waits");
  EXPECT_EQ(code_of(staff_->authenticate(crm.text)), "token_waits");
  EXPECT_EQ(code_of(staff_->authenticate(desk.text)), "ok");
  EXPECT_EQ(code_of(staff_->admit_token({"staff:1", ""}, admin.id)), "four_eyes");
  for (int again = 0; again < 2; ++again) EXPECT_EQ(code_of(staff_->admit_token(approved_, admin.id)), "ok");
  EXPECT_EQ(code_of(staff_->authenticate(admin.text)), "ok");
  EXPECT_EQ(code_of(staff_->authenticate(crm.text)), "token_waits");
  EXPECT_FALSE(staff_->token(admin.id)->waits);
  EXPECT_EQ(code_of(staff_->admit_token(approved_, {99})), "token_unknown");
  EXPECT_THAT(audited(), testing::Contains("staff:1 admitToken token:1").Times(1));
}

TEST_P(FourEyesTest, SwitchedOffOneIsEnoughAndTheAuditTellsWhen) {
  ASSERT_TRUE(staff_->set_four_eyes(true));  // as at each start
  auto waiting = *staff_->add_token({"cli", ""}, {.name = "ops", .role = Role::admin});
  ASSERT_TRUE(staff_->set_four_eyes(false));
  ASSERT_TRUE(staff_->set_four_eyes(false));
  EXPECT_EQ(code_of(staff_->authenticate(waiting.text)), "ok");
  EXPECT_EQ(code_of(add("anna", Role::admin, {"token:1", ""})), "ok");
  EXPECT_EQ(code_of(staff_->check_four_eyes({"cli", ""}, "delete_test_data", "test-data")), "ok");
  ASSERT_TRUE(staff_->set_four_eyes(true));
  EXPECT_EQ(code_of(staff_->authenticate(waiting.text)), "token_waits");
  EXPECT_THAT(audited(), testing::ElementsAre(
                             "settings switchFourEyesOn setting:security.four_eyes", "token:1 createStaff staff:1",
                             "settings switchFourEyesOff setting:security.four_eyes", "cli createToken token:1",
                             "settings switchFourEyesOn setting:security.four_eyes"));
}

}  // namespace
}  // namespace handschlag::staff
