// How requests of the customers' own page are read, by all slices that have a part of it.
#pragma once

#include <string>
#include <string_view>

#include "features/notices/notices.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::portal {

struct Request;

Request request_of(const http::Request& request);
// A form of another site can't send this type without asking (CORS). Errors: invalid "content_type_invalid"; those of
// json::parse.
Result<json::Value> read_json(const http::Request& request);
// "de" or "en".
std::string read_language(json::Reader& reader);
// What one agrees to, in that language; null: nothing.
json::Value to_json(const notices::NoticePointer& notice, std::string_view language);
// What is said of a purpose, without lines; `entry` may be nothing.
json::Value to_json(gate::Purpose purpose, const notices::EntryPointer& entry, std::string_view language);

}  // namespace handschlag::portal
