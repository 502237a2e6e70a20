// The SQL of the notices. Every function joins the caller's transaction on the control database.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "features/notices/notices.h"

namespace handschlag::notices::store {

Result<std::int64_t> revision(db::Transaction& tx);
Result<void> raise_revision(db::Transaction& tx);  // serialises those who change something

// Errors: internal "notice_damaged".
Result<std::vector<Entry>> entries(db::Transaction& tx);  // in the order of the purposes
Result<void> put(db::Transaction& tx, const Entry& entry);
Result<void> remove(db::Transaction& tx, gate::Purpose purpose);

Result<std::vector<NoticeVersion>> notices(db::Transaction& tx);  // by id and version
Result<void> put(db::Transaction& tx, const NoticeVersion& notice);
Result<void> remove(db::Transaction& tx, const NoticeVersion& notice);

Result<std::vector<Assessment>> assessments(db::Transaction& tx);  // by number
Result<void> insert(db::Transaction& tx, const Assessment& assessment);
Result<void> revoke(db::Transaction& tx, const Assessment& assessment);

}  // namespace handschlag::notices::store
