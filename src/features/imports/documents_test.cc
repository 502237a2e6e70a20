#include "features/imports/documents.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <sstream>

#include "features/imports/intake.h"
#include "platform/base/money.h"

namespace handschlag::imports {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A till of our own: semicolons, decimal commas, German names.
constexpr std::string_view kTill = R"(
name = "till"
[file]
delimiter = ";"
decimal_mark = ","
encoding = "windows-1252"
[group]
by = ["Bon"]
message_id = "bon-{Bon}"
window_lines = 5
[[skip]]
reason = "drawer_opened"
when = [{column = "Artikel", is = ""}]
[[event]]
name = "Order Cancelled"
when = [{column = "Bon", begins_with = "S"}]
[[event]]
name = "Order Completed"
[time]
column = "Datum"
format = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
pick = "earliest"
[[identity]]
column = "Kunde"
kind = "user_id"
strip_suffix = ",0"
none = ["9999"]
[[identity]]
column = "Karte"
kind = "card_number"
[country]
column = "Land"
languages = ["de"]
unknown = ["?"]
[country.names]
"Schottland" = "GB"
[money]
currency = "EUR"
[products]
sku = "Artikel"
name = "Text"
quantity = "Menge"
price = "Preis"
[properties]
order_id = {column = "Bon"}
channel = "till"
)";
constexpr std::string_view kHeader = "Bon;Datum;Artikel;Text;Menge;Preis;Kunde;Karte;Land\n";

struct Read {
  std::unique_ptr<Mapping> mapping;
  std::vector<std::unique_ptr<Document>> documents;
  std::vector<std::string> rejected;  // "line reason"
};

Read read(const std::string& lines, std::string_view mapping_text = kTill) {
  Read out;
  out.mapping = std::make_unique<Mapping>(*parse_mapping(std::string(mapping_text), "till.toml"));
  const Mapping& mapping = *out.mapping;
  std::istringstream in(std::string(kHeader) + lines);
  CsvReader reader(in, mapping.delimiter);
  const CsvRecord* header = reader.next();
  auto layout = find_columns(mapping, {header->fields.begin(), header->fields.end()});
  if (!layout) {
    ADD_FAILURE() << layout.error().detail;
    return out;
  }
  Documents documents(mapping, *layout, [&](std::int64_t line, std::string_view reason) {
    out.rejected.push_back(fmt::format("{} {}", line, reason));
  });
  auto take = [&] {
    while (auto document = documents.take()) out.documents.push_back(std::move(document));
  };
  while (const CsvRecord* record = reader.next()) {
    documents.add(*record);
    take();
  }
  documents.finish();
  take();
  return out;
}

std::string summary(const Document& document) {
  return fmt::format("{} {} {}", document.message_id, document.lines.size(), format_micros(document.total_micros));
}

std::vector<std::string> summaries(const Read& got) {
  std::vector<std::string> out;
  for (const auto& document : got.documents) out.push_back(summary(*document));
  return out;
}

TEST(Documents, LinesOfOneGroupBecomeOneDocument) {
  Read got = read(
      "1;01.07.2011 10:00;A7;Teller;2;1,255;17,0;;Deutschland\n"
      "1;01.07.2011 10:00;B1;Tasse;1;4,5;17,0;;Deutschland\n"
      "2;01.07.2011 11:00;A7;Teller;1;1,25;;;Schottland\n");
  EXPECT_THAT(got.rejected, IsEmpty());
  EXPECT_THAT(summaries(got), ElementsAre("bon-1 2 7.01", "bon-2 1 1.25"));
  const Document& first = *got.documents[0];
  EXPECT_EQ(format_time(first.occurred), "2011-07-01T08:00:00.000Z") << "Berlin in summer";
  EXPECT_EQ(first.country, "DE");
  EXPECT_THAT(first.lines, ElementsAre(2, 3));
  ASSERT_EQ(first.identities.size(), 1U);
  EXPECT_EQ(first.identities[0], std::pair(identity::KeyKind::user_id, std::string("17")));
  EXPECT_EQ(got.documents[1]->country, "GB") << "an exception of the mapping";
  EXPECT_THAT(got.documents[1]->identities, IsEmpty());
}

TEST(Documents, ExactDuplicatesAreTwoProducts) {
  std::string line = "1;01.07.2011 10:00;A7;Teller;1;2;17;;Deutschland\n";
  Read got = read(line + line);
  EXPECT_THAT(summaries(got), ElementsAre("bon-1 2 4"));
  EXPECT_EQ(got.documents[0]->products.size(), 2U);
}

TEST(Documents, TheEventIsChosenByRule) {
  Read got = read("1;01.07.2011 10:00;A7;Teller;1;2;17;;\nS2;01.07.2011 10:00;A7;Teller;-1;2;17;;\n");
  EXPECT_EQ(got.documents[0]->event, "Order Completed");
  EXPECT_EQ(got.documents[1]->event, "Order Cancelled");
  EXPECT_EQ(got.documents[1]->total_micros, -2'000'000);
}

