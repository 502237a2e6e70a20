// Finding what Events::holdings() tells.
#pragma once

#include "features/events/segments.h"

namespace handschlag::events {

// See Events::holdings().
Result<Holdings> find_holdings(db::Transaction& tx, const SegmentView& segments, std::span<const IdentityId> identities,
                               const Selection& what, std::size_t limit);

}  // namespace handschlag::events
