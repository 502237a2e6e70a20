// Reads the events of a region in the order in which they were committed.
#pragma once

#include "features/events/events.h"
#include "platform/metrics/metrics.h"

namespace handschlag::events {

// See Events::feed(). Each event that does not open counts in `damaged`.
Result<FeedPage> read_feed(Cell& cell, sources::Sources& sources, const FeedQuery& query, metrics::Counter& damaged);

}  // namespace handschlag::events
