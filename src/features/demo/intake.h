// Makes events of the story, as each source would send them.
#pragma once

#include "features/demo/story.h"
#include "features/events/events.h"
#include "features/sources/sources.h"

namespace handschlag::demo {

// `source` is the one of the happening's place. Always the same for the same happening, but for `received`.
events::Intake make_intake(const Story& story, const Happening& happening, const sources::Source& source,
                           Time received);

}  // namespace handschlag::demo
