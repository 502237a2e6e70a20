#include "features/templates/codec.h"

#include <fmt/format.h>

namespace handschlag::templates {

json::Value to_json(const std::map<std::string, Text>& texts) {
  json::Value out = json::Value::object();
  for (const auto& [language, text] : texts) {
    out[language] = {{"subject", text.subject}, {"text", text.text}, {"html", text.html}};
  }
  return out;
}

json::Value to_json(const Template& one) {
  return {{"id", one.id},
          {"version", one.version},
          {"purpose", gate::info(one.purpose).name},
          {"parameters", one.parameters},
          {"texts", to_json(one.texts)},
          {"built_in", one.built_in},
          {"published_at", one.built_in ? json::Value() : json::Value(format_time(one.published_at))},
          {"published_by", one.built_in ? json::Value() : json::Value(one.published_by)}};
}

std::string to_text(const std::vector<std::string>& parameters) {
  return json::dump(json::Value(parameters));
}

std::string to_text(const std::map<std::string, Text>& texts) {
  return json::dump(to_json(texts));
}

std::vector<std::string> parameters_from_text(std::string_view text) {
  std::vector<std::string> out;
  if (auto parsed = json::parse(text)) {
    for (const json::Value& name : *parsed) out.push_back(name.get<std::string>());
  }
  return out;
}

std::map<std::string, Text> texts_from_text(std::string_view text) {
  std::map<std::string, Text> out;
  auto parsed = json::parse(text);
  if (!parsed) return out;
  for (const auto& [language, one] : parsed->items()) {
    out[language] = {one.value("subject", ""), one.value("text", ""), one.value("html", "")};
  }
  return out;
}

Result<Template> read_template(const json::Value& body, std::string_view pointer) {
  json::Reader reader(body, std::string(pointer));
  Template one;
  one.id = reader.text("id", {.max_length = 64});
  const auto purpose = gate::find_purpose(reader.text("purpose", {.max_length = 64}));
  if (!purpose) reader.error("purpose", "must be one of GET /api/v1/purposes");
  one.purpose = purpose.value_or(gate::Purpose::DirectMarketing);
  if (reader.any("parameters") != nullptr) one.parameters = reader.texts("parameters", 20);
  if (const json::Value* texts = reader.object("texts")) {
    json::Reader languages(*texts, reader.pointer("texts"));
    for (const char* language : {"de", "en"}) {
      const json::Value* given = languages.object(language);
      if (given == nullptr) continue;
      json::Reader text(*given, languages.pointer(language));
      Text& out = one.texts[language];
      out.subject = text.text("subject", {.max_length = 200});
      out.text = text.text("text", {.max_length = 20'000});
      out.html = text.optional_text("html", {.min_length = 0, .max_length = 100'000}).value_or("");
      languages.merge(text);
    }
    reader.merge(languages);
  }
  TRY(reader.finish());
  return one;
}

}  // namespace handschlag::templates
