#include "features/consent_imports/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "features/imports/csv.h"
#include "platform/json/json.h"
#include "platform/text/text.h"

namespace handschlag::consent_imports {
namespace {

constexpr std::array<std::string_view, 16> kColumns = {
    "key_kind", "key", "act",      "purpose",  "channel",    "address", "said_at",  "declaration",
    "language", "way", "evidence", "strength", "expires_at", "country", "explicit", "guardian"};
constexpr std::array<std::string_view, 5> kNeeded = {"key_kind", "key", "act", "purpose", "channel"};
constexpr std::chrono::minutes kAhead{5};  // by which the clock of the other system may be fast
constexpr std::size_t kDay = std::string_view("2026-11-23").size();
constexpr std::chrono::milliseconds kOneDay = std::chrono::days{1} - std::chrono::milliseconds{1};
constexpr std::size_t kMaxWord = 64;
constexpr std::size_t kMostOfLine = std::size_t{1} << 20;  // of an object, or a header
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxKey = 320;

using Fields = std::map<std::string, std::string, std::less<>>;

std::unexpected<Error> wrong(std::string reason) {
  std::vector<FieldError> fields;
  fields.push_back({"/text", reason});
  return fail(ErrorKind::invalid, "fields_invalid", "The file can't be read: " + reason + ".", std::move(fields));
}

std::unexpected<Error> too_many() {
  return fail(ErrorKind::too_large, "too_many_lines",
              fmt::format("At most {} statements can be taken at once; send the file in parts.", kMostLines));
}

// Reads one line's fields; the first thing that is wrong is what is told.
class Decoder {
 public:
  Decoder(const Fields& fields, Time now) : fields_(fields), now_(now) {}

  Read decode(std::int64_t number) {
    Line line;
    read_who(line);
    read_what(line);
    read_proof(line);
    read_times(line);
    Read out{number, {}, field_, reason_};
    if (field_.empty()) out.line = std::move(line);
    return out;
  }

 private:
  std::string_view text(std::string_view name, std::size_t most) {
    const auto found = fields_.find(name);
    if (found == fields_.end()) return {};
    if (found->second.size() > most) error(name, fmt::format("must have at most {} bytes", most));
    if (found->second.find('\0') != std::string::npos) error(name, "must have no NUL in it");
    if (!text::is_utf8(found->second)) error(name, "must be in UTF-8");
    return found->second;
  }

  void error(std::string_view field, std::string reason) {
    if (!field_.empty()) return;
    field_ = field;
    reason_ = std::move(reason);
  }

  void read_who(Line& line) {
    const auto kind = identity::find_kind(text("key_kind", kMaxWord));
    if (!kind) error("key_kind", "must be a kind of key such as email, phone, user_id or card_number");
    line.kind = kind.value_or(line.kind);
    line.key = text("key", kMaxKey);
    if (text::is_blank(line.key)) error("key", "is required: whose statement this is");
    line.country = text("country", 6);
    if (!line.country.empty() && !law::is_country_code(line.country)) error("country", "must be a code such as DE");
  }

  void read_what(Line& line) {
    const auto act = consent::find_act(text("act", kMaxWord));
    if (!act || *act == consent::Act::requested) {
      error("act", "must be given, renewed, refused, withdrawn or objected");
    }
    line.act = act.value_or(line.act);
    const auto purpose = gate::find_purpose(text("purpose", kMaxWord));
    if (!purpose) error("purpose", "must be a name of GET /api/v1/purposes");
    line.purpose = purpose.value_or(line.purpose);
    const auto channel = law::find_channel(text("channel", kMaxWord));
    if (!channel) error("channel", "must be none, email, sms, phone, post, push, web or social");
    line.channel = channel.value_or(line.channel);
    line.address = text("address", kMaxKey);
  }

