// Small readings of SQL text, which leave alone what stands in quotes and comments. Private to platform/db.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace handschlag::db {

// The text of a migration for PostgreSQL: the words INTEGER, BLOB and REAL become BIGINT, BYTEA and DOUBLE PRECISION,
// and WITHOUT ROWID goes away; text in quotes and comments stays as it is.
std::string to_postgres_types(std::string_view sql);

// How many parameters a statement takes: the largest n of its $n.
std::size_t count_parameters(std::string_view sql);

}  // namespace handschlag::db
