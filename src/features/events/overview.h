// The overview: what arrived in a span of time and what became of it, in numbers. Of live sources alone, and of nobody
// in particular.
//
//   auto frame = TRY(overview::frame_of({.span = Span::week}, now));
//   json::Value body = overview::to_json(frame, TRY(overview::read(events, frame.first_hour)), sources);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/events/hours_store.h"
#include "platform/http/http.h"

namespace handschlag::events::overview {

enum class Span : std::uint8_t { today, week, four_weeks };  // the last ones have 7 and 28 days, today's among them
enum class Step : std::uint8_t { hour, day };

struct Query {
  Span span = Span::today;
  Step step = Step::hour;
  std::string zone = "UTC";  // in which days begin
  std::string unit = {};     // of its sources alone, and of those below it; empty: of all
  bool groups_only = false;  // nothing smaller than a group of five is told
  friend auto operator<=>(const Query&, const Query&) = default;
};

// Errors: invalid, the parameter named.
Result<Query> query_of(const http::Request& request);

// The steps of a query at a moment.
struct Frame {
  Query query;
  std::vector<Time> steps;  // when each begins, to the end of today
  Time end{};               // of the last
  std::int64_t first_hour = 0;
};
// Errors: invalid "zone_unknown".
Result<Frame> frame_of(const Query& query, Time now);

struct Row {
  store::HourKey key;
  std::int64_t events = 0;
};

// All that was counted from an hour on, over all regions.
Result<std::vector<Row>> read(Events& events, std::int64_t first_hour);

// Pure, but for the sources' touchpoints.
json::Value to_json(const Frame& frame, const std::vector<Row>& rows, const sources::Sources& sources);

}  // namespace handschlag::events::overview
