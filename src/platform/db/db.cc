#include "platform/db/db.h"

#include "platform/db/postgres.h"
#include "platform/db/sqlite.h"

namespace handschlag::db {

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  return is_postgres_address(options.location) ? open_postgres(options) : open_sqlite(options);
}

}  // namespace handschlag::db
