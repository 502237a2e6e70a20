// Copies a schema of PostgreSQL, and makes one from such a copy. Private to platform/db.
//
// A copy is a sequence of frames: kind (1 byte), length (4 bytes, little-endian), text. 'S' is a step of the schema,
// 'T' begins a table and names its columns, 'D' is what COPY in its binary format hands over, 'E' is the end.
// Everything is read in one snapshot, which costs PostgreSQL's writers nothing.
#pragma once

#include <span>
#include <string>

#include "platform/db/db.h"
#include "platform/db/postgres_connection.h"

namespace handschlag::db {

Result<void> copy_postgres(PostgresConnection& connection, const std::string& schema, const CopyOptions& options);

Result<void> restore_postgres(const Options& options, std::span<const Migration> migrations, const ReadCopy& read);

}  // namespace handschlag::db
