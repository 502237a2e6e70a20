#include "platform/jobs/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace handschlag::jobs {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Random, not counted: a counter would be one row that all who enqueue wait for.
JobId random_id() {
  std::random_device device;
  std::uniform_int_distribution<std::int64_t> any(1, kNever);
  return JobId{any(device)};
}

db::Param text_or_null(std::string_view text) {
  return text.empty() ? db::Param{} : db::Param{text};
}

Result<bool> changed_one(Result<std::int64_t> changed) {
  return TRY(std::move(changed)) > 0;
}

// "$3, $4, $5"
std::string placeholders(std::size_t first, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}${}", i == 0 ? "" : ", ", first + i);
  return list;
}

}  // namespace

Result<std::vector<KindStatus>> status(db::Transaction& tx) {
  std::vector<KindStatus> kinds;
  TRY(tx.query("SELECT kind, state, count(*) FROM jobs_job GROUP BY kind, state ORDER BY kind", {},
               [&](const db::Row& row) {
                 if (kinds.empty() || kinds.back().kind != row.text(0)) {
                   kinds.push_back({.kind = std::string(row.text(0))});
                 }
                 const std::string_view state = row.text(1);
                 (state == "waiting"   ? kinds.back().waiting
                  : state == "running" ? kinds.back().running
                                       : kinds.back().dead) = row.integer(2);
               }));
  return kinds;
}

Result<std::int64_t> revive(db::Transaction& tx, std::string_view kind) {
  const std::int64_t now = TRY(tx.now_ms());
  return tx.execute(
      "UPDATE jobs_job SET state = 'waiting', due_at = $1, attempt = 0 WHERE kind = $2 AND state = 'dead'",
      {now, kind});
}

// The jobs stay 'running': whoever takes one over gets the next token and the next attempt, as after an expired lease.
Result<std::int64_t> end_leases(db::Transaction& tx) {
  const std::int64_t now = TRY(tx.now_ms());
  return tx.execute("UPDATE jobs_job SET due_at = $1 WHERE state = 'running' AND due_at > $1", {now});
}

