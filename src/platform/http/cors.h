// Cross-origin resource sharing (the Fetch standard's CORS protocol), for what browsers of other sites may call.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/http.h"

namespace handschlag::http {

// Const and thread-safe.
class Cors {
 public:
  // "https://shop.example" or "*" for any. Credentials are allowed, so the origin is answered and never "*".
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  // Whether these are the headers of a preflight (besides the method OPTIONS).
  static bool is_preflight(const Headers& request);
  // The answer to a preflight; `methods` are those of the path ("GET, POST"). Allows nothing to an origin not listed.
  Response preflight(const Headers& request, std::string_view methods) const;
  // Adds what lets the page at the request's origin read the answer.
  void allow_reading(const Headers& request, Response& response) const;

 private:
  bool allows(std::string_view origin) const;

  std::vector<std::string> origins_;
};

// Adds a name to the Vary header.
void vary_by(Response& response, std::string_view name);

}  // namespace handschlag::http
