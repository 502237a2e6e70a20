// When an event that could not be delivered is tried again: the schedule that Standard Webhooks gives as an example,
// ten attempts over some three days. Pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace handschlag::webhooks {

inline constexpr std::int64_t kAttempts = 10;

// The pause after the attempt-th failure (from 1); nothing: it was the last. `chance` from 0 to 1 spreads the pauses by
// a fifth to either side, so that what failed together does not come back together. Never shorter than the receiver's
// `retry_after` (up to a day).
std::optional<std::chrono::milliseconds> pause_after(std::int64_t attempt, double chance,
                                                     std::chrono::seconds retry_after);

}  // namespace handschlag::webhooks
