// Which pages may speak for a source.
#pragma once

#include <string_view>

#include "features/sources/sources.h"

namespace handschlag::sources {

// Whether pages of this origin may send to the source; "" is no page.
bool allows_origin(const Source& source, std::string_view origin);

}  // namespace handschlag::sources
