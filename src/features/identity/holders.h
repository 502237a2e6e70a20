// Who holds a key, among those whom somebody sees.
#pragma once

#include <span>
#include <vector>

#include "features/identity/identity.h"

namespace handschlag::identity {

// As Identities::find(), of those alone whom `pass` lets through, each of whom is asked for once: those who are turned
// away take nobody's place. It looks at up to 5,000 holders of each key.
Result<std::vector<Identities::Found>> find_passing(db::Transaction& tx, Identities& people, std::span<const Key> keys,
                                                    gate::PurposeSet purposes, const Identities::Pass& pass);

}  // namespace handschlag::identity
