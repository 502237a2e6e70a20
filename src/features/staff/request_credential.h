// Reads the credential off a request's headers. Views are into the request.
#pragma once

#include <string_view>

#include "platform/http/http.h"

namespace handschlag::staff {

// The token of "Authorization: Bearer TOKEN"; "" where there is none.
std::string_view bearer_token(const http::Request& request);

// The value of the session's cookie; "" where there is none.
std::string_view session_text(const http::Request& request);

}  // namespace handschlag::staff
