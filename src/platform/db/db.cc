#include "platform/db/db.h"

#include "platform/db/postgres.h"
#include "platform/db/postgres_copy.h"
#include "platform/db/sqlite.h"
#include "platform/db/sqlite_copy.h"

namespace handschlag::db {

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  return is_postgres_address(options.location) ? open_postgres(options) : open_sqlite(options);
}

Result<void> restore(const Options& options, std::span<const Migration> migrations, const ReadCopy& read) {
  return is_postgres_address(options.location) ? restore_postgres(options, migrations, read)
                                               : restore_sqlite(options, migrations, read);
}

}  // namespace handschlag::db
