// The SQLite side of Database. Private to platform/db.
#pragma once

#include <memory>

#include "platform/db/db.h"

namespace handschlag::db {

Result<std::unique_ptr<Database>> open_sqlite(const Options& options);

}  // namespace handschlag::db
