// The names of what law.h enumerates, as the files of the jurisdictions and the API spell them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "features/law/law.h"

namespace handschlag::law {
namespace {

constexpr std::chrono::year kLastYear{9999};
constexpr int kMostCount = 100'000;

constexpr std::string_view kTopicNames[] = {"advertising",
                                            "survey",
                                            "market_research",
                                            "service",
                                            "device",
                                            "linking",
                                            "profiling",
                                            "location",
                                            "automated_decision",
                                            "special_category",
                                            "sale_of_data",
                                            "listening",
                                            "privacy_signal",
                                            "transfer",
                                            "localisation",
                                            "quiet_hours",
                                            "age_of_consent",
                                            "consent_proof",
                                            "consent_life",
                                            "re_ask_pause",
                                            "request_deadline",
                                            "objection_deadline",
                                            "breach_notice",
                                            "retention",
                                            "fine"};
static_assert(std::size(kTopicNames) == kTopics);

constexpr std::string_view kChannelNames[] = {"none", "email", "sms", "phone", "post", "push", "web", "social"};
static_assert(std::size(kChannelNames) == kChannels);

constexpr std::string_view kRequirementNames[] = {"free", "opt_out", "opt_in", "double_opt_in", "forbidden"};
constexpr std::string_view kStatusNames[] = {"unverified", "secondary", "verified", "confirmed"};
constexpr std::string_view kNeedNames[] = {
    "address_from_sale", "own_similar_goods", "told_when_collected", "told_at_each_use", "register_clear",
    "explicit_consent",  "named_recipient",   "human_review",        "safeguards",       "business_relationship"};
constexpr std::string_view kDutyNames[] = {"keep_proof", "name_sender", "offer_objection", "mark_advertising",
                                           "record_call"};
constexpr std::pair<std::string_view, Term::Unit> kUnits[] = {{"hours", Term::Unit::hours},
                                                              {"days", Term::Unit::days},
                                                              {"working days", Term::Unit::working_days},
                                                              {"months", Term::Unit::months},
                                                              {"years", Term::Unit::years}};
constexpr int kLongestTerm = 10'000;

template <class Value, std::size_t N>
std::optional<Value> find_in(const std::string_view (&names)[N], std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Value>(i);
  }
  return std::nullopt;
}

template <std::size_t N>
std::vector<std::string> names_of_bits(const std::string_view (&names)[N], std::uint32_t bits) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < N; ++i) {
    if ((bits >> i & 1u) != 0) out.emplace_back(names[i]);
  }
  return out;
}

template <std::size_t N>
std::optional<std::uint32_t> find_bit(const std::string_view (&names)[N], std::string_view name) {
  auto place = find_in<std::uint32_t>(names, name);
  return place ? std::optional(1u << *place) : std::nullopt;
}

}  // namespace

std::string_view name_of(Topic topic) {
  return kTopicNames[static_cast<std::size_t>(topic)];
}
std::string_view name_of(Channel channel) {
  return kChannelNames[static_cast<std::size_t>(channel)];
}
std::string_view name_of(Requirement requirement) {
  return kRequirementNames[static_cast<std::size_t>(requirement)];
}
std::string_view name_of(Status status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}
std::optional<Topic> find_topic(std::string_view name) {
  return find_in<Topic>(kTopicNames, name);
}
std::optional<Channel> find_channel(std::string_view name) {
  return find_in<Channel>(kChannelNames, name);
}
std::optional<Requirement> find_requirement(std::string_view name) {
  return find_in<Requirement>(kRequirementNames, name);
}
std::optional<Status> find_status(std::string_view name) {
  return find_in<Status>(kStatusNames, name);
}
std::optional<Needs> find_need(std::string_view name) {
  return find_bit(kNeedNames, name);
}
std::optional<Duties> find_duty(std::string_view name) {
  return find_bit(kDutyNames, name);
}
std::vector<std::string> names_of_needs(Needs needs) {
  return names_of_bits(kNeedNames, needs);
}
std::vector<std::string> names_of_duties(Duties duties) {
  return names_of_bits(kDutyNames, duties);
}

