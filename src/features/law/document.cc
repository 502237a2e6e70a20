#include "features/law/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "platform/config/toml.h"

namespace handschlag::law {
namespace {

constexpr std::size_t kMaxRules = 500;
constexpr std::size_t kMaxCountries = 250;
constexpr std::size_t kMaxText = 600;
constexpr int kDayMinutes = 24 * 60;

// "DE", "US-CA", "EU", "*".
bool is_code(std::string_view code) {
  return code == "*" || is_country_code(code);
}

bool is_id(std::string_view id) {
  bool after_dot = true;
  for (char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && (after_dot || (c != '.' && c != '_'))) return false;
    after_dot = c == '.';
  }
  return !after_dot && id.find('.') != std::string_view::npos;
}

class RuleReader {
 public:
  RuleReader(json::Reader& reader, Rule& rule) : reader_(reader), rule_(rule) {}

  void read() {
    rule_.id = reader_.text("id", {.max_length = 80});
    if (!rule_.id.empty() && !is_id(rule_.id)) {
      reader_.error("id", "must be small letters, digits, _ and dots, such as de.advertising.mail");
    }
    const std::string topic = reader_.text("topic");
    if (auto found = find_topic(topic)) {
      rule_.topic = *found;
    } else if (!topic.empty()) {
      reader_.error("topic", fmt::format("'{}' is not known; see law.h", topic));
    }
    read_channels();
    read_period();
    read_requirement();
    read_figures();
    read_foundation();
  }

 private:
  void read_channels() {
    auto names = reader_.texts("channels", kChannels);
    if (!has_channels(rule_.topic)) {
      if (!names.empty()) reader_.error("channels", fmt::format("has no meaning for {}", name_of(rule_.topic)));
      rule_.channels = {Channel::none};
      return;
    }
    for (const std::string& name : names) {
      auto channel = find_channel(name);
      if (!channel || *channel == Channel::none) {
        reader_.error("channels", fmt::format("'{}' is none of email, sms, phone, post, push, web, social", name));
      } else if (std::find(rule_.channels.begin(), rule_.channels.end(), *channel) != rule_.channels.end()) {
        reader_.error("channels", fmt::format("names {} twice", name));
      } else {
        rule_.channels.push_back(*channel);
      }
    }
    if (names.empty()) reader_.error("channels", fmt::format("is required for {}", name_of(rule_.topic)));
  }

  void read_period() {
    if (auto from = day("from", true)) rule_.from = *from;
    rule_.until = day("until", false);
    if (rule_.until && *rule_.until < rule_.from) reader_.error("until", "must not be before from");
  }

  std::optional<Day> day(std::string_view name, bool required) {
    auto text = required ? std::optional(reader_.text(name)) : reader_.optional_text(name);
    if (!text || text->empty()) return std::nullopt;
    auto parsed = parse_day(*text);
    if (parsed) return *parsed;
    reader_.error(name, "must be a day such as 2026-08-11");
    return std::nullopt;
  }

  void read_requirement() {
    auto name = reader_.optional_text("requirement");
    if (is_permission(rule_.topic)) {
      auto requirement = find_requirement(name.value_or(""));
      if (!requirement) reader_.error("requirement", "must be free, opt_out, opt_in, double_opt_in or forbidden");
      rule_.requirement = requirement.value_or(Requirement::forbidden);
    } else {
      if (name) reader_.error("requirement", fmt::format("has no meaning for {}", name_of(rule_.topic)));
      rule_.requirement = Requirement::free;
    }
    rule_.needs = bits(reader_, "needs", find_need);
    rule_.duties = bits(reader_, "duties", find_duty);
    const json::Value* list = reader_.array("exceptions", Norm::kMaxExceptions);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      json::Reader nested((*list)[i], fmt::format("{}/{}", reader_.pointer("exceptions"), i));
      Exception exception;
      exception.name = nested.text("name", {.max_length = 60});
      exception.needs = bits(nested, "needs", find_need);
      exception.since_sale = term(nested, "since_sale");
      if (exception.needs == nothing_more && exception.since_sale.count == 0) {
        nested.error("needs", "must say what must be so");
      }
      reader_.merge(nested);
      rule_.exceptions.push_back(std::move(exception));
    }
    const bool consent = rule_.requirement == Requirement::opt_in || rule_.requirement == Requirement::double_opt_in;
    if (!rule_.exceptions.empty() && !consent) reader_.error("exceptions", "are of rules that demand a consent");
  }

