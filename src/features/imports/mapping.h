// A mapping: how the lines of one kind of CSV file become events. Written in TOML; docs/import.md is its manual.
// Constant once parsed; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "features/identity/identity.h"
#include "features/imports/time_format.h"
#include "features/sources/sources.h"
#include "platform/base/result.h"
#include "platform/json/json.h"
#include "platform/text/country_names.h"
#include "platform/text/encoding.h"
#include "platform/text/zone.h"

namespace handschlag::imports {

using Column = std::size_t;  // a place in Mapping::columns

enum class Test { is, is_not, begins_with, begins_not_with, below, above };

struct Condition {
  Column column = 0;
  Test test = Test::is;
  std::string text;
  std::int64_t micros = 0;  // of below and above
};

// What follows where all conditions hold: a reason to skip the line, or an event's name.
struct Rule {
  std::string outcome;
  std::vector<Condition> when;
};

enum class TimePick { first, earliest, latest };

struct TimeRule {
  Column column = 0;
  TimeFormat format;
  text::Zone zone;
  TimePick pick = TimePick::first;  // where lines of one group differ
};

struct IdentityRule {
  Column column = 0;
  identity::KeyKind kind = identity::KeyKind::user_id;
  std::string strip_suffix;
  std::vector<std::string> none;  // values that name nobody
};

struct CountryRule {
  Column column = 0;
  text::CountryNames names;
  std::unordered_map<std::string, std::string> exceptions;  // as written → code; "" unknown
};

struct ProductColumns {
  std::optional<Column> sku;
  std::optional<Column> name;
  Column quantity = 0;
  Column price = 0;
};

struct Property {
  std::string name;
  std::optional<Column> column;
  json::Value value;  // where there is no column
};

struct Piece {
  std::string literal;
  std::optional<Column> column;  // after the literal
};

struct Mapping {
  std::string name = {};
  std::vector<std::string> columns = {};  // every column that is used, by the name in the file's header
  char delimiter = ',';
  char decimal_mark = '.';
  text::Encoding encoding = text::Encoding::utf8;
  std::vector<std::string> header = {};  // of a file without a header line; else empty
  std::vector<Column> group_by = {};
  std::int64_t window_lines = 0;
  std::vector<Piece> message_id = {};
  std::vector<Rule> skip = {};
  std::vector<Rule> events = {};
  TimeRule time;
  std::vector<IdentityRule> identities = {};
  std::optional<CountryRule> country = {};
  std::string currency = {};
  std::optional<Column> currency_column = {};
  std::optional<Column> amount_column = {};
  std::optional<ProductColumns> products = {};
  std::vector<Property> properties = {};
  std::optional<sources::Source> source = {};  // made when an import names none
  std::string text = {};                       // as it was read
};

// `name` is what errors call the text. Errors: invalid, with line and column, or each wrong field by its pointer.
Result<Mapping> parse_mapping(std::string text, std::string_view name);

// A mapping that comes with the program, by its name, or a TOML file. Errors: those of parse_mapping; not_found.
Result<Mapping> load_mapping(const std::string& name_or_path);

}  // namespace handschlag::imports
