#include "platform/base/clock.h"

#include <fmt/format.h>

namespace handschlag {
namespace {

// Reads exactly `digits` decimal digits at `at` and moves on; -1 where there are none.
int take_digits(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool take(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

std::unexpected<Error> bad_time() {
  return fail(ErrorKind::invalid, "time_malformed", "This is not a time; write it like 2026-11-21T21:38:27.620Z.");
}

struct ClockTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int milli = 0;
  int offset_minutes = 0;
};

int take_fraction(std::string_view text, std::size_t& at) {
  int milli = 0;
  int scale = 100;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    milli += (text[at] - '0') * scale;
    scale /= 10;
    ++at;
  }
  return milli;
}

// The part after the date; false where it is malformed.
bool take_clock_time(std::string_view text, std::size_t& at, ClockTime& out) {
  if (!take(text, at, "Tt ")) return false;
  out.hour = take_digits(text, at, 2);
  if (!take(text, at, ":")) return false;
  out.minute = take_digits(text, at, 2);
  if (take(text, at, ":")) {
    out.second = take_digits(text, at, 2);
    if (take(text, at, ".,")) out.milli = take_fraction(text, at);
  }
  if (at == text.size() || take(text, at, "Zz")) return at == text.size();
  if (text[at] != '+' && text[at] != '-') return false;
  int sign = text[at] == '-' ? -1 : 1;
  ++at;
  int hours = take_digits(text, at, 2);
  take(text, at, ":");
  int minutes = take_digits(text, at, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
  out.offset_minutes = sign * (hours * 60 + minutes);
  return at == text.size();
}

}  // namespace

std::string format_time(Time time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string format_day(Time time) {
  return format_time(time).substr(0, 10);
}

Result<Time> parse_time(std::string_view text) {
  std::size_t at = 0;
  int year = take_digits(text, at, 4);
  bool dashes = take(text, at, "-");
  int month = take_digits(text, at, 2);
  dashes = take(text, at, "-") && dashes;
  int day = take_digits(text, at, 2);
  if (!dashes || year < 1970 || month < 1 || day < 1) return bad_time();
  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                   std::chrono::day{static_cast<unsigned>(day)}};
  ClockTime clock;
  if (!date.ok() || (at != text.size() && !take_clock_time(text, at, clock))) return bad_time();
  bool in_range = clock.hour >= 0 && clock.hour < 24 && clock.minute >= 0 && clock.minute < 60 && clock.second >= 0 &&
                  clock.second <= 60;  // 60: a leap second, taken as the next minute's first
  if (!in_range) return bad_time();
  Time time = std::chrono::sys_days{date} + std::chrono::hours{clock.hour} +
              std::chrono::minutes{clock.minute - clock.offset_minutes} + std::chrono::seconds{clock.second} +
              std::chrono::milliseconds{clock.milli};
  // An offset or a leap second leads out of the years allowed.
  if (time < Time{} || time >= std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}) return bad_time();
  return time;
}

}  // namespace handschlag
