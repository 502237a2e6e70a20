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

Value line_json(const Line& line, std::string_view language) {
  return {{"channel", law::name_of(line.channel)},
          {"state", name_of(line.state)},
          {"expired", line.expired},
          {"since", time_or_null(line.since)},
          {"expires_at", time_or_null(line.expires_at)},
          {"notice", to_json(line.notice, language)}};
}

Value topic_json(const Topic& topic, std::string_view language) {
  Value out = to_json(topic.purpose, topic.entry, language);
  for (const Line& line : topic.lines) out["lines"].push_back(line_json(line, language));
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
