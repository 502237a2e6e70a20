// The time of a place: what the clock on its wall shows, as a point in time. By ICU's copy of the IANA database.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/base/result.h"

namespace handschlag::text {

// What a calendar and a clock show, without saying where.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

// Thread-safe.
class Zone {
 public:
  // By IANA name, as in "Europe/Berlin"; also "UTC". Errors: invalid, code "zone_unknown".
  static Result<Zone> find(std::string_view name);
  Zone(Zone&&) noexcept;
  Zone& operator=(Zone&&) noexcept;
  ~Zone();

  // An hour that the clock shows twice (autumn) is taken as the first of the two; one that it leaves out (spring) as
  // if the clock had not been put forward.
  Time to_utc(LocalTime local) const;
  // What the clock there shows.
  LocalTime to_local(Time time) const;

 private:
  struct Impl;
  explicit Zone(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

// The zones in a country (ISO 3166 alpha-2); none where it is not known. Looked up once and kept: quick after that, and
// valid for as long as the program runs.
std::span<const Zone> zones_of(std::string_view country);

}  // namespace handschlag::text