  template <class Find>
  static std::uint32_t bits(json::Reader& reader, std::string_view name, Find find) {
    std::uint32_t out = 0;
    for (const std::string& each : reader.texts(name, 32)) {
      auto bit = find(each);
      if (!bit) reader.error(name, fmt::format("'{}' is not known; see law.h", each));
      out |= bit.value_or(0);
    }
    return out;
  }

  static Term term(json::Reader& reader, std::string_view name) {
    auto text = reader.optional_text(name);
    if (!text) return {};
    auto parsed = parse_term(*text);
    if (!parsed) reader.error(name, "must be a term such as \"2 months\", \"10 working days\" or \"72 hours\"");
    return parsed ? *parsed : Term{};
  }

  int minutes(std::string_view name) {
    const std::string text = reader_.text(name);
    const bool shaped = text.size() == 5 && text[2] == ':' && std::all_of(text.begin(), text.end(), [](char c) {
                          return (c >= '0' && c <= '9') || c == ':';
                        });
    const int value = shaped ? ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0' : -1;
    if (value >= 0 && value < kDayMinutes && text[3] < '6') return value;
    if (!text.empty()) reader_.error(name, "must be a time of day such as 21:00");
    return 0;
  }

  void read_figures() {
    rule_.term = term(reader_, "term");
    if (has_term(rule_.topic) && rule_.term.count == 0) reader_.error("term", "is required, such as \"2 months\"");
    if (!has_term(rule_.topic) && rule_.term.count != 0) {
      reader_.error("term", fmt::format("has no meaning for {}", name_of(rule_.topic)));
    }
    rule_.extension = term(reader_, "extension");
    rule_.from_each_use = reader_.optional_boolean("from_each_use").value_or(false);
    if (rule_.topic == Topic::age_of_consent) rule_.years = static_cast<int>(reader_.integer("years", 1, 30));
    if (rule_.topic == Topic::quiet_hours) {
      rule_.quiet_from = minutes("quiet_from");
      rule_.quiet_until = minutes("quiet_until");
      if (rule_.quiet_from == rule_.quiet_until && rule_.requirement != Requirement::free) {
        reader_.error("quiet_until", "must be another time than quiet_from; 00:00 to 23:59 is all day");
      }
    }
    rule_.to = reader_.texts("to", kMaxCountries);
    if (!rule_.to.empty() && rule_.topic != Topic::transfer) reader_.error("to", "is of transfers alone");
    for (const std::string& code : rule_.to) {
      if (!is_code(code)) reader_.error("to", fmt::format("'{}' is no country's code", code));
    }
    if (rule_.topic == Topic::retention) rule_.retention_class = reader_.text("retention_class", {.max_length = 40});
  }

  void read_foundation() {
    const std::string status = reader_.text("status");
    if (auto found = find_status(status); found && *found != Status::confirmed) {
      rule_.status = *found;
    } else if (!status.empty()) {
      reader_.error("status", "must be verified, secondary or unverified");
    }
    rule_.source = reader_.text("source", {.max_length = kMaxText});
    rule_.link = reader_.optional_text("link", {.max_length = kMaxText}).value_or("");
    if (!rule_.link.empty() && !rule_.link.starts_with("https://")) reader_.error("link", "must begin with https://");
    if (auto read = day("read", false)) rule_.read = to_text(*read);
    if (rule_.status == Status::verified && rule_.read.empty()) {
      reader_.error("read", "is required where a rule is verified: the day on which the law was read");
    }
    rule_.german = reader_.text("de", {.max_length = kMaxText});
    rule_.english = reader_.text("en", {.max_length = kMaxText});
  }

  json::Reader& reader_;
  Rule& rule_;
};

