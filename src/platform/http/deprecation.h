// What will go away, told to those who still use it: an operation, a parameter or a field of a request body with
// `deprecated: true` in the API description, with `x-deprecated` (since when) and perhaps `x-sunset` (when it ends),
// both dates. Whoever uses it gets the headers Deprecation (RFC 9745) and Sunset (RFC 8594).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/http/http.h"

namespace handschlag::http {

class Deprecations {
 public:
  // Reads those of one operation off the whole description. Errors: invalid, where a date is missing or no date.
  static Result<Deprecations> read(const json::Value& description, const json::Value& operation);

  // What the request uses of it, by name; "" stands for the operation itself.
  std::vector<std::string> used_by(const Request& request) const;
  // The headers for these; of several the earliest dates.
  Headers headers_for(const std::vector<std::string>& used) const;
  bool empty() const { return entries_.empty(); }

 private:
  enum class Place { operation, query, header, body };
  struct Entry {
    Place place;
    std::string name;
    Time since{};
    Time sunset = Time::max();  // max: not said
  };
  static Result<void> add(const json::Value& node, Place place, const std::string& name, Deprecations& out);

  std::vector<Entry> entries_;
};

}  // namespace handschlag::http
