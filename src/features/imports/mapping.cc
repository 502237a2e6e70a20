#include "features/imports/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "embedded/online_retail.h"
#include "features/gate/purposes.h"
#include "platform/base/label.h"
#include "platform/base/money.h"
#include "platform/config/toml.h"
#include "platform/text/text.h"

namespace handschlag::imports {
namespace {

constexpr std::size_t kMaxRules = 100;
constexpr std::size_t kMaxColumns = 1'000;
constexpr std::size_t kMaxNames = 1'000;
constexpr std::int64_t kWindowLines = 10'000;
constexpr std::int64_t kMaxWindowLines = 1'000'000;

struct Shipped {
  std::string_view name;
  std::string_view text;
};
constexpr Shipped kShipped[] = {{"online_retail", embedded::online_retail}};

constexpr std::pair<std::string_view, Test> kTests[] = {{"is", Test::is},
                                                        {"is_not", Test::is_not},
                                                        {"begins_with", Test::begins_with},
                                                        {"begins_not_with", Test::begins_not_with},
                                                        {"below", Test::below},
                                                        {"above", Test::above}};

// What properties are made of the file's own figures.
constexpr std::string_view kOwnProperties[] = {"products", "total", "currency"};

// Reads the sections into a mapping; what is wrong is collected in the readers.
class Decoder {
 public:
  Decoder(const json::Value& body, Mapping& mapping) : body_(body), mapping_(mapping) {}

  Result<void> decode() {
    json::Reader reader(body_);
    mapping_.name = reader.text("name", {.max_length = 64});
    section(reader, "file", [this](json::Reader& file) { read_file(file); });
    section(reader, "group", [this](json::Reader& group) { read_group(group); });
    read_rules(reader, "skip", "reason", mapping_.skip);
    read_rules(reader, "event", "name", mapping_.events);
    check_events(reader);
    if (reader.object("time") == nullptr) reader.error("time", "is required");
    section(reader, "time", [this](json::Reader& time) { read_time(time); });
    read_identities(reader);
    section(reader, "country", [this](json::Reader& country) { read_country(country); });
    section(reader, "money", [this](json::Reader& money) { read_money(money); });
    section(reader, "products", [this](json::Reader& products) { read_products(products); });
    read_properties(reader);
    section(reader, "source", [this](json::Reader& source) { read_source(source); });
    return reader.finish();
  }

 private:
  template <class Read>
  void section(json::Reader& reader, std::string_view name, Read read) {
    const json::Value* object = reader.object(name);
    if (object == nullptr) return;
    json::Reader nested(*object, reader.pointer(name));
    read(nested);
    reader.merge(nested);
  }

  // Each item of a list of tables, with a reader of its own.
  template <class Read>
  void each(json::Reader& reader, std::string_view name, Read read) {
    const json::Value* list = reader.array(name, kMaxRules);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      json::Reader nested((*list)[i], fmt::format("{}/{}", reader.pointer(name), i));
      read(nested);
      reader.merge(nested);
    }
  }

  Column column(const std::string& name) {
    auto it = std::find(mapping_.columns.begin(), mapping_.columns.end(), name);
    if (it != mapping_.columns.end()) return static_cast<Column>(it - mapping_.columns.begin());
    mapping_.columns.push_back(name);
    return mapping_.columns.size() - 1;
  }
  Column read_column(json::Reader& reader, std::string_view name) { return column(reader.text(name)); }
  std::optional<Column> read_optional_column(json::Reader& reader, std::string_view name) {
    auto text = reader.optional_text(name);
    return text ? std::optional(column(*text)) : std::nullopt;
  }
  bool is_group_column(Column wanted) const {
    return std::find(mapping_.group_by.begin(), mapping_.group_by.end(), wanted) != mapping_.group_by.end();
  }

  void read_file(json::Reader& file) {
    std::string delimiter = file.optional_text("delimiter").value_or(",");
    if (delimiter.size() != 1 || std::string_view("\"\r\n").find(delimiter[0]) != std::string_view::npos) {
      file.error("delimiter", "must be one character, such as \",\", \";\" or a tab");
    } else {
      mapping_.delimiter = delimiter[0];
    }
    std::string mark = file.optional_text("decimal_mark").value_or(".");
    if (mark != "." && mark != ",") {
      file.error("decimal_mark", "must be \".\" or \",\"");
    } else {
      mapping_.decimal_mark = mark[0];
    }
    auto encoding = text::find_encoding(file.optional_text("encoding").value_or("utf-8"));
    if (!encoding) file.error("encoding", "must be utf-8, iso-8859-1, iso-8859-15 or windows-1252");
    mapping_.encoding = encoding.value_or(text::Encoding::utf8);
    mapping_.header = file.texts("columns", kMaxColumns);
  }

  void read_group(json::Reader& group) {
    for (const std::string& name : group.texts("by", kMaxColumns)) mapping_.group_by.push_back(column(name));
    mapping_.window_lines = group.optional_integer("window_lines", 1, kMaxWindowLines).value_or(kWindowLines);
    if (auto pattern = group.optional_text("message_id")) read_message_id(group, *pattern);
  }

