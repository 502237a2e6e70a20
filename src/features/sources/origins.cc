#include "features/sources/origins.h"

#include <algorithm>

namespace handschlag::sources {

bool allows_origin(const Source& source, std::string_view origin) {
  if (origin.empty()) return true;
  return std::any_of(source.cors_origins.begin(), source.cors_origins.end(),
                     [&](const std::string& listed) { return listed == "*" || listed == origin; });
}

}  // namespace handschlag::sources
