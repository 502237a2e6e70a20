#include "features/notices/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "platform/base/label.h"
#include "platform/crypto/crypto.h"

namespace handschlag::notices {
namespace {

using json::Reader;
using json::Value;

constexpr std::size_t kMaxCategories = 50;
constexpr std::size_t kMaxRecipients = 50;
constexpr std::size_t kMaxLanguages = 8;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::size_t kMaxSentenceBytes = 1'000;
constexpr std::size_t kMaxTextBytes = 8'000;
constexpr std::size_t kMaxLanguageBytes = 5;
constexpr std::size_t kMaxArgumentBytes = 4'000;

constexpr std::array<std::string_view, 3> kRoles = {"processor", "controller", "joint_controller"};
constexpr std::array<std::string_view, 5> kSince = {"collected", "last_use", "contract_end", "case_closed",
                                                    "consent_end"};
constexpr std::array<std::string_view, 3> kStatuses = {"draft", "published", "retired"};

template <std::size_t N>
std::optional<std::size_t> place_in(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

template <std::size_t N>
std::string one_of(const std::array<std::string_view, N>& names) {
  std::string out = "must be one of ";
  for (std::size_t i = 0; i < N; ++i) {
    if (i > 0) out += i + 1 == N ? " or " : ", ";
    out += names[i];
  }
  return out;
}

Value term_or_null(const law::Term& term) {
  return term.count == 0 ? Value(nullptr) : Value(law::to_text(term));
}

law::Term read_term(Reader& reader, std::string_view name) {
  const auto text = reader.optional_text(name, {.max_length = 40});
  if (!text) return {};
  auto term = law::parse_term(*text);
  if (term && term->count > 0) return *term;
  reader.error(name, "must be a time such as 2 years or 6 months");
  return {};
}

// Text of several lines: what a screen or paper can't show has no place in what somebody agrees to.
std::string read_prose(Reader& reader, std::string_view name, std::size_t max_bytes) {
  std::string text = reader.optional_text(name, {.min_length = 0, .max_length = max_bytes}).value_or("");
  const bool odd = std::any_of(text.begin(), text.end(),
                               [](unsigned char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f; });
  if (odd) reader.error(name, "must not have control characters, apart from new lines");
  return odd ? std::string() : text;
}

Both read_both(Reader& reader, std::string_view name, bool required) {
  Both out;
  const Value* object = reader.object(name);
  if (object == nullptr) {
    if (required) reader.error(name, "must have de and en");
    return out;
  }
  Reader nested(*object, reader.pointer(name));
  out.german = read_prose(nested, "de", kMaxSentenceBytes);
  out.english = read_prose(nested, "en", kMaxSentenceBytes);
  auto demand = [&](const char* language, const std::string& text) {
    if (required && text.empty()) nested.error(language, "must not be empty");
  };
  demand("de", out.german);
  demand("en", out.english);
  if (!required && out.german.empty() != out.english.empty()) {
    nested.error(out.german.empty() ? "de" : "en", "must be said in both languages, or in neither");
  }
  reader.merge(nested);
  return out;
}

Value both_json(const Both& both) {
  return {{"de", both.german}, {"en", both.english}};
}

Recipient read_recipient(Reader& reader) {
  Recipient out;
  out.name = reader.text("name", {.max_length = kMaxNameBytes});
  if (!out.name.empty() && !is_label(out.name, kMaxNameBytes)) reader.error("name", "must not have control characters");
  out.country = reader.text("country", {.max_length = 2});
  if (!out.country.empty() && (out.country.size() != 2 || !law::is_country_code(out.country))) {
    reader.error("country", "must be a country of ISO 3166, such as DE");
  }
  const std::string role = reader.text("role", {.max_length = 20});
  if (const auto found = place_in(kRoles, role)) {
    out.role = static_cast<Recipient::Role>(*found);
  } else if (!role.empty()) {
    reader.error("role", one_of(kRoles));
  }
  out.safeguards = read_prose(reader, "safeguards", kMaxNameBytes);
  return out;
}

// "de", "pt-BR": what browsers say.
bool is_language(std::string_view text) {
  auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 2 && text.size() != kMaxLanguageBytes) return false;
  if (!lower(text[0]) || !lower(text[1])) return false;
  return text.size() == 2 || (text[2] == '-' && upper(text[3]) && upper(text[4]));
}

Text read_text(Reader& reader) {
  Text out;
  out.language = reader.text("language", {.max_length = kMaxLanguageBytes});
  if (!out.language.empty() && !is_language(out.language)) {
    reader.error("language", "must be a language such as de, en or pt-BR");
  }
  out.title = read_prose(reader, "title", kMaxNameBytes);
  out.text = read_prose(reader, "text", kMaxTextBytes);
  out.declaration = read_prose(reader, "declaration", kMaxSentenceBytes);
  out.withdrawal = read_prose(reader, "withdrawal", kMaxSentenceBytes);
  return out;
}

std::vector<Text> read_texts(Reader& reader) {
  std::vector<Text> out;
  const Value* list = reader.array("texts", kMaxLanguages);
  if (list == nullptr) return out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string pointer = fmt::format("{}/{}", reader.pointer("texts"), i);
    Reader nested((*list)[i], pointer);
    Text text = read_text(nested);
    for (const Text& before : out) {
      if (before.language == text.language && !text.language.empty()) nested.error("language", "is there twice");
    }
    reader.merge(nested);
    out.push_back(std::move(text));
  }
  std::sort(out.begin(), out.end(), [](const Text& a, const Text& b) { return a.language < b.language; });
  return out;
}

std::vector<law::Channel> read_channels(Reader& reader) {
  std::vector<law::Channel> out;
  for (const std::string& name : reader.texts("channels", law::kChannels, {.max_length = 20})) {
    const auto channel = law::find_channel(name);
    if (!channel || *channel == law::Channel::none) {
      reader.error("channels", fmt::format("names '{}', which is no channel", name));
    } else {
      out.push_back(*channel);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.empty()) out.push_back(law::Channel::none);
  return out;
}

gate::PurposeSet read_purposes(Reader& reader) {
  gate::PurposeSet out;
  for (const std::string& name : reader.texts("purposes", 63, {.max_length = 64})) {
    if (const auto purpose = gate::find_purpose(name)) {
      out.add(*purpose);
    } else {
      reader.error("purposes", fmt::format("names '{}', which is no purpose", name));
    }
  }
  return out;
}

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(format_time(*time)) : Value(nullptr);
}

Value text_or_null(const std::string& text) {
  return text.empty() ? Value(nullptr) : Value(text);
}

}  // namespace

