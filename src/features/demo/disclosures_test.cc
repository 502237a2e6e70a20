#include <gtest/gtest.h>

#include "features/demo/company.h"
#include "features/demo/demo.h"
#include "features/staff/staff.h"
#include "platform/crypto/crypto.h"
#include "platform/db/testing/testing.h"

namespace handschlag::demo {
namespace {

const staff::Actor kNobody{"cli", ""};

class DemoDisclosures : public ::testing::Test {
 protected:
  DemoDisclosures() {
    crypto::initialize();
    std::vector<db::Migration> schema;
    for (auto part : {staff::migrations(), notices::migrations()})
      schema.insert(schema.end(), part.begin(), part.end());
    EXPECT_TRUE((*database_)->migrate(schema));
    staff_ = staff::Staff::create(**database_, clock_);
    notices_ = *notices::Notices::open(**database_, *staff_, clock_);
  }

  ManualClock clock_{*parse_time("2026-11-22T10:00:00Z")};
  std::unique_ptr<db::testing::TestDatabase> database_ = db::testing::TestDatabase::open(db::testing::Backend::sqlite);
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<notices::Notices> notices_;
};

TEST_F(DemoDisclosures, SayWhatIsAgreedToInBothLanguages) {
  ASSERT_TRUE(disclose(*notices_, kNobody, clock_));
  const auto in_force = notices_->in_force();
  EXPECT_EQ(in_force.size(), 4U);
  for (const auto& each : in_force) {
    ASSERT_EQ(each->texts.size(), 2U) << each->id;
    EXPECT_EQ(each->texts[0].language, "de");
    EXPECT_EQ(each->texts[1].language, "en");
    for (const auto& purpose : gate::purposes()) {
      if (!each->purposes.has(purpose.purpose)) continue;
      const auto entry = notices_->entry(purpose.purpose);
      ASSERT_NE(entry, nullptr) << each->id << " is about " << purpose.name;
      EXPECT_NE(entry->benefit.german, "") << purpose.name;
      EXPECT_NE(entry->benefit.english, "") << purpose.name;
    }
  }
}

// One is left out, for the register to find.
TEST_F(DemoDisclosures, SayWhatTheSourcesDo) {
  ASSERT_TRUE(disclose(*notices_, kNobody, clock_));
  for (const auto& source : declare_sources()) {
    for (const auto& declared : source.purposes) {
      const bool left_out = declared.purpose == gate::Purpose::PersonalisedAdvertising;
      EXPECT_EQ(notices_->entry(declared.purpose) == nullptr, left_out) << gate::info(declared.purpose).name;
      if (declared.basis != gate::Basis::legitimate_interest) continue;
      EXPECT_TRUE(notices_->weighed(clock_.now()).has(declared.purpose)) << gate::info(declared.purpose).name;
    }
  }
}

TEST_F(DemoDisclosures, AgainAddNothingAndLeaveWhatWasChanged) {
  ASSERT_TRUE(disclose(*notices_, kNobody, clock_));
  notices::Entry changed = *notices_->entry(gate::Purpose::DirectMarketing);
  changed.categories = {"e-mail"};
  ASSERT_TRUE(notices_->put(kNobody, changed));
  ASSERT_TRUE(notices_->retire(kNobody, "newsletter", 1));
  ASSERT_TRUE(disclose(*notices_, kNobody, clock_));
  EXPECT_EQ(notices_->all().size(), 4U);
  EXPECT_EQ(notices_->assessments().size(), 2U);
  EXPECT_EQ(notices_->entry(gate::Purpose::DirectMarketing)->categories, changed.categories);
}

}  // namespace
}  // namespace handschlag::demo
