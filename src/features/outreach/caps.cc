#include "features/outreach/caps.h"

#include <fmt/format.h>

#include <charconv>

namespace handschlag::outreach {
namespace {

struct Unit {
  char letter;
  std::chrono::seconds length;
};

// The largest first.
constexpr Unit kUnits[] = {{'d', std::chrono::days{1}}, {'h', std::chrono::hours{1}}, {'m', std::chrono::minutes{1}}};

// Digits alone, from 1 to `most`; 0 for anything else.
std::int64_t number_of(std::string_view text, std::int64_t most) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool good = error == std::errc{} && end == text.data() + text.size() && out >= 1 && out <= most;
  return good ? out : 0;
}

}  // namespace

std::vector<Cap> usual_caps() {
  return {{Kind::marketing, 1, std::chrono::days{1}},
          {Kind::marketing, 3, std::chrono::days{14}},
          {Kind::survey, 1, std::chrono::days{30}},
          {Kind::service, 5, std::chrono::hours{1}},
          {Kind::service, 20, std::chrono::days{1}}};
}

std::optional<Cap> parse_cap(Kind kind, std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.size() < slash + 3) return std::nullopt;
  const std::int64_t count = number_of(text.substr(0, slash), kMostOfCap);
  for (const Unit& unit : kUnits) {
    if (text.back() != unit.letter) continue;
    const std::string_view digits = text.substr(slash + 1, text.size() - slash - 2);
    const std::int64_t times = number_of(digits, std::chrono::seconds{kLongestCap} / unit.length);
    if (count == 0 || times == 0) return std::nullopt;
    return Cap{kind, count, unit.length * times};
  }
  return std::nullopt;
}

std::string to_text(const Cap& cap) {
  for (const Unit& unit : kUnits) {
    if (cap.within % unit.length != std::chrono::seconds{0}) continue;
    return fmt::format("{}/{}{}", cap.count, cap.within / unit.length, unit.letter);
  }
  return fmt::format("{}/{}s", cap.count, cap.within.count());
}

}  // namespace handschlag::outreach
