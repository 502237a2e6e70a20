// A document as the event that it becomes.
#pragma once

#include "features/events/events.h"
#include "features/imports/documents.h"
#include "features/imports/mapping.h"

namespace handschlag::imports {

// `now` is when it is received; what a till dates later than that happened now, as with live events.
events::Intake make_intake(const Mapping& mapping, const Document& document, Time now);

}  // namespace handschlag::imports
