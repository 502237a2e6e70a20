// The sources of the made-up company: what each is trusted with, and why it may use what it knows.
#pragma once

#include <string_view>
#include <vector>

#include "features/sources/sources.h"

namespace handschlag::demo {

// Names of consent categories on the wire.
inline constexpr std::string_view kAnalytics = "analytics";
inline constexpr std::string_view kMarketing = "marketing";
inline constexpr std::string_view kPersonalisation = "personalisation";
inline constexpr std::string_view kLocation = "location";

// One for each Place, in its order.
std::vector<sources::Source> declare_sources();

}  // namespace handschlag::demo
