// Templates as JSON: as they are stored, and as the API takes and shows them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "features/templates/templates.h"
#include "platform/json/json.h"

namespace handschlag::templates {

json::Value to_json(const std::map<std::string, Text>& texts);
json::Value to_json(const Template& one);
std::string to_text(const std::vector<std::string>& parameters);
std::string to_text(const std::map<std::string, Text>& texts);
std::vector<std::string> parameters_from_text(std::string_view text);
std::map<std::string, Text> texts_from_text(std::string_view text);

// What staff writes: without a version. Errors: invalid (each wrong field named).
Result<Template> read_template(const json::Value& body, std::string_view pointer = "");

}  // namespace handschlag::templates