TEST(Documents, TheEarliestOfSeveralTimesWins) {
  Read got = read(
      "1;01.07.2011 10:01;A7;Teller;1;2;17;;\n1;01.07.2011 10:00;A7;Teller;1;2;17;;\n"
      "1;01.07.2011 10:02;A7;Teller;1;2;17;;\n");
  EXPECT_EQ(format_time(got.documents[0]->occurred), "2011-07-01T08:00:00.000Z");
}

TEST(Documents, LinesMayBeInterleavedWithinTheWindow) {
  Read got = read(
      "1;01.07.2011 10:00;A7;Teller;1;2;17;;\n2;01.07.2011 10:00;A7;Teller;1;3;18;;\n"
      "1;01.07.2011 10:00;A7;Teller;1;2;17;;\n3;01.07.2011 10:00;A7;Teller;1;3;18;;\n"
      "4;01.07.2011 10:00;A7;Teller;1;3;18;;\n5;01.07.2011 10:00;A7;Teller;1;3;18;;\n"
      "1;01.07.2011 10:00;A7;Teller;1;2;17;;\n");
  EXPECT_THAT(summaries(got), ElementsAre("bon-1 2 4", "bon-2 1 3", "bon-3 1 3", "bon-4 1 3", "bon-5 1 3"))
      << "in the order of their first lines";
  EXPECT_THAT(got.rejected, ElementsAre("8 late_line"));
}

TEST(Documents, SkippedLinesAreNoPartOfADocument) {
  Read got = read("1;01.07.2011 10:00;;;;;;;\n2;01.07.2011 10:00;;;;;;;\n2;01.07.2011 10:00;A7;Teller;1;2;17;;\n");
  EXPECT_THAT(got.rejected, ElementsAre("2 drawer_opened", "3 drawer_opened"));
  EXPECT_THAT(summaries(got), ElementsAre("bon-2 1 2"));
}

TEST(Documents, OneBadLineKeepsTheWholeDocumentOut) {
  Read got = read(
      "1;01.07.2011 10:00;A7;Teller;1;2;17;;\n1;01.07.2011 10:00;A7;Teller;one;2;17;;\n"
      "1;01.07.2011 10:00;A7;Teller;1;2;17;;\n2;01.07.2011 10:00;A7;Teller;1;3;18;;\n");
  EXPECT_THAT(got.rejected, ElementsAre("3 quantity_malformed", "2 document_incomplete", "4 document_incomplete"));
  EXPECT_THAT(summaries(got), ElementsAre("bon-2 1 3")) << "half an invoice has a wrong total";
}

TEST(Documents, EachFaultHasItsReason) {
  auto reason = [](const std::string& line) {
    Read got = read(line);
    EXPECT_THAT(got.documents, IsEmpty()) << line;
    return got.rejected.empty() ? "" : got.rejected[0];
  };
  EXPECT_EQ(reason("1;01.07.2011;A7;Teller;1;2;17;;\n"), "2 time_malformed");
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;Teller;1;1.25;17;;\n"), "2 price_malformed") << "the decimal mark is a comma";
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;Teller;1;;17;;\n"), "2 price_malformed");
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;Teller;9000000;9000000;17;;\n"), "2 amount_too_large");
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;Teller;1;2;17;;Atlantis\n"), "2 country_unknown");
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;Teller;1;2;17;\n"), "2 columns_count");
  EXPECT_EQ(reason(";01.07.2011 10:00;A7;Teller;1;2;17;;\n"), "2 group_missing");
  EXPECT_EQ(reason("1;01.07.2011 10:00;A7;\"Teller;1;2;17;;\n"), "2 quote_unclosed");
  EXPECT_EQ(reason(std::string("1;01.07.2011 10:00;A7;T") + '\0' + "ler;1;2;17;;\n"), "2 not_text");
}

TEST(Documents, LinesThatDifferInTheCustomerAreNotOneDocument) {
  Read got = read("1;01.07.2011 10:00;A7;Teller;1;2;17;;\n1;01.07.2011 10:00;A7;Teller;1;2;18;;\n");
  EXPECT_THAT(got.rejected, ElementsAre("3 lines_differ", "2 document_incomplete"));
  got = read("1;01.07.2011 10:00;A7;Teller;1;2;17;;Frankreich\n1;01.07.2011 10:00;A7;Teller;1;2;17;;Italien\n");
  EXPECT_THAT(got.rejected, ElementsAre("3 lines_differ", "2 document_incomplete"));
}

TEST(Documents, UnknownCountryAndNobodyAreNotErrors) {
  Read got = read("1;01.07.2011 10:00;A7;Teller;1;2;9999;;?\n2;01.07.2011 10:00;A7;Teller;1;2;;4711;\n");
  EXPECT_THAT(got.rejected, IsEmpty());
  EXPECT_EQ(got.documents[0]->country, "");
  EXPECT_THAT(got.documents[0]->identities, IsEmpty()) << "9999 names nobody";
  EXPECT_EQ(got.documents[1]->identities[0], std::pair(identity::KeyKind::card_number, std::string("4711")));
}