namespace store {

Result<JobId> insert(db::Transaction& tx, const NewJob& job) {
  const std::int64_t now = TRY(tx.now_ms());
  const std::int64_t due = job.run_at.has_value() ? to_millis(*job.run_at) : now;
  JobId id;
  // Of a job that has failed before, the time stays: asking again does not shorten its pause.
  TRY(
      tx.query("INSERT INTO jobs_job (id, kind, unique_key, payload, state, due_at, attempt, token, created_at, "
               "trace_id) VALUES ($1, $2, $3, $4, 'waiting', $5, 0, 0, $6, $7) "
               "ON CONFLICT (kind, unique_key) DO UPDATE SET "
               "payload = CASE WHEN jobs_job.state = 'running' THEN jobs_job.payload ELSE excluded.payload END, "
               "due_at = CASE WHEN jobs_job.state = 'dead' THEN excluded.due_at "
               "WHEN jobs_job.state = 'waiting' AND jobs_job.attempt = 0 AND excluded.due_at < jobs_job.due_at "
               "THEN excluded.due_at ELSE jobs_job.due_at END, "
               "again_at = CASE WHEN jobs_job.state = 'running' AND (jobs_job.again_at IS NULL OR "
               "excluded.due_at < jobs_job.again_at) THEN excluded.due_at ELSE jobs_job.again_at END, "
               "attempt = CASE WHEN jobs_job.state = 'dead' THEN 0 ELSE jobs_job.attempt END, "
               "state = CASE WHEN jobs_job.state = 'dead' THEN 'waiting' ELSE jobs_job.state END "
               "RETURNING id",
               {random_id().value, job.kind, text_or_null(job.unique_key), job.payload, due, now, job.trace_id},
               [&](const db::Row& row) { id = JobId{row.integer(0)}; }));
  return id;
}

Result<void> ensure_recurring(db::Transaction& tx, std::string_view kind, std::int64_t period_ms) {
  const std::int64_t now = TRY(tx.now_ms());
  TRY(
      tx.execute("INSERT INTO jobs_job (id, kind, unique_key, payload, state, due_at, attempt, token, created_at) "
                 "VALUES ($1, $2, 'recurring', '', 'waiting', $3, 0, 0, $3) ON CONFLICT DO NOTHING",
                 {random_id().value, kind, now}));
  // The period may have been longer when the date was set.
  TRY(
      tx.execute("UPDATE jobs_job SET due_at = $1 WHERE kind = $2 AND unique_key = 'recurring' AND state = 'waiting' "
                 "AND due_at > $1",
                 {now + period_ms, kind}));
  return {};
}

Result<void> correct_dates(db::Transaction& tx, std::int64_t longest_lease_ms, std::int64_t longest_pause_ms) {
  const std::int64_t now = TRY(tx.now_ms());
  TRY(
      tx.execute("UPDATE jobs_job SET due_at = $1 WHERE (state = 'running' AND due_at > $2) OR "
                 "(state = 'waiting' AND attempt > 0 AND due_at > $3)",
                 {now, now + longest_lease_ms, now + longest_pause_ms}));
  return {};
}

Queue::Queue(std::vector<std::string> kinds)
    : kinds_(std::move(kinds)),
      next_sql_(fmt::format("SELECT min(due_at) FROM jobs_job WHERE due_at < $1 AND kind IN ({})",
                            placeholders(2, kinds_.size()))),
      lease_sql_(fmt::format("UPDATE jobs_job SET state = 'running', token = token + 1, attempt = attempt + 1, "
                             "due_at = $2 WHERE due_at <= $1 AND id = (SELECT id FROM jobs_job WHERE due_at <= $1 "
                             "AND kind IN ({}) ORDER BY due_at LIMIT 1) RETURNING id, kind, payload, attempt, token, "
                             "trace_id",
                             placeholders(3, kinds_.size()))) {}

std::vector<db::Param> Queue::with_kinds(std::initializer_list<db::Param> params) const {
  std::vector<db::Param> all(params);
  for (const std::string& kind : kinds_) all.emplace_back(std::string_view(kind));
  return all;
}

Result<std::optional<std::int64_t>> Queue::next_due_in_ms(db::Transaction& tx) const {
  const std::int64_t now = TRY(tx.now_ms());
  std::optional<std::int64_t> next;
  TRY(tx.query(next_sql_, with_kinds({kNever}), [&](const db::Row& row) {
    if (!row.is_null(0)) next = std::max<std::int64_t>(row.integer(0) - now, 0);
  }));
  return next;
}

Result<std::optional<Leased>> Queue::lease(db::Transaction& tx, std::int64_t lease_ms) const {
  const std::int64_t now = TRY(tx.now_ms());
  std::optional<Leased> leased;
  TRY(tx.query(lease_sql_, with_kinds({now, now + lease_ms}), [&](const db::Row& row) {
    leased = Leased{{JobId{row.integer(0)}, std::string(row.text(1)), std::string(row.text(2)),
                     static_cast<int>(row.integer(3)), std::string(row.text(5))},
                    row.integer(4)};
  }));
  return leased;
}

// An UPDATE, not a SELECT: PostgreSQL then holds the row until the transaction ends.
Result<bool> lock(db::Transaction& tx, Hold hold) {
  const std::int64_t now = TRY(tx.now_ms());
  return changed_one(
      tx.execute("UPDATE jobs_job SET token = token WHERE id = $1 AND token = $2 AND state = 'running' AND due_at > $3",
                 {hold.id.value, hold.token, now}));
}

Result<bool> renew(db::Transaction& tx, Hold hold, std::int64_t lease_ms) {
  const std::int64_t now = TRY(tx.now_ms());
  return changed_one(tx.execute("UPDATE jobs_job SET due_at = $3 WHERE id = $1 AND token = $2 AND state = 'running'",
                                {hold.id.value, hold.token, now + lease_ms}));
}

Result<bool> finish(db::Transaction& tx, Hold hold, std::optional<std::int64_t> period_ms) {
  if (!TRY(lock(tx, hold))) return false;
  const std::int64_t now = TRY(tx.now_ms());
  if (period_ms.has_value()) {
    TRY(tx.execute("UPDATE jobs_job SET state = 'waiting', attempt = 0, due_at = $2, last_error = NULL WHERE id = $1",
                   {hold.id.value, now + *period_ms}));
    return true;
  }
  const std::int64_t again =
      TRY(tx.execute("UPDATE jobs_job SET state = 'waiting', attempt = 0, due_at = again_at, again_at = NULL, "
                     "last_error = NULL WHERE id = $1 AND again_at IS NOT NULL",
                     {hold.id.value}));
  if (again == 0) TRY(tx.execute("DELETE FROM jobs_job WHERE id = $1", {hold.id.value}));
  return true;
}

Result<bool> postpone(db::Transaction& tx, Hold hold, std::int64_t pause_ms, std::string_view error, bool fresh) {
  const std::int64_t now = TRY(tx.now_ms());
  return changed_one(tx.execute(
      "UPDATE jobs_job SET state = 'waiting', due_at = $3, again_at = NULL, last_error = $4, attempt = attempt * $5 "
      "WHERE id = $1 AND token = $2 AND state = 'running'",
      {hold.id.value, hold.token, now + pause_ms, error, std::int64_t{fresh ? 0 : 1}}));
}

Result<bool> bury(db::Transaction& tx, Hold hold, std::string_view error) {
  return changed_one(
      tx.execute("UPDATE jobs_job SET state = 'dead', due_at = $3, again_at = NULL, last_error = $4 "
                 "WHERE id = $1 AND token = $2 AND state = 'running'",
                 {hold.id.value, hold.token, kNever, error}));
}

Result<bool> release(db::Transaction& tx, Hold hold) {
  const std::int64_t now = TRY(tx.now_ms());
  return changed_one(
      tx.execute("UPDATE jobs_job SET state = 'waiting', due_at = $3, attempt = attempt - 1 "
                 "WHERE id = $1 AND token = $2 AND state = 'running'",
                 {hold.id.value, hold.token, now}));
}

}  // namespace store
}  // namespace handschlag::jobs
