// The program's version.
#pragma once

namespace handschlag::app {

inline constexpr const char* kVersionNumber = "0.1.0";
inline constexpr const char* kVersion = "handschlag 0.1.0";

}  // namespace handschlag::app
