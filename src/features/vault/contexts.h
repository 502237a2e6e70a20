// What wrapped keys are bound to. Private to the slice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace handschlag::vault {

std::string key_context(std::string_view region, std::int64_t identity, std::int64_t retention_class);
std::string secret_context(std::string_view region, std::string_view name);

// Of the secret that look-up digests begin with. Each vault has it, so that it tells which region key is the one of
// now.
inline constexpr std::string_view kDigestSecret = "digest";

}  // namespace handschlag::vault
