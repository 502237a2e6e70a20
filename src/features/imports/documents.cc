#include "features/imports/documents.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform/base/label.h"
#include "platform/base/money.h"
#include "platform/text/text.h"

namespace handschlag::imports {
namespace {

constexpr std::size_t kMaxKey = 512;       // bytes
constexpr std::size_t kShownHeader = 300;  // bytes
constexpr char kKeySeparator = '\x1F';

__extension__ typedef __int128 Wide;

std::uint64_t fingerprint(std::string_view key) {
  return std::hash<std::string_view>{}(key);
}

// quantity × price, rounded half away from zero to a micro where both have many decimals.
std::optional<std::int64_t> line_total(const Product& product) {
  constexpr std::int64_t kUnit = 1'000'000;
  Wide exact = Wide{product.quantity_micros} * Wide{product.price_micros};
  Wide rounded = (exact + (exact < 0 ? -kUnit / 2 : kUnit / 2)) / kUnit;
  if (rounded > INT64_MAX || rounded < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

// The columns for a message, as far as they are short and printable.
std::string shown(const std::vector<std::string>& header) {
  std::string out;
  for (const std::string& column : header) {
    if (out.size() + column.size() > kShownHeader || !is_label(column, kShownHeader)) return out + " ...";
    out += fmt::format("{}'{}'", out.empty() ? "" : ", ", column);
  }
  return out;
}

}  // namespace

Result<Layout> find_columns(const Mapping& mapping, const std::vector<std::string>& header) {
  Layout layout{{}, header.size()};
  std::vector<FieldError> missing;
  for (const std::string& column : mapping.columns) {
    auto it = std::find(header.begin(), header.end(), column);
    if (it == header.end()) {
      missing.push_back({column, "the file has no such column"});
    } else if (std::find(it + 1, header.end(), column) != header.end()) {
      missing.push_back({column, "the file has this column twice"});
    }
    layout.places.push_back(static_cast<std::size_t>(it - header.begin()));
  }
  if (missing.empty()) return layout;
  std::string detail = fmt::format(
      "The mapping '{}' does not fit the file's header: {}, {}. It has: {}. Where these are not its columns, the "
      "mapping's file.delimiter is another than the file's.",
      mapping.name, missing.front().pointer, missing.front().reason, shown(header));
  return fail(ErrorKind::invalid, "columns_missing", std::move(detail), std::move(missing));
}

Documents::Documents(const Mapping& mapping, Layout layout, Reject reject)
    : mapping_(mapping), layout_(std::move(layout)), reject_(std::move(reject)), values_(mapping.columns.size()) {}

void Documents::add(const CsvRecord& record) {
  ++records_;
  std::string_view reason;
  if (record.fault != CsvFault::none) {
    reason = name_of(record.fault);
  } else if (record.fields.size() != layout_.width) {
    reason = "columns_count";
  }
  if (!read_values(record) && reason.empty()) reason = "not_text";
  // Without a key it can't be told of which document the line was part.
  if (!read_key()) return reject_(record.line, reason.empty() ? "group_missing" : reason);
  if (reason.empty() && skip(record.line)) return;
  Document* document = document_of_key(record.line);
  if (document == nullptr) return;
  if (reason.empty() && !document->broken) {
    if (document->lines.empty()) reason = fill_head(*document);
    if (reason.empty()) reason = add_line(*document);
  }
  if (reason.empty()) {
    document->lines.push_back(record.line);
  } else {
    document->broken = true;
    reject_(record.line, reason);
  }
}

// False where a value is not text. Values that the record does not reach are empty.
bool Documents::read_values(const CsvRecord& record) {
  bool text = true;
  decoded_.clear();
  for (Column column = 0; column < values_.size(); ++column) {
    std::size_t place = layout_.places[column];
    std::string_view raw = place < record.fields.size() ? text::trim(record.fields[place]) : std::string_view();
    values_[column] = raw;
    if (raw.find('\0') != std::string_view::npos) text = false;
    if (text::is_ascii(raw)) continue;
    if (mapping_.encoding == text::Encoding::utf8) {
      text = text && text::is_utf8(raw);
      continue;
    }
    auto decoded = text::to_utf8(raw, mapping_.encoding);
    text = text && decoded.has_value();
    if (decoded) values_[column] = decoded_.emplace_back(*std::move(decoded));
  }
  return text;
}

bool Documents::read_key() {
  key_.clear();
  bool any = false;
  for (Column column : mapping_.group_by) {
    key_ += value(column);
    key_ += kKeySeparator;
    any = any || !value(column).empty();
  }
  return any && key_.size() <= kMaxKey;
}

bool Documents::skip(std::int64_t line) {
  const Rule* rule = matching(mapping_.skip);
  if (rule == nullptr) return false;
  reject_(line, rule->outcome);
  return true;
}

Document* Documents::document_of_key(std::int64_t line) {
  if (last_ != nullptr && last_->key == key_) return last_;
  if (auto it = by_key_.find(key_); it != by_key_.end()) return last_ = it->second;
  if (closed_.contains(fingerprint(key_))) {
    reject_(line, kLateLine);
    return nullptr;
  }
  auto& document = open_.emplace_back(std::make_unique<Document>());
  document->key = key_;
  document->first_record = records_;
  by_key_.emplace(document->key, document.get());
  return last_ = document.get();
}

// What the first line says for the whole document.
std::string_view Documents::fill_head(Document& document) {
  const Rule* event = matching(mapping_.events);
  if (event == nullptr) return "event_unknown";
  document.event = event->outcome;
  for (const Piece& piece : mapping_.message_id) {
    document.message_id += piece.literal;
    if (piece.column) document.message_id += value(*piece.column);
  }
  read_identities(document);
  if (auto reason = read_country(document); !reason.empty()) return reason;
  document.currency = mapping_.currency_column ? value(*mapping_.currency_column) : std::string_view(mapping_.currency);
  if (!document.currency.empty() && !is_currency_code(document.currency)) return "currency_unknown";
  for (const Property& property : mapping_.properties) {
    if (property.column) document.property_values.emplace_back(value(*property.column));
  }
  document.agreed = agreed_values();
  return {};
}

void Documents::read_identities(Document& document) {
  for (const IdentityRule& rule : mapping_.identities) {
    std::string_view id = value(rule.column);
    if (!rule.strip_suffix.empty() && id.ends_with(rule.strip_suffix)) id.remove_suffix(rule.strip_suffix.size());
    bool nobody = id.empty() || std::find(rule.none.begin(), rule.none.end(), id) != rule.none.end();
    if (!nobody) document.identities.emplace_back(rule.kind, id);
  }
}

std::string_view Documents::read_country(Document& document) {
  if (!mapping_.country) return {};
  std::string name(value(mapping_.country->column));
  if (name.empty()) return {};
  if (auto it = mapping_.country->exceptions.find(name); it != mapping_.country->exceptions.end()) {
    document.country = it->second;
    return {};
  }
  // Unknown to us is not unknown to the shop: a guess would put a person into the wrong region for good.
  auto code = mapping_.country->names.find(name);
  if (!code) return "country_unknown";
  document.country = *code;
  return {};
}

// Who it is about, where and in which money: lines that differ in these are not of one document.
std::vector<std::string> Documents::agreed_values() const {
  std::vector<std::string> out;
  for (const IdentityRule& rule : mapping_.identities) out.emplace_back(value(rule.column));
  if (mapping_.country) out.emplace_back(value(mapping_.country->column));
  if (mapping_.currency_column) out.emplace_back(value(*mapping_.currency_column));
  return out;
}

bool Documents::agrees(const Document& document) const {
  std::size_t i = 0;
  for (const IdentityRule& rule : mapping_.identities) {
    if (document.agreed[i++] != value(rule.column)) return false;
  }
  if (mapping_.country && document.agreed[i++] != value(mapping_.country->column)) return false;
  return !mapping_.currency_column || document.agreed[i] == value(*mapping_.currency_column);
}

std::string_view Documents::add_line(Document& document) {
  if (!document.lines.empty() && !agrees(document)) return "lines_differ";
  if (auto reason = read_time(document); !reason.empty()) return reason;
  std::int64_t amount = 0;
  if (mapping_.products) {
    if (auto reason = read_product(document); !reason.empty()) return reason;
    auto total = line_total(document.products.back());
    if (!total) return "amount_too_large";
    amount = *total;
  }
  if (mapping_.amount_column) {
    auto stated = parse_micros(value(*mapping_.amount_column), mapping_.decimal_mark);
    if (!stated) return "amount_malformed";
    amount = *stated;
  }
  if (__builtin_add_overflow(document.total_micros, amount, &document.total_micros)) return "amount_too_large";
  return {};
}

std::string_view Documents::read_time(Document& document) {
  std::string_view text = value(mapping_.time.column);
  if (text != last_time_text_) {
    last_time_text_ = text;
    auto local = mapping_.time.format.read(text);
    last_time_ = local ? std::optional(mapping_.time.zone.to_utc(*local)) : std::nullopt;
  }
  if (!last_time_) return "time_malformed";
  bool first = document.lines.empty();
  bool earlier = mapping_.time.pick == TimePick::earliest && *last_time_ < document.occurred;
  bool later = mapping_.time.pick == TimePick::latest && *last_time_ > document.occurred;
  if (first || earlier || later) document.occurred = *last_time_;
  return {};
}

std::string_view Documents::read_product(Document& document) {
  const ProductColumns& columns = *mapping_.products;
  auto quantity = parse_micros(value(columns.quantity), mapping_.decimal_mark);
  if (!quantity) return "quantity_malformed";
  auto price = parse_micros(value(columns.price), mapping_.decimal_mark);
  if (!price) return "price_malformed";
  Product& product = document.products.emplace_back();
  if (columns.sku) product.sku = value(*columns.sku);
  if (columns.name) product.name = value(*columns.name);
  product.quantity_micros = *quantity;
  product.price_micros = *price;
  return {};
}

bool Documents::holds(const Condition& condition) const {
  std::string_view text = value(condition.column);
  switch (condition.test) {
    case Test::is:
      return text == condition.text;
    case Test::is_not:
      return text != condition.text;
    case Test::begins_with:
      return text.starts_with(condition.text);
    case Test::begins_not_with:
      return !text.starts_with(condition.text);
    case Test::below:
    case Test::above:
      break;
  }
  auto number = parse_micros(text, mapping_.decimal_mark);
  if (!number) return false;
  return condition.test == Test::below ? *number < condition.micros : *number > condition.micros;
}

const Rule* Documents::matching(const std::vector<Rule>& rules) const {
  for (const Rule& rule : rules) {
    if (std::all_of(rule.when.begin(), rule.when.end(), [&](const Condition& c) { return holds(c); })) return &rule;
  }
  return nullptr;
}

std::unique_ptr<Document> Documents::take() {
  while (!open_.empty() && (finished_ || records_ - open_.front()->first_record >= mapping_.window_lines)) {
    std::unique_ptr<Document> document = std::move(open_.front());
    open_.pop_front();
    by_key_.erase(document->key);
    if (last_ == document.get()) last_ = nullptr;
    closed_.insert(fingerprint(document->key));
    if (!document->broken) return document;
    for (std::int64_t line : document->lines) reject_(line, "document_incomplete");
  }
  return nullptr;
}

}  // namespace handschlag::imports
