// A source's parts as JSON, as the API has them and (but for the plan, see store.cc) the database.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "features/sources/sources.h"
#include "platform/json/json.h"

namespace handschlag::sources {

using ConsentCategories = std::map<std::string, gate::PurposeSet>;

json::Value to_json(const std::vector<gate::DeclaredPurpose>& purposes);  // ["CustomerCare:A6-1-b"]
json::Value to_json(const ConsentCategories& categories);                 // {"analytics": ["ServiceUsageAnalytics"]}
json::Value to_json(const Plan& plan);
json::Value to_json(const http::Rate& quota);  // null where there is none of its own
json::Value to_json(const Source& source);     // all of it, as the API shows it

// Errors: invalid, fields named by JSON pointer, which begins with `pointer`.
Result<std::vector<gate::DeclaredPurpose>> decode_purposes(const json::Value& value, const std::string& pointer);
Result<ConsentCategories> decode_consent_categories(const json::Value& value, const std::string& pointer);
Result<Plan> decode_plan(const json::Value& value, const std::string& pointer);
Result<std::vector<std::string>> decode_origins(const json::Value& value, const std::string& pointer);

// null or {"events_per_second": 500, "burst": 5000}; without a burst it is ten seconds' worth.
Result<http::Rate> decode_quota(const json::Value& value, const std::string& pointer);

// What an operator may choose of a source; the rest has its defaults. Errors: invalid, every wrong field named.
Result<Source> decode_source(const json::Value& value);

// Everything that is wrong with a source's fields.
std::vector<FieldError> errors_in(const Source& source);
std::vector<FieldError> errors_in(const http::Rate& quota, const std::string& pointer);

std::unexpected<Error> invalid_fields(std::vector<FieldError> errors);

}  // namespace handschlag::sources
