// Reads the events of a region in the order in which they were committed.
#pragma once

#include "features/events/events.h"

namespace handschlag::events {

// See Events::feed().
Result<FeedPage> read_feed(Cell& cell, sources::Sources& sources, const FeedQuery& query);

}  // namespace handschlag::events
