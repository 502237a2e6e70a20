// What a request brings to say who asks. Views are into the request.
#pragma once

#include <string>
#include <string_view>

#include "platform/http/http.h"

namespace handschlag::staff {

// The token of "Authorization: Bearer TOKEN"; "" where there is none.
std::string_view bearer_token(const http::Request& request);

// The value of the session's cookie; "" where there is none.
std::string_view session_text(const http::Request& request);

// What a session has to send with each change. Nothing to store: whoever has the session's text can derive it, nobody
// else can.
std::string csrf_token_of(std::string_view session_text);

// A login without regard to the case of A-Z.
std::string normalized_login(std::string_view login);

}  // namespace handschlag::staff
