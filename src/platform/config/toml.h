// TOML: settings that people write, as the same values that json::Reader decodes. Thread-safe.
#pragma once

#include <string_view>

#include "platform/base/result.h"
#include "platform/json/json.h"

namespace handschlag::config {

// Parses TOML 1.0. Tables become objects, arrays arrays; dates and times become their text. `name` is what errors call
// the text ("shop.toml"). Errors: invalid, code "toml_malformed", with line and column in `fields`.
Result<json::Value> parse_toml(std::string_view text, std::string_view name);

}  // namespace handschlag::config
