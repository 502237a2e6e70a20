#include "features/imports/time_format.h"

#include <fmt/format.h>

#include <algorithm>

namespace handschlag::imports {
namespace {

struct Fields {
  int year = -1;
  int month = -1;
  int day = -1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int afternoon = -1;  // -1: not said
};

// Reads `least` to `most` digits; -1 where there are fewer.
int take_number(std::string_view& text, std::size_t least, std::size_t most) {
  int value = 0;
  std::size_t digits = 0;
  for (; digits < most && digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    value = value * 10 + (text[digits] - '0');
  }
  if (digits < least) return -1;
  text.remove_prefix(digits);
  return value;
}

int take_half_of_day(std::string_view& text) {
  if (text.size() < 2 || (text[1] != 'M' && text[1] != 'm')) return -1;
  char first = text[0];
  text.remove_prefix(2);
  if (first == 'A' || first == 'a') return 0;
  return first == 'P' || first == 'p' ? 1 : -1;
}

bool take_field(char letter, std::string_view& text, Fields& out) {
  auto take = [&](int& field, std::size_t least = 1, std::size_t most = 2) {
    field = take_number(text, least, most);
    return field >= 0;
  };
  switch (letter) {
    case 'Y':
      return take(out.year, 4, 4);
    case 'y':
      if (!take(out.year, 2)) return false;
      out.year += out.year < 70 ? 2000 : 1900;
      return true;
    case 'm':
      return take(out.month);
    case 'd':
      return take(out.day);
    case 'H':
      return take(out.hour);
    case 'I':
      return take(out.hour) && out.hour >= 1 && out.hour <= 12;
    case 'M':
      return take(out.minute);
    case 'S':
      return take(out.second);
    case 'p':
      out.afternoon = take_half_of_day(text);
      return out.afternoon >= 0;
    default:
      return false;
  }
}

std::optional<text::LocalTime> time_of(Fields fields) {
  std::chrono::year_month_day date{std::chrono::year{fields.year},
                                   std::chrono::month{static_cast<unsigned>(fields.month)},
                                   std::chrono::day{static_cast<unsigned>(fields.day)}};
  if (fields.afternoon >= 0) fields.hour = fields.hour % 12 + 12 * fields.afternoon;
  bool exists = date.ok() && fields.year >= 1970 && fields.hour < 24 && fields.minute < 60 && fields.second < 60;
  if (!exists) return std::nullopt;
  return text::LocalTime{std::chrono::local_days{date}} + std::chrono::hours{fields.hour} +
         std::chrono::minutes{fields.minute} + std::chrono::seconds{fields.second};
}

}  // namespace

Result<TimeFormat> TimeFormat::parse(std::string pattern) {
  std::string letters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    char letter = ++i < pattern.size() ? pattern[i] : '\0';
    if (letter == '%') continue;
    if (letter == '\0' || std::string_view("YymdHIMSp").find(letter) == std::string_view::npos ||
        letters.find(letter) != std::string::npos) {
      return fail(ErrorKind::invalid, "time_format_invalid",
                  "A time format knows %Y %y %m %d %H %I %M %S %p, each once, and %%.");
    }
    letters += letter;
  }
  auto has = [&](char letter) { return letters.find(letter) != std::string::npos; };
  bool whole = has('Y') != has('y') && has('m') && has('d') && !(has('H') && has('I')) && has('I') == has('p');
  if (!whole) {
    return fail(ErrorKind::invalid, "time_format_invalid",
                "A time format must tell the year, the month and the day, and %I needs %p.");
  }
  return TimeFormat(std::move(pattern));
}

std::optional<text::LocalTime> TimeFormat::read(std::string_view text) const {
  Fields fields;
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    if (pattern_[i] == '%' && pattern_[++i] != '%') {
      if (!take_field(pattern_[i], text, fields)) return std::nullopt;
    } else {
      if (text.empty() || text.front() != pattern_[i]) return std::nullopt;
      text.remove_prefix(1);
    }
  }
  return text.empty() ? time_of(fields) : std::nullopt;
}

}  // namespace handschlag::imports
