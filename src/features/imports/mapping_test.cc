#include "features/imports/mapping.h"

#include <gmock/gmock.h>

#include "platform/crypto/crypto.h"

namespace handschlag::imports {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kSmall = R"(
name = "till"
[group]
by = ["Bon"]
[[event]]
name = "Order Completed"
[time]
column = "Datum"
format = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
)";

// The pointers of what is wrong.
std::vector<std::string> wrong(const std::string& text) {
  std::vector<std::string> out;
  auto mapping = parse_mapping(text, "till.toml");
  if (mapping) return out;
  EXPECT_EQ(mapping.error().kind, ErrorKind::invalid);
  EXPECT_THAT(mapping.error().detail, HasSubstr("till.toml"));
  for (const FieldError& field : mapping.error().fields) out.push_back(field.pointer);
  return out;
}

TEST(Mapping, NeedsNoMoreThanGroupEventAndTime) {
  auto mapping = parse_mapping(std::string(kSmall), "till.toml");
  ASSERT_TRUE(mapping.has_value()) << mapping.error().detail;
  EXPECT_EQ(mapping->columns, (std::vector<std::string>{"Bon", "Datum"}));
  ASSERT_EQ(mapping->message_id.size(), 1U);
  EXPECT_EQ(mapping->message_id[0].column, mapping->group_by[0]);
  EXPECT_FALSE(mapping->source.has_value());
}

TEST(Mapping, TheShippedOneIsFoundByName) {
  auto mapping = load_mapping("online_retail");
  ASSERT_TRUE(mapping.has_value()) << mapping.error().detail;
  EXPECT_EQ(mapping->source->id, "online-retail");
  EXPECT_EQ(mapping->country->exceptions.at("EIRE"), "IE");
  EXPECT_EQ(mapping->skip.size(), 2U);
}

TEST(Mapping, AnUnknownNameListsWhatThereIs) {
  auto mapping = load_mapping("offline_retail");
  ASSERT_FALSE(mapping.has_value());
  EXPECT_EQ(mapping.error().code, "mapping_not_found");
  EXPECT_THAT(mapping.error().detail, HasSubstr("online_retail"));
}

TEST(Mapping, ErrorsNameTheField) {
  std::string small(kSmall);
  EXPECT_THAT(wrong(small + "[[identity]]\ncolumn = \"Kunde\"\nkind = \"shoe_size\"\n"), Contains("/identity/0/kind"));
  EXPECT_THAT(wrong(small + "[file]\ndelimiter = \"\\\"\"\n"), Contains("/file/delimiter"));
  EXPECT_THAT(wrong(small + "[file]\ndecimal_mark = \";\"\n"), Contains("/file/decimal_mark"));
  EXPECT_THAT(wrong(small + "[file]\nencoding = \"ebcdic\"\n"), Contains("/file/encoding"));
  EXPECT_THAT(wrong(small + "[file]\ndelimeter = \";\"\n"), Contains("/file/delimeter"));
  EXPECT_THAT(wrong(small + "[money]\ncurrency = \"euro\"\n"), Contains("/money/currency"));
  EXPECT_THAT(wrong(small + "[money]\n"), Contains("/money/currency"));
  EXPECT_THAT(wrong(small + "[products]\nquantity = \"Menge\"\nprice = \"Preis\"\n"), Contains("/money/currency"));
  EXPECT_THAT(wrong(small + "[country]\ncolumn = \"Land\"\n[country.names]\n\"D\" = \"XX\"\n"),
              Contains("/country/names"));
  EXPECT_THAT(wrong(small + "[properties]\ntotal = 1\n"), Contains("/properties"));
  EXPECT_THAT(wrong(small + "[source]\nid = \"till\"\ntouchpoint = \"shop\"\npurposes = [\"Fun\"]\n"),
              Contains("/source/purposes"));
  EXPECT_THAT(wrong(small + "[[skip]]\nreason = \"Not A Word\"\nwhen = [{column = \"Bon\", is = \"\"}]\n"),
              Contains("/skip/0/reason"));
  EXPECT_THAT(wrong(small + "[[skip]]\nreason = \"all\"\n"), Contains("/skip/0/when"));
  EXPECT_THAT(wrong(small + "[[skip]]\nreason = \"two\"\nwhen = [{column = \"Bon\", is = \"1\", above = 2}]\n"),
              Contains("/skip/0/when/0/column"));
  EXPECT_THAT(wrong(small + "[[skip]]\nreason = \"x\"\nwhen = [{column = \"Bon\", above = \"many\"}]\n"),
              Contains("/skip/0/when/0/above"));
}

TEST(Mapping, TimeNeedsFormatAndZone) {
  std::string text = R"(
name = "till"
group = {by = ["Bon"]}
event = [{name = "Order Completed"}]
time = {column = "Datum", format = "%Y", zone = "Europe/Atlantis", pick = "best"}
)";
  EXPECT_THAT(wrong(text), ::testing::IsSupersetOf({"/time/format", "/time/zone", "/time/pick"}));
  EXPECT_THAT(wrong("name = \"till\"\n"), ::testing::IsSupersetOf({"/time", "/event"}));
}

TEST(Mapping, EventsLookAtTheGroupsColumnsOnly) {
  std::string text(kSmall);
  text.replace(text.find("name = \"Order Completed\""), 24,
               "name = \"Order Completed\"\nwhen = [{column = \"Menge\", above = 0}]");
  EXPECT_THAT(wrong(text), Contains("/event")) << "two lines of one group would be two events";
}

TEST(Mapping, AMessageIdNamesEachGroupColumn) {
  std::string text(kSmall);
  auto with = [&](const std::string& id) {
    std::string changed = text;
    return changed.replace(changed.find("by = [\"Bon\"]"), 12,
                           "by = [\"Bon\", \"Kasse\"]\nmessage_id = \"" + id + "\"");
  };
  EXPECT_THAT(wrong(with("{Kasse}/{Bon}!")), IsEmpty());
  EXPECT_THAT(wrong(with("{Bon}")), Contains("/group/message_id")) << "two tills' receipts would be one";
  EXPECT_THAT(wrong(with("{Kasse}{Bon}{Datum}")), Contains("/group/message_id"));
  EXPECT_THAT(wrong(with("{Kasse}{Bon")), Contains("/group/message_id"));
}

TEST(Mapping, BadTomlNamesItsLine) {
  EXPECT_THAT(wrong("name = \n"), Contains(::testing::StartsWith("line 1, column ")));
}

}  // namespace
}  // namespace handschlag::imports
