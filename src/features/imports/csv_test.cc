#include "features/imports/csv.h"

#include <gmock/gmock.h>

#include <sstream>

namespace handschlag::imports {
namespace {

using ::testing::ElementsAre;

// One text a record: "line: field|field" or "line: fault".
std::vector<std::string> read(const std::string& text, char delimiter = ',', CsvLimits limits = {}) {
  std::istringstream in(text);
  CsvReader reader(in, delimiter, limits);
  std::vector<std::string> out;
  while (const CsvRecord* record = reader.next()) {
    std::string shown = std::to_string(record->line) + ": ";
    if (record->fault != CsvFault::none) {
      shown += name_of(record->fault);
    } else {
      for (std::size_t i = 0; i < record->fields.size(); ++i) {
        if (i > 0) shown += '|';
        shown += record->fields[i];
      }
    }
    out.push_back(shown);
  }
  EXPECT_EQ(reader.bytes(), static_cast<std::int64_t>(text.size()));
  return out;
}

TEST(Csv, LinesEndWithLfOrCrLfOrTheFile) {
  EXPECT_THAT(read("a,b\r\nc,d\ne,f"), ElementsAre("1: a|b", "2: c|d", "3: e|f"));
  EXPECT_THAT(read("a,b\r\nc,d\r"), ElementsAre("1: a|b", "2: c|d"));
}

TEST(Csv, EmptyFieldsAreFields) {
  EXPECT_THAT(read(",a,\n,\n"), ElementsAre("1: |a|", "2: |"));
  EXPECT_THAT(read("\"\",a,\"\"\n\"\"\n"), ElementsAre("1: |a|", "2: "));
}

TEST(Csv, QuotedFieldsHoldDelimitersQuotesAndLineEnds) {
  EXPECT_THAT(read("\"a,b\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",x\nlast,y\n"),
              ElementsAre("1: a,b|say \"hi\"", "2: two\r\nlines|x", "4: last|y"));
  EXPECT_THAT(read("a,\"b\""), ElementsAre("1: a|b"));
}

TEST(Csv, QuoteInsideAnUnquotedFieldIsAnInchSign) {
  EXPECT_THAT(read("12\" ruler,x\n\"quoted\",6\" nail\n"), ElementsAre("1: 12\" ruler|x", "2: quoted|6\" nail"));
}

TEST(Csv, ByteOrderMarkAndBlankLinesAreNotData) {
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "a;b\n\n\r\nc;d\n",
                   ';'),
              ElementsAre("1: a|b", "4: c|d"));
  EXPECT_THAT(read(""), ElementsAre());
  EXPECT_THAT(read("\xEF\xBB"), ElementsAre("1: \xEF\xBB"));
}

TEST(Csv, UnclosedQuoteCostsItsOwnLineOnly) {
  EXPECT_THAT(read("a,\"b\nc,d\ne,f\n"), ElementsAre("1: quote_unclosed", "2: c|d", "3: e|f"));
}

TEST(Csv, TextAfterAClosingQuoteCostsItsOwnLineOnly) {
  EXPECT_THAT(read("a,\"b\"c\nd,e\n"), ElementsAre("1: quote_misplaced", "2: d|e"));
  EXPECT_THAT(read("a,\"b\nc,\"d\"\ne,f\n"), ElementsAre("1: quote_misplaced", "2: c|d", "3: e|f"));
}

TEST(Csv, FieldsBeforeAFaultAreStillRead) {
  std::istringstream in("1001,\"b\n");
  CsvReader reader(in, ',');
  const CsvRecord* record = reader.next();
  ASSERT_NE(record, nullptr);
  EXPECT_THAT(record->fields, ElementsAre("1001"));
}

TEST(Csv, RecordsAndFieldsHaveLimits) {
  CsvLimits limits{.record_bytes = 20, .field_bytes = 5};
  std::string longer(30, 'x');
  EXPECT_THAT(read("a,b\n" + longer + "\nc,d\n", ',', limits), ElementsAre("1: a|b", "2: record_too_long", "3: c|d"));
  EXPECT_THAT(read("abcdef,b\n\"abcdef\",b\nc,d\n", ',', limits),
              ElementsAre("1: field_too_long", "2: field_too_long", "3: c|d"));
  EXPECT_THAT(read("a,\"" + longer + "\n" + "c,d\n", ',', limits), ElementsAre("1: record_too_long", "2: c|d"));
  EXPECT_THAT(read("a,\"b\n1,2\n3,4\n5,6\n7,8\n9,0\n", ',', limits),
              ElementsAre("1: quote_unclosed", "2: 1|2", "3: 3|4", "4: 5|6", "5: 7|8", "6: 9|0"));
}

TEST(Csv, BlocksMayEndAnywhere) {
  std::string text =
      "\xEF\xBB\xBF"
      "a,\"b\"\"c\"\r\n\"d\r\ne\",f\r\ng,\"h";
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_THAT(read(text, ',', {.block_bytes = size}), ElementsAre("1: a|b\"c", "2: d\r\ne|f", "4: quote_unclosed"))
        << size;
  }
}

TEST(Csv, RecordsMayLieAcrossBlocks) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += std::to_string(i) + ",\"some \"\"quoted\"\" text\"\r\n";
  std::istringstream in(text);
  CsvReader reader(in, ',');
  for (int i = 0; i < 60'000; ++i) {
    const CsvRecord* record = reader.next();
    ASSERT_NE(record, nullptr);
    ASSERT_EQ(record->line, i + 1);
    ASSERT_THAT(record->fields, ElementsAre(std::to_string(i), "some \"quoted\" text"));
  }
  EXPECT_EQ(reader.next(), nullptr);
}

}  // namespace
}  // namespace handschlag::imports