TEST(Documents, OlderEncodingsBecomeUtf8) {
  Read got = read("1;01.07.2011 10:00;A7;M\xFCsli;1;2;17;;\xD6sterreich\n");
  EXPECT_THAT(got.rejected, IsEmpty());
  EXPECT_EQ(got.documents[0]->products[0].name, "Müsli");
  EXPECT_EQ(got.documents[0]->country, "AT");
}

TEST(Documents, BytesThatAreNotUtf8AreRejectedWithTheirLine) {
  std::string utf8(kTill);
  utf8.replace(utf8.find("windows-1252"), 12, "utf-8");
  Read got = read("1;01.07.2011 10:00;A7;Müsli;1;2;17;;\n2;01.07.2011 10:00;A7;M\xFCsli;1;2;17;;\n", utf8);
  EXPECT_THAT(got.rejected, ElementsAre("3 not_text"));
  EXPECT_THAT(summaries(got), ElementsAre("bon-1 1 2"));
}

TEST(Documents, WeightsAndPricesMultiplyExactly) {
  Read got = read("1;01.07.2011 10:00;A7;Kirschen;0,532;5,999;17;;\n2;01.07.2011 10:00;A7;x;-0,5;0,000001;17;;\n");
  EXPECT_EQ(got.documents[0]->total_micros, 3'191'468);
  EXPECT_EQ(got.documents[1]->total_micros, -1) << "half a micro is rounded away from zero";
}

TEST(Documents, MissingColumnsAreNamed) {
  auto mapping = parse_mapping(std::string(kTill), "till.toml");
  auto layout =
      find_columns(*mapping, {"Bon", "Datum", "Artikel", "Text", "Menge", "Preis", "Kunde", "Kunde", "Karte"});
  ASSERT_FALSE(layout.has_value());
  EXPECT_EQ(layout.error().code, "columns_missing");
  std::vector<std::string> named;
  for (const FieldError& field : layout.error().fields) named.push_back(field.pointer);
  EXPECT_THAT(named, ::testing::UnorderedElementsAre("Land", "Kunde"));
  auto of_another_delimiter = find_columns(*mapping, {"Bon,Datum,Artikel", "a\x1b[2Jb"});
  EXPECT_THAT(of_another_delimiter.error().detail, ::testing::HasSubstr("It has: 'Bon,Datum,Artikel' ..."));
}

TEST(Intake, HoldsWhatTheDocumentSays) {
  auto mapping = parse_mapping(std::string(kTill), "till.toml");
  Read got = read(
      "1;01.07.2011 10:00;A7;Teller;2;1,255;17;4711;Deutschland\n1;01.07.2011 10:00;B1;;1;4;17;4711;Deutschland\n");
  Time now = *parse_time("2026-11-21");
  events::Intake intake = make_intake(*mapping, *got.documents[0], now);
  EXPECT_EQ(intake.type, events::EventType::track);
  EXPECT_EQ(intake.name, "Order Completed");
  EXPECT_EQ(intake.message_id, "bon-1");
  EXPECT_EQ(intake.user_id, "17");
  EXPECT_THAT(intake.keys, ElementsAre(std::pair(identity::KeyKind::card_number, std::string("4711"))));
  EXPECT_EQ(intake.country, "DE");
  EXPECT_EQ(intake.original, intake.occurred);
  EXPECT_EQ(format_time(intake.occurred), "2011-07-01T08:00:00.000Z");
  EXPECT_EQ(intake.received, now);
  EXPECT_TRUE(intake.history);
  EXPECT_EQ(
      intake.properties->dump(),
      R"({"channel":"till","currency":"EUR","order_id":"1","products":[)"
      R"({"name":"Teller","price":1.255,"quantity":2,"sku":"A7"},{"price":4,"quantity":1,"sku":"B1"}],"total":6.51})");
}

TEST(Intake, AmountsAreReadBackExactly) {
  auto mapping = parse_mapping(std::string(kTill), "till.toml");
  Document document;
  document.event = "Order Completed";
  document.property_values = {"1"};
  document.currency = "EUR";
  for (std::int64_t micros : {0L, 1L, -1L, 10L, 255'000L, -11'062'060'000L, 999'999'999'999'999L,
                              1'000'000'000'000'001L, INT64_MAX, INT64_MIN}) {
    document.total_micros = micros;
    events::Intake intake = make_intake(*mapping, document, Time{});
    auto amount = events::amount_of(intake.properties.view());
    ASSERT_TRUE(amount.has_value()) << micros;
    EXPECT_EQ(amount->micros, micros);
    EXPECT_EQ(amount->currency, "EUR");
  }
}

TEST(Intake, WhatATillDatesIntoTheFutureHappenedNow) {
  auto mapping = parse_mapping(std::string(kTill), "till.toml");
  Read got = read("1;01.07.2099 10:00;A7;Teller;2;1,255;17;;\n");
  Time now = *parse_time("2026-11-21");
  events::Intake intake = make_intake(*mapping, *got.documents[0], now);
  EXPECT_EQ(intake.occurred, now);
  EXPECT_EQ(format_time(*intake.original), "2099-07-01T08:00:00.000Z")
      << "so that a second import finds the same event";
}

}  // namespace
}  // namespace handschlag::imports
