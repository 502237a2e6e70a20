// Patterns for times and texts read by them: a time within the years allowed, or nothing.
#include "features/imports/time_format.h"
#include "platform/base/testing/fuzz.h"

// The first line is the pattern, the rest is read by it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace handschlag;
  std::string_view all = fuzz::text_of(data, size);
  std::size_t end = all.find('\n');
  if (end == std::string_view::npos) return 0;
  auto format = imports::TimeFormat::parse(std::string(all.substr(0, end)));
  if (!format) return 0;
  auto local = format->read(all.substr(end + 1));
  if (!local) return 0;
  std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(*local));
  fuzz::require(day.ok() && static_cast<int>(day.year()) >= 1970 && static_cast<int>(day.year()) <= 9999);
  static const text::Zone berlin = text::Zone::find("Europe/Berlin").value();
  auto offset = local->time_since_epoch() - berlin.to_utc(*local).time_since_epoch();
  fuzz::require(std::chrono::abs(offset) <= std::chrono::hours{14});
  return 0;
}
