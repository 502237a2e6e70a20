#include <gtest/gtest.h>

#include "features/templates/templates.h"
#include "platform/db/testing/testing.h"

namespace handschlag::templates {
namespace {

class ShelfTest : public db::testing::DatabaseTest {
 protected:
  void SetUp() override {
    crypto::initialize();
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(database().migrate(staff::migrations()));
    ASSERT_TRUE(database().migrate(migrations()));
    staff_ = staff::Staff::create(database(), clock_, {});
    templates_ = Templates::create(database(), *staff_, clock_);
  }
  static Template parcel() {
    return {.id = "parcel",
            .purpose = gate::Purpose::CustomerCare,
            .parameters = {"name"},
            .texts = {{"de", {.subject = "Für {{name}}", .text = "Da."}},
                      {"en", {.subject = "{{name}}", .text = "Here."}}}};
  }
  const staff::Actor actor_{"token:1", ""};
  ManualClock clock_{from_millis(1'795'000'000'000)};
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<Templates> templates_;
};

INSTANTIATE_TEST_SUITE_P(Backends, ShelfTest, testing::ValuesIn(db::testing::all_backends()),
                         db::testing::backend_name);

TEST_P(ShelfTest, EachPublishingIsAVersionAndOldOnesStay) {
  EXPECT_EQ(templates_->publish(actor_, parcel())->version, 1);
  Template changed = parcel();
  changed.texts["en"].text = "It is here.";
  EXPECT_EQ(templates_->publish(actor_, changed)->version, 2);
  EXPECT_EQ(templates_->find("parcel", 0)->texts.at("en").text, "It is here.");
  EXPECT_EQ(templates_->find("parcel", 1)->texts.at("en").text, "Here.");
  EXPECT_EQ(templates_->find("parcel", 1)->parameters, std::vector<std::string>{"name"});
  EXPECT_EQ(templates_->find("parcel", 3).error().code, "template_unknown");
  EXPECT_EQ(templates_->find("letter", 0).error().code, "template_unknown");
  auto all = *templates_->list();
  EXPECT_EQ(all.front().version, 2);
  EXPECT_EQ(all.size(), 1 + built_in().size());
}

TEST_P(ShelfTest, WhatCannotBePublishedIsNot) {
  Template wrong = parcel();
  wrong.texts.erase("de");
  EXPECT_EQ(templates_->publish(actor_, wrong).error().code, "template_invalid");
  Template own = parcel();
  own.id = "access_code";
  EXPECT_EQ(templates_->publish(actor_, own).error().code, "template_built_in");
  ASSERT_TRUE(templates_->publish(actor_, parcel()));
  Template other = parcel();
  other.purpose = gate::Purpose::CustomerOrderManagement;
  EXPECT_EQ(templates_->publish(actor_, other).error().code, "template_purpose_differs");
}

}  // namespace
}  // namespace handschlag::templates
