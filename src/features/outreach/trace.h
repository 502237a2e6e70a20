// The trace of a message as text: labels, times and numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "features/outreach/outreach.h"

namespace handschlag::outreach {

std::string to_text(const std::vector<Step>& steps);
std::vector<Step> steps_from_text(std::string_view text);

}  // namespace handschlag::outreach
