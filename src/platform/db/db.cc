#include "platform/db/db.h"

#include "platform/db/sqlite.h"

namespace handschlag::db {

Result<std::unique_ptr<Database>> Database::open(const Options& options) { return open_sqlite(options); }

}  // namespace handschlag::db
