// Purposes and notices as JSON: in the API, in the database, and what a notice's hash is taken over.
#pragma once

#include "features/notices/notices.h"
#include "platform/json/json.h"

namespace handschlag::notices {

std::optional<Status> find_status(std::string_view name);

// What people write of an entry: all but its purpose and who recorded it. What is wrong is left in the reader.
void read_entry(json::Reader& reader, Entry& out);
json::Value content_of(const Entry& entry);
json::Value to_json(const Entry& entry);

// What people write of a notice. A draft may lack texts; what is too long or malformed is an error.
void read_notice(json::Reader& reader, NoticeVersion& out);
json::Value content_of(const NoticeVersion& notice);
json::Value to_json(const NoticeVersion& notice);
// SHA-256, in hex, over id, version and content.
std::string hash_of(const NoticeVersion& notice);
// What a draft lacks to be published.
std::vector<FieldError> missing_in(const NoticeVersion& notice);

// What people write of an assessment: all but its number and who recorded it.
void read_assessment(json::Reader& reader, Assessment& out);
json::Value to_json(const Assessment& assessment, Time now);

}  // namespace handschlag::notices
