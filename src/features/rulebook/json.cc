#include "features/rulebook/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/law/document.h"

namespace handschlag::rulebook {
namespace {

using json::Value;

Value text_or_null(std::string text) {
  return text.empty() ? Value(nullptr) : Value(std::move(text));
}

Value cited(const law::Rule& rule, const law::RuleSet& law) {
  const law::Jurisdiction* place = law.jurisdiction(rule.jurisdiction);
  Value name = {{"de", place == nullptr ? rule.jurisdiction : place->german},
                {"en", place == nullptr ? rule.jurisdiction : place->english}};
  // To a rule of the company's own, * is everywhere; to the law, wherever nothing else is known.
  if (rule.own && rule.jurisdiction == "*") name = {{"de", "Überall"}, {"en", "Everywhere"}};
  return {{"id", rule.id},
          {"jurisdiction", rule.jurisdiction},
          {"place", std::move(name)},
          {"own", rule.own},
          {"status", name_of(rule.status)},
          {"source", rule.source},
          {"link", text_or_null(rule.link)},
          {"text", {{"de", rule.german}, {"en", rule.english}}}};
}

// Whether it is not the law that forbids it, but a rule of the company's own.
bool forbidden_by_own(const gate::Ruling& ruling, const law::RuleSet& law) {
  if (ruling.rules[0] != gate::Rule::forbidden_by_law) return false;
  return std::any_of(ruling.law.begin(), ruling.law.end(), [&](law::RuleNumber number) {
    return number != law::kNoRule && law.rule(number).own &&
           law.rule(number).requirement == law::Requirement::forbidden && law::is_permission(law.rule(number).topic);
  });
}

std::string rule_text(gate::Rule rule, bool by_own, std::string_view language) {
  if (rule != gate::Rule::forbidden_by_law || !by_own) return std::string(text_of(rule, language));
  return language == "de" ? "eine eigene Regel des Unternehmens erlaubt es nicht"
                          : "a rule of the company's own does not permit it";
}

std::string reason_text(const gate::Ruling& ruling, gate::Purpose purpose, bool by_own, std::string_view language) {
  std::string out = gate::reason(ruling, purpose, language);
  const std::string_view law_text = text_of(gate::Rule::forbidden_by_law, language);
  const auto at = by_own ? out.find(law_text) : std::string::npos;
  if (at != std::string::npos)
    out.replace(at, law_text.size(), rule_text(gate::Rule::forbidden_by_law, true, language));
  return out;
}

}  // namespace

Value time_of_day(int minute) {
  return minute < 0 ? Value(nullptr) : Value(fmt::format("{:02}:{:02}", minute / 60 % 24, minute % 60));
}

Value rule_json(const law::Rule& rule) {
  Value out = law::to_json(rule);
  out["jurisdiction"] = rule.jurisdiction;
  out["own"] = rule.own;
  out["text"] = {{"de", rule.german}, {"en", rule.english}};
  out.erase("de");
  out.erase("en");
  return out;
}

Value to_json(const law::Norm& norm, const law::RuleSet& set) {
  Value rules = Value::array();
  for (law::RuleNumber number : norm.rules) {
    if (number != law::kNoRule) rules.push_back(set.rule(number).id);
  }
  Value exceptions = Value::array();
  for (std::size_t i = 0; i < norm.exceptions; ++i) {
    const law::Norm::Way& way = norm.ways[i];
    exceptions.push_back({{"name", way.name},
                          {"needs", law::names_of_needs(way.needs)},
                          {"days_since_sale", way.since_sale_days > 0 ? Value(way.since_sale_days) : Value(nullptr)}});
  }
  return {{"requirement", name_of(norm.requirement)},
          {"needs", law::names_of_needs(norm.needs)},
          {"exceptions", std::move(exceptions)},
          {"duties", law::names_of_duties(norm.duties)},
          {"term", text_or_null(law::to_text(norm.term))},
          {"extension", text_or_null(law::to_text(norm.extension))},
          {"from_each_use", norm.from_each_use},
          {"years", norm.years > 0 ? Value(norm.years) : Value(nullptr)},
          {"quiet_from", norm.quiet_from == norm.quiet_until ? Value(nullptr) : time_of_day(norm.quiet_from)},
          {"quiet_until", norm.quiet_from == norm.quiet_until ? Value(nullptr) : time_of_day(norm.quiet_until)},
          {"rules", std::move(rules)}};
}

Value to_json(const Confirmation& confirmation) {
  return {{"rule", confirmation.rule},
          {"counsel", confirmation.counsel},
          {"day", confirmation.day},
          {"source", confirmation.source},
          {"recorded_at", format_time(confirmation.recorded_at)},
          {"recorded_by", confirmation.recorded_by},
          {"holds", confirmation.holds}};
}

Value to_json(const OwnRule& own) {
  Value rule = rule_json(own.rule);
  rule["own"] = true;
  return {{"rule", std::move(rule)},
          {"recorded_at", format_time(own.recorded_at)},
          {"recorded_by", own.recorded_by},
          {"ended_at", own.ended_at ? Value(format_time(*own.ended_at)) : Value(nullptr)},
          {"ended_by", text_or_null(own.ended_by)}};
}

Value ruling_json(const gate::Ruling& ruling, gate::Purpose purpose, const law::RuleSet& law) {
  const bool own = forbidden_by_own(ruling, law);
  Value rules = Value::array();
  for (gate::Rule rule : ruling.rules) {
    if (rule == gate::Rule::none) break;
    rules.push_back(
        {{"name", name_of(rule)}, {"text", {{"de", rule_text(rule, own, "de")}, {"en", rule_text(rule, own, "en")}}}});
  }
  Value laws = Value::array();
  for (law::RuleNumber number : ruling.law) {
    if (number != law::kNoRule) laws.push_back(cited(law.rule(number), law));
  }
  return {
      {"decision", name_of(ruling.decision)},
      {"basis", gate::code_of(ruling.basis)},
      {"rules", std::move(rules)},
      {"law", std::move(laws)},
      {"duties", gate::names_of_duties(ruling.duties)},
      {"wait_until", time_of_day(ruling.wait_until)},
      {"reason", {{"de", reason_text(ruling, purpose, own, "de")}, {"en", reason_text(ruling, purpose, own, "en")}}},
      {"rule_set", ruling.rule_set}};
}

Value remedies_json(std::span<const gate::Remedy> remedies) {
  Value out = Value::array();
  for (const gate::Remedy& remedy : remedies) {
    out.push_back({{"name", remedy.name},
                   {"text", {{"de", remedy.german}, {"en", remedy.english}}},
                   {"decision", name_of(remedy.ruling.decision)}});
  }
  return out;
}

}  // namespace handschlag::rulebook
