// SQL of the leave to link.
#pragma once

#include <cstdint>
#include <vector>

#include "features/identity/identity.h"
#include "platform/db/db.h"

namespace handschlag::identity::store {

// For which purposes an identity's leave is withdrawn.
Result<gate::PurposeSet> withdrawn(db::Transaction& tx, std::int64_t identity);
Result<void> set_withdrawn(db::Transaction& tx, std::int64_t identity, gate::PurposeSet purposes, Time at);
// Fills in Link::withdrawn.
Result<void> mark_withdrawn(db::Transaction& tx, std::vector<Link>& links);

}  // namespace handschlag::identity::store
