// How often somebody is written to, at most: so many messages of a kind within a time.
//
//   const auto cap = parse_cap(Kind::marketing, "3/14d");  // three in 14 days
//
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace handschlag::outreach {

// What caps count together. Stored; never renumber.
enum class Kind : std::int64_t { service = 0, marketing = 1, survey = 2 };

// At most so many messages of a kind to one person or address within a time.
struct Cap {
  Kind kind = Kind::marketing;
  std::int64_t count = 0;
  std::chrono::seconds within{0};
  bool operator==(const Cap&) const = default;
};

inline constexpr std::size_t kMostCaps = 8;  // of a kind
inline constexpr std::int64_t kMostOfCap = 1'000;
// Messages are kept for as long, and what is gone is not counted.
inline constexpr std::chrono::days kLongestCap{180};

// Those that hold where nobody set others.
std::vector<Cap> usual_caps();

// "3/14d": a whole number from 1 to kMostOfCap, a slash, and a time from a minute to kLongestCap in whole days, hours
// or minutes ("14d", "36h", "90m"). Nothing where it is anything else.
std::optional<Cap> parse_cap(Kind kind, std::string_view text);
// As parse_cap() reads it, in the largest unit that fits.
std::string to_text(const Cap& cap);

}  // namespace handschlag::outreach
