// The PostgreSQL side of Database. Private to platform/db.
#pragma once

#include <memory>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::db {

Result<std::unique_ptr<Database>> open_postgres(const Options& options);

}  // namespace handschlag::db
