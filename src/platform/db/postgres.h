// The PostgreSQL side of Database. Private to platform/db.
#pragma once

#include <memory>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::db {

bool is_postgres_address(std::string_view location);

Result<std::unique_ptr<Database>> open_postgres(const Options& options);

}  // namespace handschlag::db
