#include "platform/db/sql_text.h"

#include <gtest/gtest.h>

namespace handschlag::db {
namespace {

TEST(PostgresTypes, AreMappedOutsideOfQuotesAndComments) {
  EXPECT_EQ(
      to_postgres_types("CREATE TABLE t (a INTEGER, b blob, c REAL DEFAULT 'INTEGER', \"BLOB\" TEXT) WITHOUT ROWID;"),
      "CREATE TABLE t (a BIGINT, b BYTEA, c DOUBLE PRECISION DEFAULT 'INTEGER', \"BLOB\" TEXT)  ;");
  EXPECT_EQ(to_postgres_types("-- INTEGER\n/* BLOB */INTEGER"), "-- INTEGER\n/* BLOB */BIGINT");
  EXPECT_EQ(to_postgres_types("INTEGERS my_blob 'it''s INTEGER' 'open INTEGER"),
            "INTEGERS my_blob 'it''s INTEGER' 'open INTEGER");
}

TEST(Parameters, AreCountedOutsideOfQuotesAndComments) {
  EXPECT_EQ(count_parameters("SELECT 1"), 0u);
  EXPECT_EQ(count_parameters("SELECT $2 || $1 || $12 || $2"), 12u);
  EXPECT_EQ(count_parameters("SELECT '$3', \"$4\" -- $5\n, $1 /* $6 */"), 1u);
  EXPECT_EQ(count_parameters("SELECT $1, '$2"), 1u);
}

}  // namespace
}  // namespace handschlag::db
