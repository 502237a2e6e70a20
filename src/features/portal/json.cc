#include "features/portal/json.h"

namespace handschlag::portal {
namespace {

using json::Value;

Value text_or_null(std::string_view text) {
  return text.empty() ? Value() : Value(text);
}

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(format_time(*time)) : Value();
}

std::string_view name_of(gate::ConsentState state) {
  switch (state) {
    case gate::ConsentState::given:
      return "given";
    case gate::ConsentState::refused:
      return "refused";
    default:
      return "unknown";
  }
}

std::string_view unit_of(const law::Term& term) {
  constexpr std::string_view kUnits[] = {"hours", "days", "working_days", "months", "years"};
  return kUnits[static_cast<std::size_t>(term.unit)];
}

Value line_json(const Line& line, std::string_view language) {
  return {{"channel", law::name_of(line.channel)},
          {"state", name_of(line.state)},
          {"expired", line.expired},
          {"since", time_or_null(line.since)},
          {"expires_at", time_or_null(line.expires_at)},
          {"notice", to_json(line.notice, language)}};
}

Value topic_json(const Topic& topic, std::string_view language) {
  const bool german = language == "de";
  const gate::PurposeInfo& info = gate::info(topic.purpose);
  Value lines = Value::array();
  for (const Line& line : topic.lines) lines.push_back(line_json(line, language));
  Value out = {{"purpose", info.name},         {"title", german ? info.german : info.english},
               {"description", Value()},       {"benefit", Value()},
               {"categories", Value::array()}, {"recipients", Value::array()},
               {"retention", Value()},         {"lines", std::move(lines)}};
  if (!topic.entry) return out;
  const notices::Entry& entry = *topic.entry;
  out["description"] = text_or_null(german ? entry.description.german : entry.description.english);
  out["benefit"] = text_or_null(german ? entry.benefit.german : entry.benefit.english);
  for (const std::string& category : entry.categories) out["categories"].push_back(category);
  for (const notices::Recipient& each : entry.recipients) {
    out["recipients"].push_back({{"name", each.name}, {"country", each.country}});
  }
  if (entry.retention.count > 0) {
    out["retention"] = {
        {"count", entry.retention.count}, {"unit", unit_of(entry.retention)}, {"since", notices::name_of(entry.since)}};
  }
  return out;
}

Value said_json(const Said& said, bool german) {
  const consent::Statement& statement = said.statement;
  const gate::PurposeInfo& info = gate::info(statement.purpose);
  return {{"id", preferences::format_statement(said.region, statement.id)},
          {"act", consent::name_of(statement.act)},
          {"purpose", info.name},
          {"title", german ? info.german : info.english},
          {"channel", law::name_of(statement.channel)},
          {"way", consent::name_of(statement.way)},
          {"said_at", format_time(statement.occurred_at)},
          {"expires_at", time_or_null(statement.expires_at)},
          {"declaration", text_or_null(statement.proof.declaration)}};
}

}  // namespace

Value to_json(const Session& session) {
  return {{"address", session.address},
          {"csrf_token", session.csrf_token},
          {"expires_at", format_time(session.expires_at)}};
}

Value to_json(const Overview& overview, std::string_view language) {
  Value topics = Value::array();
  for (const Topic& topic : overview.topics) topics.push_back(topic_json(topic, language));
  Value history = Value::array();
  for (const Said& said : overview.history) history.push_back(said_json(said, language == "de"));
  return {{"address", overview.address},
          {"known", overview.known},
          {"advertising", overview.advertising ? "open" : "ended"},
          {"topics", std::move(topics)},
          {"history", std::move(history)}};
}

}  // namespace handschlag::portal
