// Gathers the lines of a file into documents: the lines that belong together, such as those of an invoice. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "features/imports/csv.h"
#include "features/imports/mapping.h"

namespace handschlag::imports {

// The reason of a line whose document is closed already.
inline constexpr std::string_view kLateLine = "late_line";

// Where the mapping's columns stand in a file. Errors: invalid, code "columns_missing", each of them named.
struct Layout {
  std::vector<std::size_t> places;  // by Column
  std::size_t width = 0;            // fields of a record
};
Result<Layout> find_columns(const Mapping& mapping, const std::vector<std::string>& header);

struct Product {
  std::string sku;
  std::string name;
  std::int64_t quantity_micros = 0;
  std::int64_t price_micros = 0;
};

struct Document {
  std::int64_t first_record = 0;    // counted from the first after the header
  std::vector<std::int64_t> lines;  // their numbers in the file
  std::string key;
  std::string message_id;
  std::string_view event;  // its name, in the mapping
  Time occurred{};
  std::vector<std::pair<identity::KeyKind, std::string>> identities;
  std::string country;                       // ISO 3166; "" unknown
  std::string currency;                      // ISO 4217; "" none
  std::vector<std::string> property_values;  // of the mapping's properties that come from a column, in their order
  std::vector<Product> products;             // one a line
  std::int64_t total_micros = 0;
  std::vector<std::string> agreed;  // what every line must repeat
  bool broken = false;              // a line of it can't be used, so none is
};

class Documents {
 public:
  // Called for each line that becomes no part of an event. `reason` is a word of docs/import.md.
  using Reject = std::function<void(std::int64_t line, std::string_view reason)>;

  // `mapping` must outlive this.
  Documents(const Mapping& mapping, Layout layout, Reject reject);

  void add(const CsvRecord& record);
  // No further record comes.
  void finish() { finished_ = true; }
  // The next document that is whole, in the order of their first lines.
  std::unique_ptr<Document> take();

  std::int64_t records() const { return records_; }
  // Whether so many documents went by that late lines could no longer be told.
  bool too_many() const { return closed_.size() >= kMaxDocuments; }

  static constexpr std::size_t kMaxDocuments = 5'000'000;  // about 200 MB of fingerprints

 private:
  bool read_values(const CsvRecord& record);
  bool read_key();
  bool skip(std::int64_t line);
  Document* document_of_key(std::int64_t line);
  // These answer why the line can't be used; "": it can.
  std::string_view fill_head(Document& document);
  void read_identities(Document& document);
  std::string_view read_country(Document& document);
  std::string_view add_line(Document& document);
  std::string_view read_time(Document& document);
  std::string_view read_product(Document& document);
  std::vector<std::string> agreed_values() const;
  bool agrees(const Document& document) const;
  bool holds(const Condition& condition) const;
  const Rule* matching(const std::vector<Rule>& rules) const;

  std::string_view value(Column column) const { return values_[column]; }

  const Mapping& mapping_;
  const Layout layout_;
  const Reject reject_;
  std::int64_t records_ = 0;
  bool finished_ = false;

  // Of the record at hand.
  std::vector<std::string_view> values_;
  std::deque<std::string> decoded_;  // keeps values alive that had to be converted
  std::string key_;

  std::deque<std::unique_ptr<Document>> open_;  // in the order of their first lines
  std::unordered_map<std::string_view, Document*> by_key_;
  Document* last_ = nullptr;                  // lines of a document mostly follow each other
  std::unordered_set<std::uint64_t> closed_;  // fingerprints of keys
  std::string last_time_text_;
  std::optional<Time> last_time_;
};

}  // namespace handschlag::imports
