#include "features/webhooks/schedule.h"

#include <algorithm>
#include <array>

namespace handschlag::webhooks {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<seconds, kAttempts - 1> kPauses = {seconds{5}, minutes{5}, minutes{30}, hours{2}, hours{5},
                                                        hours{10},  hours{14},  hours{20},   hours{24}};
constexpr seconds kLongestRetryAfter = hours{24};
constexpr double kSpread = 0.2;

}  // namespace

std::optional<std::chrono::milliseconds> pause_after(std::int64_t attempt, double chance, seconds retry_after) {
  if (attempt < 1 || attempt >= kAttempts) return std::nullopt;
  const std::chrono::milliseconds pause = kPauses[static_cast<std::size_t>(attempt - 1)];
  const double spread = 1 - kSpread + 2 * kSpread * std::clamp(chance, 0.0, 1.0);
  const auto spread_pause =
      std::chrono::milliseconds{static_cast<std::int64_t>(static_cast<double>(pause.count()) * spread)};
  return std::max(spread_pause, std::chrono::milliseconds{std::min(retry_after, kLongestRetryAfter)});
}

}  // namespace handschlag::webhooks