std::string_view name_of(Recipient::Role role) {
  return kRoles[static_cast<std::size_t>(role)];
}

std::string_view name_of(Since since) {
  return kSince[static_cast<std::size_t>(since)];
}

std::string_view name_of(Status status) {
  return kStatuses[static_cast<std::size_t>(status)];
}

std::optional<Status> find_status(std::string_view name) {
  const auto found = place_in(kStatuses, name);
  return found ? std::optional(static_cast<Status>(*found)) : std::nullopt;
}

void read_entry(Reader& reader, Entry& out) {
  out.categories = reader.texts("categories", kMaxCategories, {.max_length = kMaxNameBytes});
  for (const std::string& each : out.categories) {
    if (!is_label(each, kMaxNameBytes)) reader.error("categories", "must be names without control characters");
  }
  if (out.categories.empty()) reader.error("categories", "must name at least one category of data");
  if (const Value* list = reader.array("recipients", kMaxRecipients)) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      Reader nested((*list)[i], fmt::format("{}/{}", reader.pointer("recipients"), i));
      out.recipients.push_back(read_recipient(nested));
      reader.merge(nested);
    }
  }
  const Value* retention = reader.object("retention");
  if (retention == nullptr) {
    reader.error("retention", "must say for how long, and from when on");
  } else {
    Reader nested(*retention, reader.pointer("retention"));
    out.retention = read_term(nested, "term");
    if (!retention->contains("term") || (*retention)["term"].is_null()) {
      nested.error("term", "must be a time such as 2 years or 6 months");
    }
    const std::string since = nested.text("since", {.max_length = 20});
    if (const auto found = place_in(kSince, since)) {
      out.since = static_cast<Since>(*found);
    } else if (!since.empty()) {
      nested.error("since", one_of(kSince));
    }
    reader.merge(nested);
  }
  out.benefit = read_both(reader, "benefit", false);
  out.description = read_both(reader, "description", true);
}

Value content_of(const Entry& entry) {
  Value recipients = Value::array();
  for (const Recipient& each : entry.recipients) {
    recipients.push_back({{"name", each.name},
                          {"country", each.country},
                          {"role", name_of(each.role)},
                          {"safeguards", text_or_null(each.safeguards)}});
  }
  return {{"categories", entry.categories},
          {"recipients", std::move(recipients)},
          {"retention", {{"term", law::to_text(entry.retention)}, {"since", name_of(entry.since)}}},
          {"benefit", entry.benefit.german.empty() ? Value(nullptr) : both_json(entry.benefit)},
          {"description", both_json(entry.description)}};
}

Value to_json(const Entry& entry) {
  Value out = content_of(entry);
  const gate::PurposeInfo& info = gate::info(entry.purpose);
  out["purpose"] = info.name;
  out["recorded_at"] = format_time(entry.recorded_at);
  out["recorded_by"] = entry.recorded_by;
  return out;
}

void read_notice(Reader& reader, NoticeVersion& out) {
  out.purposes = read_purposes(reader);
  out.channels = read_channels(reader);
  out.explicit_consent = reader.optional_boolean("explicit_consent").value_or(false);
  out.names_recipients = reader.optional_boolean("names_recipients").value_or(false);
  out.quiet_hours = reader.optional_boolean("quiet_hours").value_or(false);
  out.validity = read_term(reader, "validity");
  out.texts = read_texts(reader);
}

