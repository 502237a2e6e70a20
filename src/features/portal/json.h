// What customers see, as the API has it. Private to the slice.
#pragma once

#include <string_view>

#include "features/portal/portal.h"
#include "platform/json/json.h"

namespace handschlag::portal {

json::Value to_json(const Session& session);
// In "de" or "en".
json::Value to_json(const Overview& overview, std::string_view language);

}  // namespace handschlag::portal
