// Copies a SQLite database while it is being written. Private to platform/db.
//
// SQLite's own backup runs on the writer's connection, some pages at a time: a page that is written after it was copied
// is copied again by SQLite itself, at its commit, so the copy is that of the moment at which it ends, and the writer
// is held for one step only. (On another connection every commit would make it begin anew.)
#pragma once

#include <mutex>
#include <span>

#include "platform/db/db.h"
#include "platform/db/fair_mutex.h"
#include "platform/db/sqlite_connection.h"

namespace handschlag::db {

struct SqliteCopySource {
  SqliteConnection& writer;
  FairMutex& turn;      // of the writer
  std::mutex& copying;  // one at a time
  bool wipe;            // overwrite what lay in the scratch folder
};

Result<CopyReport> copy_sqlite(const SqliteCopySource& source, const CopyOptions& options);

Result<void> restore_sqlite(const Options& options, std::span<const Migration> migrations, const ReadCopy& read);

}  // namespace handschlag::db
