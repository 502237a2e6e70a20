// Decodes what the official Segment and RudderStack clients send. See README.md for the routes; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/sources/sources.h"
#include "platform/http/http.h"

namespace handschlag::events::wire {

inline constexpr std::size_t kMaxEvents = 2'500;          // of a batch
inline constexpr std::size_t kMaxEventBytes = 32 * 1024;  // of one event

struct Decoded {
  std::vector<Intake> events;
  std::vector<std::size_t> places;  // of each event in what was sent
  std::vector<Rejected> rejected;
};

// The write key of a request: Basic user name, Bearer, query, or the body's writeKey; "" where there is none.
std::string write_key(const http::Request& request, json::View body);

// One event. `type` is what the route says; without it the event's own `type` counts. Errors: invalid.
Result<Intake> decode_event(const json::Tree& item, std::optional<EventType> type, const sources::Source& source,
                            Time received);

// {"batch": [...], sentAt, context, integrations}. Bad items are reported, good ones kept. Errors: invalid (no batch,
// empty), too_large.
Result<Decoded> decode_batch(const json::Tree& body, const sources::Source& source, Time received);

// `Sec-GPC: 1`, exactly, in at least one header of that name.
bool global_privacy_control(const http::Request& request);

}  // namespace handschlag::events::wire