void put(json::Value& out, const char* name, const std::string& text) {
  if (!text.empty()) out[name] = text;
}

void put(json::Value& out, const char* name, std::vector<std::string> texts) {
  if (!texts.empty()) out[name] = std::move(texts);
}

std::string clock_text(int minutes) {
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

}  // namespace

Rule read_rule(json::Reader& reader, std::string jurisdiction) {
  Rule rule;
  rule.jurisdiction = std::move(jurisdiction);
  RuleReader(reader, rule).read();
  return rule;
}

json::Value to_json(const Rule& rule) {
  json::Value out = {{"id", rule.id},
                     {"topic", name_of(rule.topic)},
                     {"from", to_text(rule.from)},
                     {"status", name_of(rule.status)},
                     {"source", rule.source},
                     {"de", rule.german},
                     {"en", rule.english}};
  std::vector<std::string> channels;
  for (Channel channel : rule.channels) {
    if (channel != Channel::none) channels.emplace_back(name_of(channel));
  }
  put(out, "channels", std::move(channels));
  if (rule.until) out["until"] = to_text(*rule.until);
  if (is_permission(rule.topic)) out["requirement"] = name_of(rule.requirement);
  put(out, "needs", names_of_needs(rule.needs));
  put(out, "duties", names_of_duties(rule.duties));
  for (const Exception& exception : rule.exceptions) {
    json::Value each = {{"name", exception.name}};
    put(each, "needs", names_of_needs(exception.needs));
    put(each, "since_sale", to_text(exception.since_sale));
    out["exceptions"].push_back(std::move(each));
  }
  put(out, "term", to_text(rule.term));
  put(out, "extension", to_text(rule.extension));
  if (rule.from_each_use) out["from_each_use"] = true;
  if (rule.topic == Topic::age_of_consent) out["years"] = rule.years;
  if (rule.topic == Topic::quiet_hours) {
    out["quiet_from"] = clock_text(rule.quiet_from);
    out["quiet_until"] = clock_text(rule.quiet_until);
  }
  put(out, "to", rule.to);
  put(out, "retention_class", rule.retention_class);
  put(out, "link", rule.link);
  put(out, "read", rule.read);
  return out;
}

Result<Jurisdiction> read_jurisdiction(const json::Value& body) {
  json::Reader reader(body);
  Jurisdiction out;
  out.code = reader.text("code");
  if (!out.code.empty() && !is_code(out.code)) reader.error("code", "must be ISO 3166 (\"DE\", \"US-CA\") or \"*\"");
  out.within = reader.optional_text("within").value_or("");
  out.group = reader.optional_boolean("group").value_or(false);
  if (const json::Value* name = reader.object("name")) {
    json::Reader nested(*name, reader.pointer("name"));
    out.german = nested.text("de");
    out.english = nested.text("en");
    reader.merge(nested);
  } else {
    reader.error("name", "is required, with de and en");
  }
  if (const json::Value* list = reader.array("rules", kMaxRules)) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      json::Reader nested((*list)[i], fmt::format("{}/{}", reader.pointer("rules"), i));
      out.rules.push_back(read_rule(nested, out.code));
      reader.merge(nested);
    }
  }
  TRY(reader.finish());
  return out;
}

json::Value to_json(const Jurisdiction& jurisdiction) {
  json::Value out = {{"code", jurisdiction.code},
                     {"name", {{"de", jurisdiction.german}, {"en", jurisdiction.english}}},
                     {"rules", json::Value::array()}};
  put(out, "within", jurisdiction.within);
  if (jurisdiction.group) out["group"] = true;
  for (const Rule& rule : jurisdiction.rules) out["rules"].push_back(to_json(rule));
  return out;
}

Result<Jurisdiction> parse_jurisdiction(std::string_view toml, std::string_view name) {
  auto body = TRY(config::parse_toml(toml, name));
  auto read = read_jurisdiction(body);
  if (read) return read;
  Error error = read.error();
  error.detail = fmt::format("{}: {}", name, error.detail);
  return std::unexpected(std::move(error));
}

}  // namespace handschlag::law
