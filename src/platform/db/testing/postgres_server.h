// The PostgreSQL server of a test program. Private to db/testing.
#pragma once

#include <optional>
#include <string>

namespace handschlag::db::testing {

// The address of a running server (postgresql://...): the one of HANDSCHLAG_TEST_POSTGRES, or one that is started at
// the first call and ends with this process, however it ends. Nothing where PostgreSQL is not installed. Thread-safe.
std::optional<std::string> postgres_address();

}  // namespace handschlag::db::testing
