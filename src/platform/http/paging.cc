#include "platform/http/paging.h"

#include <fmt/format.h>

#include <charconv>

namespace handschlag::http {

Result<std::size_t> page_limit(const Request& request) {
  const auto text = request.query_param("limit");
  if (!text) return kUsualPage;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit < 1 || limit > kLargestPage) {
    return fail(ErrorKind::invalid, "limit_invalid", fmt::format("limit must be 1 to {}.", kLargestPage),
                {{"limit", fmt::format("must be 1 to {}", kLargestPage)}});
  }
  return limit;
}

json::Value page(json::Value items, const std::optional<std::string>& next) {
  return {{"items", std::move(items)}, {"next", next ? json::Value(*next) : json::Value(nullptr)}};
}

}  // namespace handschlag::http