  void read_message_id(json::Reader& group, std::string_view pattern) {
    Piece piece;
    std::unordered_set<Column> named;
    while (!pattern.empty()) {
      std::size_t open = pattern.find('{');
      piece.literal = pattern.substr(0, open);
      if (open == std::string_view::npos) {
        mapping_.message_id.push_back(std::move(piece));
        break;
      }
      std::size_t close = pattern.find('}', open);
      if (close == std::string_view::npos) return group.error("message_id", "has a { without }");
      piece.column = column(std::string(pattern.substr(open + 1, close - open - 1)));
      named.insert(*piece.column);
      mapping_.message_id.push_back(std::exchange(piece, {}));
      pattern.remove_prefix(close + 1);
    }
    bool all =
        std::all_of(mapping_.group_by.begin(), mapping_.group_by.end(), [&](Column c) { return named.contains(c); });
    bool only = std::all_of(named.begin(), named.end(), [&](Column c) { return is_group_column(c); });
    if (!all || !only) group.error("message_id", "must name each column of group.by, and no other");
  }

  void read_rules(json::Reader& reader, std::string_view list, std::string_view outcome, std::vector<Rule>& rules) {
    each(reader, list, [&](json::Reader& item) {
      Rule rule;
      rule.outcome = item.text(outcome, {.max_length = 100});
      each(item, "when", [&](json::Reader& condition) { rule.when.push_back(read_condition(condition)); });
      if (list == "skip") {
        if (rule.when.empty()) item.error("when", "is required");
        if (!is_slug(rule.outcome, 64)) item.error(outcome, "must have lower-case letters, digits, - and _ only");
      }
      rules.push_back(std::move(rule));
    });
  }

  Condition read_condition(json::Reader& reader) {
    Condition condition;
    condition.column = read_column(reader, "column");
    int tests = 0;
    for (const auto& [name, test] : kTests) {
      const json::Value* value = reader.any(name);
      if (value == nullptr) continue;
      ++tests;
      condition.test = test;
      condition.text = value->is_string() ? value->get<std::string>() : json::scalar_text(*value).value_or("");
      if (test != Test::below && test != Test::above) continue;
      auto micros = parse_micros(condition.text);
      if (!micros) reader.error(name, "must be a number");
      condition.micros = micros.value_or(0);
    }
    if (tests != 1) {
      reader.error("column", "needs one of is, is_not, begins_with, begins_not_with, below, above beside it");
    }
    return condition;
  }

  void check_events(json::Reader& reader) {
    if (mapping_.events.empty()) return reader.error("event", "needs at least one event");
    for (const Rule& rule : mapping_.events) {
      for (const Condition& condition : rule.when) {
        // Otherwise two lines of one group could be two different events.
        if (!is_group_column(condition.column)) reader.error("event", "may only look at columns of group.by");
      }
    }
  }

  void read_time(json::Reader& time) {
    mapping_.time.column = read_column(time, "column");
    auto format = TimeFormat::parse(time.text("format"));
    if (format) {
      mapping_.time.format = *std::move(format);
    } else {
      std::string reason = format.error().detail;
      if (reason.ends_with('.')) reason.pop_back();
      time.error("format", std::move(reason));
    }
    auto zone = text::Zone::find(time.text("zone"));
    if (zone) {
      mapping_.time.zone = *std::move(zone);
    } else {
      time.error("zone", zone.error().detail);
    }
    std::string pick = time.optional_text("pick").value_or("first");
    if (pick == "earliest") {
      mapping_.time.pick = TimePick::earliest;
    } else if (pick == "latest") {
      mapping_.time.pick = TimePick::latest;
    } else if (pick != "first") {
      time.error("pick", "must be first, earliest or latest");
    }
  }

  void read_identities(json::Reader& reader) {
    each(reader, "identity", [&](json::Reader& item) {
      IdentityRule rule;
      rule.column = read_column(item, "column");
      auto kind = identity::find_kind(item.text("kind"));
      if (!kind)
        item.error("kind", "must be user_id, anonymous_id, email, phone, device_id, card_number or social_handle");
      rule.kind = kind.value_or(identity::KeyKind::user_id);
      rule.strip_suffix = item.optional_text("strip_suffix").value_or("");
      rule.none = item.texts("none", kMaxNames, {.min_length = 0});
      mapping_.identities.push_back(std::move(rule));
    });
  }

  void read_country(json::Reader& country) {
    Column of = read_column(country, "column");
    std::vector<std::string> languages = country.texts("languages", 10, {.max_length = 20});
    if (country.any("languages") == nullptr) languages = {"en"};
    CountryRule rule{of, text::CountryNames(languages), {}};
    for (const std::string& name : country.texts("unknown", kMaxNames)) rule.exceptions.emplace(name, "");
    if (const json::Value* names = country.object("names")) {
      for (const auto& [name, code] : names->items()) {
        bool known = code.is_string() &&
                     text::country_code(code.get_ref<const std::string&>()) == code.get_ref<const std::string&>();
        if (!known) country.error("names", fmt::format("gives '{}' no ISO 3166 code such as \"IE\"", name));
        if (known) rule.exceptions[name] = code.get<std::string>();
      }
    }
    mapping_.country = std::move(rule);
  }

