// The schemas of the databases of a region: the migrations of every slice that keeps something there.
#pragma once

#include "features/regions/regions.h"

namespace handschlag::app {

regions::Schemas region_schemas();

}  // namespace handschlag::app
