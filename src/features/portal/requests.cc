#include "features/portal/requests.h"

#include <any>

#include "features/portal/portal.h"

namespace handschlag::portal {
namespace {

json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

std::string_view unit_of(const law::Term& term) {
  constexpr std::string_view kUnits[] = {"hours", "days", "working_days", "months", "years"};
  return kUnits[static_cast<std::size_t>(term.unit)];
}

}  // namespace

Request request_of(const http::Request& request) {
  return {std::any_cast<const Customer&>(request.principal.who), request.operation, request.trace_id};
}

Result<json::Value> read_json(const http::Request& request) {
  if (!request.header("Content-Type").starts_with("application/json")) {
    return fail(ErrorKind::invalid, "content_type_invalid", "Send the body as Content-Type: application/json.");
  }
  return json::parse(request.body);
}

std::string read_language(json::Reader& reader) {
  const std::string language = reader.optional_text("language", {.max_length = 8}).value_or("en");
  if (language != "de" && language != "en") reader.error("language", "must be de or en");
  return language;
}

json::Value to_json(const notices::NoticePointer& notice, std::string_view language) {
  if (!notice) return {};
  const notices::Text* text = notice->text_in(language);
  if (text == nullptr) return {};
  return {
      {"id", notice->id},   {"version", notice->version},       {"language", text->language},    {"title", text->title},
      {"text", text->text}, {"declaration", text->declaration}, {"withdrawal", text->withdrawal}};
}

json::Value to_json(gate::Purpose purpose, const notices::EntryPointer& entry, std::string_view language) {
  const bool german = language == "de";
  const gate::PurposeInfo& info = gate::info(purpose);
  json::Value out = {{"purpose", info.name},
                     {"title", german ? info.german : info.english},
                     {"description", json::Value()},
                     {"benefit", json::Value()},
                     {"categories", json::Value::array()},
                     {"recipients", json::Value::array()},
                     {"retention", json::Value()},
                     {"lines", json::Value::array()}};
  if (!entry) return out;
  out["description"] = text_or_null(german ? entry->description.german : entry->description.english);
  out["benefit"] = text_or_null(german ? entry->benefit.german : entry->benefit.english);
  for (const std::string& category : entry->categories) out["categories"].push_back(category);
  for (const notices::Recipient& each : entry->recipients) {
    out["recipients"].push_back({{"name", each.name}, {"country", each.country}});
  }
  if (entry->retention.count > 0) {
    out["retention"] = {{"count", entry->retention.count},
                        {"unit", unit_of(entry->retention)},
                        {"since", notices::name_of(entry->since)}};
  }
  return out;
}

}  // namespace handschlag::portal
