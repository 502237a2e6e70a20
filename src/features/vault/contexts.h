// What wrapped keys are bound to. Private to the slice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace handschlag::vault {

std::string key_context(std::string_view region, std::int64_t identity, std::int64_t retention_class);
std::string secret_context(std::string_view region, std::string_view name);

}  // namespace handschlag::vault
