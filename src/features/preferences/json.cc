#include "features/preferences/json.h"

#include "features/rulebook/rulebook.h"
#include "platform/http/paging.h"

namespace handschlag::preferences {
namespace {

using json::Value;

constexpr std::string_view kDpv = "https://w3id.org/dpv#";

Value text_or_null(std::string_view text) {
  return text.empty() ? Value() : Value(text);
}

Value time_or_null(const std::optional<Time>& time) {
  return time ? Value(format_time(*time)) : Value();
}

Value id_or_null(std::string_view region, consent::StatementId id) {
  return id ? Value(format_statement(region, id)) : Value();
}

Value statement_json(std::string_view region, const consent::Statement& said) {
  Value notice;
  if (!said.notice.id.empty()) {
    notice = {{"id", said.notice.id}, {"version", said.notice.version}, {"hash", said.notice.hash}};
  }
  return {{"id", format_statement(region, said.id)},
          {"identity", customers::format_handle(region, said.identity)},
          {"act", name_of(said.act)},
          {"purpose", gate::info(said.purpose).name},
          {"channel", law::name_of(said.channel)},
          {"address", said.address ? Value(said.address->value) : Value()},
          {"way", name_of(said.way)},
          {"original_way", text_or_null(said.proof.way)},
          {"strength", gate::name_of(said.strength)},
          {"explicit", said.explicit_consent},
          {"quiet_hours", said.quiet_hours},
          {"recipient_named", said.recipient_named},
          {"guardian", said.guardian},
          {"said_at", format_time(said.occurred_at)},
          {"recorded_at", format_time(said.received_at)},
          {"expires_at", time_or_null(said.expires_at)},
          {"follows", id_or_null(region, said.follows)},
          {"notice", std::move(notice)},
          {"language", text_or_null(said.proof.language)},
          {"declaration", text_or_null(said.proof.declaration)},
          {"evidence", text_or_null(said.proof.evidence)},
          {"taken_down_by", text_or_null(said.proof.role)},
          {"readable", said.readable}};
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

Value obstacle_json(const Obstacle& obstacle) {
  auto both = [](const Text& text) { return Value{{"de", text.german}, {"en", text.english}}; };
  return {{"name", obstacle.name},
          {"text", both(obstacle.text)},
          {"way_out", obstacle.way_out.english.empty() ? Value() : both(obstacle.way_out)}};
}

Value line_json(std::string_view region, const Line& line) {
  const consent::Standing& standing = line.standing;
  const bool decided = static_cast<bool>(standing.decided_by);
  Value ruling;
  if (line.ruling) {
    ruling = rulebook::ruling_json(*line.ruling, standing.purpose, *line.law);
    ruling["remedies"] = rulebook::remedies_json(line.remedies);
  }
  return {{"purpose", gate::info(standing.purpose).name},
          {"channel", law::name_of(standing.channel)},
          {"state", name_of(standing.state)},
          {"spoken_of", decided || standing.waiting_since.has_value()},
          {"act", decided ? Value(consent::name_of(standing.act)) : Value()},
          {"expired", standing.expired},
          {"decided_by", standing.by_another ? Value() : id_or_null(region, standing.decided_by)},
          {"by_another", standing.by_another},
          {"strength", gate::name_of(standing.strength)},
          {"since", decided ? Value(format_time(standing.since)) : Value()},
          {"expires_at", time_or_null(standing.expires_at)},
          {"waiting_since", time_or_null(standing.waiting_since)},
          {"ask_again_at", time_or_null(line.ask_again_at)},
          {"country", text_or_null(line.country)},
          {"ruling", std::move(ruling)},
          {"obstacle", line.obstacle ? obstacle_json(*line.obstacle) : Value()}};
}

std::string_view retention_class_name(notices::Since since) {
  switch (since) {
    case notices::Since::collected:
      return "after collection";
    case notices::Since::last_use:
      return "after the last use";
    case notices::Since::contract_end:
      return "after the end of the contract";
    case notices::Since::case_closed:
      return "after the case is closed";
    case notices::Since::consent_end:
      return "after the end of the consent";
  }
  return "";
}

Value recipients_json(const Receipt& receipt) {
  Value out = Value::array();
  if (!receipt.entry) return out;
  for (const notices::Recipient& each : receipt.entry->recipients) {
    out.push_back({{"name", each.name}, {"country", each.country}});
  }
  return out;
}

Value processing_json(const Receipt& receipt) {
  const consent::Statement& said = receipt.statement;
  Value notice;
  if (!said.notice.id.empty()) {
    notice = {{"id", said.notice.id}, {"version", said.notice.version}, {"hash", said.notice.hash}};
  }
  Value retention;
  Value information = Value::array();
  if (receipt.entry) {
    for (const std::string& category : receipt.entry->categories) information.push_back(category);
    if (receipt.entry->retention.count > 0) {
      retention =
          law::to_text(receipt.entry->retention) + " " + std::string(retention_class_name(receipt.entry->since));
    }
  }
  return {{"privacy_notice", std::move(notice)},
          {"language", text_or_null(said.proof.language)},
          {"declaration", text_or_null(said.proof.declaration)},
          {"purposes", Value::array({{{"purpose", gate::info(said.purpose).name},
                                      {"purpose_type", std::string(kDpv) + std::string(gate::info(said.purpose).name)},
                                      {"lawful_basis", "eu-gdpr:A6-1-a"},
                                      {"channel", law::name_of(said.channel)}}})},
          {"pii_information", std::move(information)},
          {"pii_controllers", Value::array({sources::kOwnController})},
          {"collection_method", consent::name_of(said.way)},
          {"storage_locations", Value::array({receipt.region})},
          {"retention_period", std::move(retention)},
          {"jurisdiction", text_or_null(receipt.country)},
          {"recipient_third_parties", recipients_json(receipt)},
          {"withdrawal_method", "As easy as it was given: by one word to service, or by the link in each message."},
          {"privacy_rights", Value::array({"access", "rectification", "erasure", "restriction", "portability",
                                           "objection", "withdrawal of consent", "complaint to an authority"})}};
}

}  // namespace

Value to_json(const Consents& consents) {
  Value lines = Value::array();
  for (const Line& line : consents.lines) lines.push_back(line_json(consents.region, line));
  Value history = Value::array();
  for (const consent::Statement& said : consents.history) history.push_back(statement_json(consents.region, said));
  return {{"customer", consents.handle}, {"states", std::move(lines)}, {"history", std::move(history)}};
}

Value to_json(const Found& found) {
  Value items = Value::array();
  for (const Found::Item& item : found.items) {
    Value one = statement_json(found.region, item.statement);
    for (const char* unopened :
         {"identity", "address", "original_way", "language", "declaration", "evidence", "taken_down_by", "readable"}) {
      one.erase(unopened);
    }
    one["customer"] = item.handle;
    items.push_back(std::move(one));
  }
  Value out = http::page(std::move(items), found.next);
  out["region"] = found.region;
  out["withheld"] = found.withheld;
  return out;
}

Value to_json(const Receipt& receipt) {
  Value out = statement_json(receipt.region, receipt.statement);
  out["customer"] = receipt.handle;
  return out;
}

Value receipt_json(const Receipt& receipt) {
  const consent::Statement& said = receipt.statement;
  const std::string id = format_statement(receipt.region, said.id);
  return {{"schema_version", "ISO/IEC TS 27560:2023"},
          {"record_id", id},
          {"receipt_id", "receipt-" + id},
          {"pii_principal_id", customers::format_handle(receipt.region, said.identity)},
          {"address", said.address ? Value(said.address->value) : Value()},
          {"processing", processing_json(receipt)},
          {"events", Value::array({{{"event_time", format_time(said.occurred_at)},
                                    {"recorded_at", format_time(said.received_at)},
                                    {"validity_duration", time_or_null(said.expires_at)},
                                    {"entity_id", said.proof.role.empty() ? "pii_principal" : said.proof.role},
                                    {"event_type", consent::name_of(said.act)},
                                    {"event_state", std::string(kDpv) + std::string(dpv_term_of(said.act))}}})}};
}

}  // namespace handschlag::preferences
