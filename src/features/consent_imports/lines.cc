#include "features/consent_imports/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

bool is_column(std::string_view name) {
  return std::find(kColumns.begin(), kColumns.end(), name) != kColumns.end();
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

Result<std::vector<Read>> read_csv(std::string_view text, Time now) {
  const std::string_view head = text.substr(0, text.find('\n'));
  const char delimiter =
      std::count(head.begin(), head.end(), ';') > std::count(head.begin(), head.end(), ',') ? ';' : ',';
  std::istringstream in{std::string(text)};
  imports::CsvReader reader(in, delimiter);
  const imports::CsvRecord* record = reader.next();
  TRY(check_header(record));
  const std::vector<std::string> columns(record->fields.begin(), record->fields.end());
  std::vector<Read> out;
  while ((record = reader.next()) != nullptr) {
    if (out.size() == kMostLines) return too_many();
    if (record->fault != imports::CsvFault::none || record->fields.size() != columns.size()) {
      const bool faulty = record->fault != imports::CsvFault::none;
      out.push_back(
          {record->line, {}, "line", faulty ? std::string(name_of(record->fault)) : "must have the header's columns"});
      continue;
    }
    Fields fields;
    for (std::size_t i = 0; i < columns.size(); ++i) fields[columns[i]] = std::string(record->fields[i]);
    out.push_back(Decoder(fields, now).decode(record->line));
  }
  return out;
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

Result<std::vector<Read>> read_json_lines(std::string_view text, Time now) {
  std::vector<Read> out;
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (text::is_blank(line)) continue;
    if (out.size() == kMostLines) return too_many();
    out.push_back(read_object(line, number, now));
  }
  return out;
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

Result<std::vector<Read>> read_lines(Format format, std::string_view text, Time now) {
  auto out = TRY(format == Format::csv ? read_csv(text, now) : read_json_lines(text, now));
  if (out.empty()) return wrong("there is no statement in it");
  return out;
}

}  // namespace handschlag::consent_imports
