// The `limit` of paged lists, the same for all (api/base.yaml).
#pragma once

#include <cstddef>

#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

inline constexpr std::size_t kUsualPage = 50;
inline constexpr std::size_t kLargestPage = 200;

// kUsualPage where the request names none. Errors: invalid, "limit_invalid".
Result<std::size_t> page_limit(const Request& request);

// {"items": [...], "next": "..." or null}
json::Value page(json::Value items, const std::optional<std::string>& next = {});

}  // namespace handschlag::http
