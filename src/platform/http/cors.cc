#include "platform/http/cors.h"

#include <algorithm>

namespace handschlag::http {

void vary_by(Response& response, std::string_view name) {
  for (auto& [key, value] : response.headers) {
    if (!equal_ignoring_case(key, "Vary")) continue;
    if (value.find(name) == std::string::npos) value.append(", ").append(name);
    return;
  }
  response.with("Vary", name);
}

bool Cors::allows(std::string_view origin) const {
  if (origin.empty()) return false;
  return std::any_of(origins_.begin(), origins_.end(),
                     [&](const std::string& allowed) { return allowed == "*" || allowed == origin; });
}

bool Cors::is_preflight(const Headers& request) {
  return !find_header(request, "Origin").empty() && !find_header(request, "Access-Control-Request-Method").empty();
}

Response Cors::preflight(const Headers& request, std::string_view methods) const {
  Response response = Response::empty(204);
  allow_reading(request, response);
  vary_by(response, "Access-Control-Request-Headers");
  if (!allows(find_header(request, "Origin"))) return response;
  response.with("Access-Control-Allow-Methods", methods).with("Access-Control-Max-Age", "900");
  std::string_view asked = find_header(request, "Access-Control-Request-Headers");
  if (!asked.empty()) response.with("Access-Control-Allow-Headers", asked);
  return response;
}

void Cors::allow_reading(const Headers& request, Response& response) const {
  vary_by(response, "Origin");
  std::string_view origin = find_header(request, "Origin");
  if (!allows(origin)) return;
  response.with("Access-Control-Allow-Origin", origin)
      .with("Access-Control-Allow-Credentials", "true")
      .with("Access-Control-Expose-Headers", "Retry-After, X-Request-Id");  // clients obey Retry-After on 429
}

}  // namespace handschlag::http
