// What keeps a message from leaving beside the law: what the outbox would say of one now. Private to the slice.
#pragma once

#include <optional>
#include <string_view>

#include "features/preferences/preferences.h"

namespace handschlag::preferences {

// What the outbox says of a message to this customer, by the best of their addresses; nothing: it would leave, or this
// program sends nothing by that channel. Errors: unavailable.
Result<std::optional<Obstacle>> obstacle_of(db::Transaction& tx, const Outbox& outbox, std::string_view region,
                                            const identity::Customer& customer, gate::Purpose purpose,
                                            gate::Channel channel);

}  // namespace handschlag::preferences
