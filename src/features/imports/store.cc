#include "features/imports/store.h"

namespace handschlag::imports::store {

Result<std::optional<JobRow>> find_job(db::Transaction& tx, std::string_view key) {
  std::optional<JobRow> found;
  TRY(tx.query(
      "SELECT key, source, mapping, documents_done, finished, started_at, updated_at FROM imports_job "
      "WHERE key = $1",
      {key}, [&](const db::Row& row) {
        found =
            JobRow{std::string(row.text(0)), std::string(row.text(1)),    std::string(row.text(2)),   row.integer(3),
                   row.integer(4) != 0,      from_millis(row.integer(5)), from_millis(row.integer(6))};
      }));
  return found;
}

Result<void> save_job(db::Transaction& tx, const JobRow& job) {
  TRY(
      tx.execute("INSERT INTO imports_job (key, source, mapping, documents_done, finished, started_at, updated_at) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7) "
                 "ON CONFLICT (key) DO UPDATE SET documents_done = $4, finished = $5, updated_at = $7",
                 {job.key, job.source, job.mapping, job.documents_done, std::int64_t{job.finished ? 1 : 0},
                  to_millis(job.started_at), to_millis(job.updated_at)}));
  return {};
}

Result<void> delete_jobs(db::Transaction& tx) {
  TRY(tx.execute("DELETE FROM imports_job", {}));
  return {};
}

}  // namespace handschlag::imports::store
