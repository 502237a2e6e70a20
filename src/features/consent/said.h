// A stored statement as far as it matters for what holds. Private to the slice.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/consent/standing.h"
#include "features/consent/store.h"

namespace handschlag::consent {

Said said_of(const store::Row& row, bool same_person);
// Those of somebody else, found by an address.
void add_others(std::vector<Said>& said, std::span<const store::Row> rows);
// Apart from the digests by which people are looked up: these outlive an erasure.
std::string own_message_of(const identity::Key& address);

}  // namespace handschlag::consent
