// Who looks, as a request says it.
#pragma once

#include "features/customers/customers.h"
#include "platform/http/http.h"

namespace handschlag::customers {

// Errors: invalid "purpose_unknown", "mode_unknown".
Result<Viewer> viewer_of(const http::Request& request);

}  // namespace handschlag::customers
