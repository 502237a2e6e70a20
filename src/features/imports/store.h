// The SQL of imports: table imports_job in the control database. Every function joins the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::imports::store {

struct JobRow {
  std::string key;
  std::string source;
  std::string mapping;
  std::int64_t documents_done = 0;  // the first so many documents of the file are committed
  bool finished = false;
  Time started_at{};
  Time updated_at{};
};

Result<std::optional<JobRow>> find_job(db::Transaction& tx, std::string_view key);
// Adds the job, or takes the place of what was stored of it.
Result<void> save_job(db::Transaction& tx, const JobRow& job);

Result<void> delete_jobs(db::Transaction& tx);

}  // namespace handschlag::imports::store