bool is_country_code(std::string_view code) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto part = [&](char c) { return capital(c) || (c >= '0' && c <= '9'); };
  if (code.size() < 2 || !capital(code[0]) || !capital(code[1])) return false;
  if (code.size() == 2) return true;
  return code.size() >= 4 && code.size() <= 6 && code[2] == '-' && std::all_of(code.begin() + 3, code.end(), part);
}

bool has_channels(Topic topic) {
  switch (topic) {
    case Topic::advertising:
    case Topic::survey:
    case Topic::market_research:
    case Topic::service:
    case Topic::quiet_hours:
    case Topic::consent_proof:
      return true;
    default:
      return false;
  }
}

bool is_permission(Topic topic) {
  return topic <= Topic::quiet_hours;
}

bool has_term(Topic topic) {
  return topic >= Topic::consent_proof && topic <= Topic::retention;
}

Day day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time);
}

std::string to_text(Day day) {
  return format_day(Time(day));
}

Result<Day> parse_day(std::string_view text) {
  auto time = parse_time(text);
  if (text.size() != 10 || !time) {
    return fail(ErrorKind::invalid, "day_invalid", fmt::format("'{}' is no day such as 2026-08-11.", text));
  }
  return day_of(*time);
}

double Term::days() const {
  switch (unit) {
    case Unit::hours:
      return count / 24.0;
    case Unit::days:
      return count;
    case Unit::working_days:
      return count * 7.0 / 5.0;
    case Unit::months:
      return count * 30.0;
    case Unit::years:
      break;
  }
  return count * 365.0;
}

Result<Term> parse_term(std::string_view text) {
  Term term;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), term.count);
  std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error == std::errc() && term.count > 0 && term.count <= kLongestTerm && rest.starts_with(' ')) {
    rest.remove_prefix(1);
    for (const auto& [name, unit] : kUnits) {
      const bool singular = term.count == 1 && name.substr(0, name.size() - 1) == rest;
      if (rest != name && !singular) continue;
      term.unit = unit;
      return term;
    }
  }
  return fail(ErrorKind::invalid, "term_invalid",
              fmt::format("'{}' is no term such as \"2 months\", \"10 working days\" or \"72 hours\".", text));
}

std::string to_text(const Term& term) {
  if (term.count == 0) return {};
  for (const auto& [name, unit] : kUnits) {
    if (unit != term.unit) continue;
    return fmt::format("{} {}", term.count, term.count == 1 ? name.substr(0, name.size() - 1) : name);
  }
  return {};
}

namespace {

std::chrono::sys_days months_after(std::chrono::sys_days day, int months) {
  const std::chrono::year_month_day date{day};
  const auto month = date.year() / date.month() + std::chrono::months{months};
  if (month.year() > kLastYear) return kLastYear / std::chrono::December / 31;
  const auto last = (month / std::chrono::last).day();
  return month / std::min(date.day(), last);
}

std::chrono::sys_days working_days_after(std::chrono::sys_days day, int count) {
  while (count > 0) {
    day += std::chrono::days{1};
    const std::chrono::weekday weekday{day};
    if (weekday != std::chrono::Saturday && weekday != std::chrono::Sunday) --count;
  }
  return day;
}

}  // namespace

Time after(Time from, const Term& term) {
  const auto day = std::chrono::floor<std::chrono::days>(from);
  const auto time = from - day;
  // However long a term is, the end of time comes first.
  const int count = std::clamp(term.count, 0, kMostCount);
  switch (term.unit) {
    case Term::Unit::hours:
      return from + std::chrono::hours{count};
    case Term::Unit::days:
      return from + std::chrono::days{count};
    case Term::Unit::working_days:
      return working_days_after(day, count) + time;
    case Term::Unit::months:
      return months_after(day, count) + time;
    case Term::Unit::years:
      return months_after(day, 12 * count) + time;
  }
  return from;
}

}  // namespace handschlag::law