  void read_proof(Line& line) {
    line.language = text("language", 35);
    line.declaration = text("declaration", consent::Consents::kMaxDeclaration / 2);
    line.evidence = text("evidence", consent::Consents::kMaxEvidence);
    const auto way = text("way", kMaxWord);
    if (!way.empty() && !consent::find_way(way)) {
      error("way", "must be form, banner, preference_centre, mail_link, phone, in_person, paper or message");
    }
    line.way = way;
    const auto strength = text("strength", kMaxWord);
    if (strength == "confirmed") {
      line.strength = gate::Strength::confirmed;
    } else if (strength == "claimed") {
      line.strength = gate::Strength::claimed;
    } else if (!strength.empty() && strength != "stated") {
      error("strength", "must be claimed, stated or confirmed");
    }
    line.explicit_consent = read_flag("explicit");
    line.guardian = read_flag("guardian");
  }

  bool read_flag(std::string_view name) {
    const auto value = text(name, kMaxWord);
    if (value == "true") return true;
    if (!value.empty() && value != "false") error(name, "must be true or false");
    return false;
  }

  void read_times(Line& line) {
    line.said_at = read_time("said_at", consent::is_no(line.act));
    line.expires_at = read_time("expires_at", true);
    if (!line.said_at) {
      if (consent::is_yes(line.act)) error("said_at", "is required: a yes that nobody can date could come before a no");
      return;
    }
    line.said_between = {*line.said_at, *line.said_at};
    if (day_alone_) {
      const Time begin = std::chrono::floor<std::chrono::days>(*line.said_at);
      line.said_between = {begin, begin + kOneDay};
      if (begin <= now_) line.said_at = std::min(*line.said_at, now_);  // the end of today is not over
    }
    if (*line.said_at > now_ + kAhead) error("said_at", "must not lie in the future");
    if (line.expires_at && *line.expires_at <= *line.said_at) error("expires_at", "must lie after said_at");
  }

  // A day alone is its beginning, or its end.
  std::optional<Time> read_time(std::string_view name, bool to_its_end) {
    const auto written = text(name, kMaxWord);
    if (written.empty()) return std::nullopt;
    auto time = parse_time(written);
    if (!time) {
      error(name, "must be a time such as 2026-11-22T09:30:00Z, or a day");
      return std::nullopt;
    }
    const bool day = written.size() == kDay;
    if (name == "said_at") day_alone_ = day;
    if (day && to_its_end) *time += kOneDay;
    return *time;
  }