Value content_of(const NoticeVersion& notice) {
  Value channels = Value::array();
  for (law::Channel each : notice.channels) {
    if (each != law::Channel::none) channels.push_back(law::name_of(each));
  }
  Value texts = Value::array();
  for (const Text& each : notice.texts) {
    texts.push_back({{"language", each.language},
                     {"title", each.title},
                     {"text", each.text},
                     {"declaration", each.declaration},
                     {"withdrawal", each.withdrawal}});
  }
  return {{"purposes", notice.purposes.names()},
          {"channels", std::move(channels)},
          {"explicit_consent", notice.explicit_consent},
          {"names_recipients", notice.names_recipients},
          {"quiet_hours", notice.quiet_hours},
          {"validity", term_or_null(notice.validity)},
          {"texts", std::move(texts)}};
}

Value to_json(const NoticeVersion& notice) {
  Value out = content_of(notice);
  out["id"] = notice.id;
  out["version"] = notice.version;
  out["hash"] = notice.hash;
  out["status"] = name_of(notice.status);
  out["drafted_at"] = format_time(notice.drafted_at);
  out["drafted_by"] = notice.drafted_by;
  out["published_at"] = time_or_null(notice.published_at);
  out["published_by"] = text_or_null(notice.published_by);
  out["retired_at"] = time_or_null(notice.retired_at);
  out["retired_by"] = text_or_null(notice.retired_by);
  return out;
}

std::string hash_of(const NoticeVersion& notice) {
  Value content = content_of(notice);
  content["id"] = notice.id;
  content["version"] = notice.version;
  return crypto::to_hex(crypto::sha256(json::dump(content)));
}

std::vector<FieldError> missing_in(const NoticeVersion& notice) {
  std::vector<FieldError> out;
  if (notice.purposes.empty()) out.push_back({"/purposes", "must name at least one purpose"});
  if (notice.texts.empty()) out.push_back({"/texts", "must have at least one language"});
  for (std::size_t i = 0; i < notice.texts.size(); ++i) {
    const Text& text = notice.texts[i];
    auto demand = [&](std::string_view name, const std::string& value) {
      const bool blank = value.find_first_not_of(" \n\t") == std::string::npos;
      if (blank) out.push_back({fmt::format("/texts/{}/{}", i, name), "must not be empty"});
    };
    demand("title", text.title);
    demand("text", text.text);
    demand("declaration", text.declaration);
    demand("withdrawal", text.withdrawal);
  }
  return out;
}

void read_assessment(Reader& reader, Assessment& out) {
  const std::string purpose = reader.text("purpose", {.max_length = 64});
  if (const auto found = gate::find_purpose(purpose)) {
    out.purpose = *found;
  } else if (!purpose.empty()) {
    reader.error("purpose", "must be one of GET /api/v1/purposes");
  }
  auto argument = [&](const char* name, std::string& text) {
    text = read_prose(reader, name, kMaxArgumentBytes);
    if (text.find_first_not_of(" \n\t") == std::string::npos) reader.error(name, "must not be empty");
  };
  argument("interest", out.interest);
  argument("necessity", out.necessity);
  argument("balancing", out.balancing);
  out.assessed_by = reader.text("assessed_by", {.max_length = kMaxNameBytes});
  if (!out.assessed_by.empty() && !is_label(out.assessed_by, kMaxNameBytes)) {
    reader.error("assessed_by", "must not have control characters");
  }
  auto day = [&](const char* name, law::Day& at) {
    const std::string text = reader.text(name, {.max_length = 10});
    const auto parsed = law::parse_day(text);
    if (parsed) at = *parsed;
    if (!parsed && !text.empty()) reader.error(name, "must be a day such as 2026-11-22");
    return parsed.has_value();
  };
  const bool dated = day("decided", out.decided);
  if (!day("expires", out.expires) || !dated) return;
  const std::chrono::year_month_day decided{out.decided};
  const std::chrono::year_month_day last{decided.year() + std::chrono::years{3}, decided.month(), decided.day()};
  // Of a leap day, the day after it.
  const law::Day latest = last.ok() ? law::Day{last} : law::Day{last.year() / std::chrono::March / 1};
  if (out.expires < out.decided) reader.error("expires", "must not be before it was decided");
  if (out.expires > latest) reader.error("expires", "must be at most three years after it was decided");
}

Value to_json(const Assessment& assessment, Time now) {
  return {{"number", assessment.number},
          {"purpose", gate::info(assessment.purpose).name},
          {"interest", assessment.interest},
          {"necessity", assessment.necessity},
          {"balancing", assessment.balancing},
          {"assessed_by", assessment.assessed_by},
          {"decided", law::to_text(assessment.decided)},
          {"expires", law::to_text(assessment.expires)},
          {"holds", assessment.holds(now)},
          {"recorded_at", format_time(assessment.recorded_at)},
          {"recorded_by", assessment.recorded_by},
          {"revoked_at", time_or_null(assessment.revoked_at)},
          {"revoked_by", text_or_null(assessment.revoked_by)},
          {"revoked_for", text_or_null(assessment.revoked_for)}};
}

}  // namespace handschlag::notices
