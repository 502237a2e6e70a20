#include "features/portal/requests.h"

#include <any>

#include "features/portal/portal.h"

namespace handschlag::portal {

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

}  // namespace handschlag::portal