  const Fields& fields_;
  const Time now_;
  bool day_alone_ = false;
  std::string field_;
  std::string reason_;
};

Result<void> check_header(const imports::CsvRecord* header) {
  if (header == nullptr || header->fault != imports::CsvFault::none) return wrong("it needs a header with columns");
  std::vector<std::string_view> seen;
  for (std::string_view name : header->fields) {
    if (!is_column(name)) return wrong(fmt::format("there is no column '{}'", name.substr(0, kMaxWord)));
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return wrong(fmt::format("'{}' is there twice", name));
    seen.push_back(name);
  }
  for (std::string_view name : kNeeded) {
    if (std::find(seen.begin(), seen.end(), name) == seen.end())
      return wrong(fmt::format("column '{}' is missing", name));
  }
  return {};
}

Read read_object(std::string_view text, std::int64_t number, Time now) {
  auto value = json::parse(text);
  if (!value || !value->is_object()) return {number, {}, "line", "must be a JSON object"};
  Fields fields;
  for (const auto& [name, field] : value->items()) {
    if (!is_column(name))
      return {number, {}, name.empty() ? "line" : name.substr(0, kMaxWord), "is no field of a statement"};
    if (field.is_null()) continue;
    if (field.is_boolean()) {
      fields[name] = field.get<bool>() ? "true" : "false";
    } else if (field.is_string() || field.is_number_integer()) {
      fields[name] = json::scalar_text(field).value_or("");
    } else {
      return {number, {}, name, "must be a text"};
    }
  }
  return Decoder(fields, now).decode(number);
}

char delimiter_of(std::string_view header) {
  return std::count(header.begin(), header.end(), ';') > std::count(header.begin(), header.end(), ',') ? ';' : ',';
}

}  // namespace

bool Line::proven() const {
  return said_at && !text::is_blank(declaration) && !text::is_blank(evidence);
}

gate::Strength Line::strength_kept() const {
  if (consent::is_no(act)) return gate::Strength::stated;
  if (!proven()) return gate::Strength::claimed;
  if (strength == gate::Strength::confirmed && !consent::address_kind(channel)) return gate::Strength::stated;
  return strength;
}

bool is_column(std::string_view name) {
  return std::find(kColumns.begin(), kColumns.end(), name) != kColumns.end();
}

// A line with something in it; false at the end.
bool LineReader::read_line() {
  buffer_.resize(kMostOfLine + 1);
  do {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    bytes_ += in_.gcount();
    long_ = in_.fail() && !in_.bad() && in_.gcount() > 0;
    const bool whole = in_.good();  // up to its end, which is not kept
    line_.assign(buffer_.data(), static_cast<std::size_t>(in_.gcount()) - (whole ? 1 : 0));
    if (long_) {
      in_.clear();
      in_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      bytes_ += in_.gcount();
    } else if (in_.fail()) {
      return false;
    }
    if (++number_ == 1 && line_.starts_with(kByteOrderMark)) line_.erase(0, kByteOrderMark.size());
  } while (!long_ && text::is_blank(line_));
  return true;
}

Result<std::unique_ptr<LineReader>> LineReader::open(std::istream& in, std::optional<Format> format, Time now) {
  std::unique_ptr<LineReader> out(new LineReader(in, now));
  if (!out->read_line()) return wrong("there is no statement in it");
  if (!format) format = text::trim(out->line_).starts_with('{') ? Format::json_lines : Format::csv;
  if (*format == Format::json_lines) {
    out->held_ = true;
    return out;
  }
  const char delimiter = delimiter_of(out->line_);
  std::istringstream line(out->line_);
  imports::CsvReader header(line, delimiter);
  const imports::CsvRecord* record = header.next();
  TRY(check_header(record));
  out->columns_.assign(record->fields.begin(), record->fields.end());
  out->records_ = std::make_unique<imports::CsvReader>(in, delimiter);
  return out;
}

std::int64_t LineReader::bytes() const {
  return bytes_ + (records_ ? records_->bytes() : 0);
}

std::optional<Read> LineReader::next() {
  if (records_) {
    const imports::CsvRecord* record = records_->next();
    return record == nullptr ? std::nullopt : std::optional(decode_record(*record));
  }
  if (!std::exchange(held_, false) && !read_line()) return std::nullopt;
  if (long_) return Read{number_, {}, "line", fmt::format("must have at most {} bytes", kMostOfLine)};
  return read_object(line_, number_, now_);
}

Read LineReader::decode_record(const imports::CsvRecord& record) const {
  const std::int64_t number = number_ + record.line;
  if (record.fault != imports::CsvFault::none) return {number, {}, "line", std::string(name_of(record.fault))};
  if (record.fields.size() != columns_.size()) return {number, {}, "line", "must have the header's columns"};
  Fields fields;
  for (std::size_t i = 0; i < columns_.size(); ++i) fields[columns_[i]] = std::string(record.fields[i]);
  return Decoder(fields, now_).decode(number);
}

Result<std::vector<Read>> read_lines(Format format, std::string_view text, Time now) {
  std::istringstream in{std::string(text)};
  const auto reader = TRY(LineReader::open(in, format, now));
  std::vector<Read> out;
  while (auto read = reader->next()) {
    if (out.size() == kMostLines) return too_many();
    out.push_back(*std::move(read));
  }
  if (out.empty()) return wrong("there is no statement in it");
  return out;
}

}  // namespace handschlag::consent_imports
