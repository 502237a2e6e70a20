// Times as tills write them: a pattern in the manner of strptime.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/base/result.h"
#include "platform/text/zone.h"

namespace handschlag::imports {

// Thread-safe.
class TimeFormat {
 public:
  // %Y (four digits), %y (two: 1970 to 2069), %m %d %H %I %M %S (one or two digits), %p (AM, PM), %% and other
  // characters as they are. Errors: invalid, unless it tells year, month and day.
  static Result<TimeFormat> parse(std::string pattern);

  // Nothing where the text is not of this form, or no such day or time exists. Years 1970 to 9999.
  std::optional<text::LocalTime> read(std::string_view text) const;

 private:
  explicit TimeFormat(std::string pattern) : pattern_(std::move(pattern)) {}
  std::string pattern_;
};

}  // namespace handschlag::imports
