// Jurisdictions and rules as JSON, which the files (in TOML), the kept rule sets and the API have in common.
#pragma once

#include "features/law/law.h"
#include "platform/json/json.h"

namespace handschlag::law {

std::optional<Status> find_status(std::string_view name);
std::optional<Needs> find_need(std::string_view name);
std::optional<Duties> find_duty(std::string_view name);

// Reads the fields of one rule; what is wrong is left in the reader. `jurisdiction` is taken as it is.
Rule read_rule(json::Reader& reader, std::string jurisdiction);
json::Value to_json(const Rule& rule);

Result<Jurisdiction> read_jurisdiction(const json::Value& body);
json::Value to_json(const Jurisdiction& jurisdiction);  // with its rules

}  // namespace handschlag::law