  void read_money(json::Reader& money) {
    mapping_.currency = money.optional_text("currency").value_or("");
    mapping_.currency_column = read_optional_column(money, "currency_column");
    mapping_.amount_column = read_optional_column(money, "amount_column");
    if (mapping_.currency.empty() != mapping_.currency_column.has_value()) {
      money.error("currency", "or currency_column is required, not both");
    } else if (!mapping_.currency.empty() && !is_currency_code(mapping_.currency)) {
      money.error("currency", "must be an ISO 4217 code such as EUR");
    }
  }

  void read_products(json::Reader& products) {
    ProductColumns columns;
    columns.sku = read_optional_column(products, "sku");
    columns.name = read_optional_column(products, "name");
    columns.quantity = read_column(products, "quantity");
    columns.price = read_column(products, "price");
    mapping_.products = columns;
  }

  void read_properties(json::Reader& reader) {
    const json::Value* properties = reader.object("properties");
    if (properties == nullptr) return;
    for (const auto& [name, value] : properties->items()) {
      if (std::find(std::begin(kOwnProperties), std::end(kOwnProperties), name) != std::end(kOwnProperties)) {
        reader.error("properties", fmt::format("must not name '{}', which the import fills in", name));
      }
      Property property{name, std::nullopt, nullptr};
      if (value.is_object()) {
        json::Reader nested(value, reader.pointer("properties") + "/" + json::pointer_token(name));
        property.column = read_column(nested, "column");
        reader.merge(nested);
      } else {
        property.value = value;
      }
      mapping_.properties.push_back(std::move(property));
    }
  }

  void read_source(json::Reader& reader) {
    sources::Source source;
    source.id = reader.text("id", {.max_length = 64});
    source.name = reader.optional_text("name").value_or("");
    source.touchpoint = reader.text("touchpoint", {.max_length = 64});
    source.name_space = reader.optional_text("namespace").value_or("");
    source.country = reader.optional_text("country", {.min_length = 0}).value_or("");
    auto trust = sources::find_trust(reader.optional_text("trust").value_or("server"));
    if (!trust) reader.error("trust", "must be server or public");
    source.trust = trust.value_or(sources::Trust::server);
    for (const std::string& name : reader.texts("purposes", 63)) {
      auto purpose = gate::parse_declared_purpose(name);
      if (!purpose) reader.error("purposes", purpose.error().detail);
      if (purpose) source.purposes.push_back(*purpose);
    }
    mapping_.source = std::move(source);
  }

  const json::Value& body_;
  Mapping& mapping_;
};

void add_default_message_id(Mapping& mapping) {
  if (!mapping.message_id.empty()) return;
  for (Column column : mapping.group_by) mapping.message_id.push_back({mapping.message_id.empty() ? "" : "|", column});
}

}  // namespace

Result<Mapping> parse_mapping(std::string text, std::string_view name) {
  json::Value body = TRY(config::parse_toml(text, name));
  Mapping mapping{.time = {.format = TRY(TimeFormat::parse("%Y-%m-%d")), .zone = TRY(text::Zone::find("UTC"))}};
  auto decoded = Decoder(body, mapping).decode();
  if (!decoded) {
    Error error = std::move(decoded).error();
    error.code = "mapping_invalid";
    error.detail = fmt::format("{}: {}", name, error.detail);
    return std::unexpected(std::move(error));
  }
  if (mapping.group_by.empty()) {
    return fail(ErrorKind::invalid, "mapping_invalid", fmt::format("{}: group.by names no column.", name),
                {{"/group/by", "is required"}});
  }
  if (mapping.products && !mapping.currency_column && mapping.currency.empty()) {
    return fail(ErrorKind::invalid, "mapping_invalid",
                fmt::format("{}: products have prices, so money needs a currency.", name),
                {{"/money/currency", "is required"}});
  }
  add_default_message_id(mapping);
  mapping.text = std::move(text);
  return mapping;
}

Result<Mapping> load_mapping(const std::string& name_or_path) {
  for (const Shipped& shipped : kShipped) {
    if (shipped.name == name_or_path) return parse_mapping(std::string(shipped.text), shipped.name);
  }
  std::ifstream file(name_or_path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    std::string names;
    for (const Shipped& shipped : kShipped) names += fmt::format("{}{}", names.empty() ? "" : ", ", shipped.name);
    return fail(ErrorKind::not_found, "mapping_not_found",
                fmt::format("There is no readable file '{}', and no mapping of that name comes with the program ({}).",
                            name_or_path, names));
  }
  return parse_mapping(std::move(text), name_or_path);
}

}  // namespace handschlag::imports
