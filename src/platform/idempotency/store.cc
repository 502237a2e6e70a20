#include "platform/idempotency/store.h"

namespace handschlag::idempotency::store {

Result<std::optional<Row>> find(db::Transaction& tx, std::string_view key_digest) {
  std::optional<Row> found;
  TRY(tx.query("SELECT request_digest, answer, created_at FROM idempotency_answer WHERE key_digest = $1",
               {db::BlobView{key_digest}}, [&](const db::Row& row) {
                 found = Row{std::string(row.blob(0)), std::nullopt, row.integer(2)};
                 if (!row.is_null(1)) found->answer = std::string(row.blob(1));
               }));
  return found;
}

Result<bool> insert(db::Transaction& tx, const NewRow& row) {
  const std::int64_t inserted =
      TRY(tx.execute("INSERT INTO idempotency_answer (key_digest, principal, request_digest, claim, created_at) "
                     "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key_digest) DO NOTHING",
                     {db::BlobView{row.key_digest}, row.principal, db::BlobView{row.request_digest},
                      db::BlobView{row.claim}, row.created_at_ms}));
  return inserted == 1;
}

Result<void> set_answer(db::Transaction& tx, std::string_view key_digest, std::string_view claim,
                        std::string_view sealed) {
  TRY(tx.execute("UPDATE idempotency_answer SET answer = $3 WHERE key_digest = $1 AND claim = $2",
                 {db::BlobView{key_digest}, db::BlobView{claim}, db::BlobView{sealed}}));
  return {};
}

Result<void> remove(db::Transaction& tx, std::string_view key_digest, std::string_view claim) {
  TRY(tx.execute("DELETE FROM idempotency_answer WHERE key_digest = $1 AND claim = $2",
                 {db::BlobView{key_digest}, db::BlobView{claim}}));
  return {};
}

Result<void> remove_old(db::Transaction& tx, std::string_view key_digest, std::int64_t before_ms) {
  TRY(tx.execute("DELETE FROM idempotency_answer WHERE key_digest = $1 AND created_at <= $2",
                 {db::BlobView{key_digest}, before_ms}));
  return {};
}

Result<std::int64_t> remove_old(db::Transaction& tx, std::int64_t before_ms, std::size_t limit) {
  return tx.execute(
      "DELETE FROM idempotency_answer WHERE key_digest IN "
      "(SELECT key_digest FROM idempotency_answer WHERE created_at <= $1 LIMIT $2)",
      {before_ms, static_cast<std::int64_t>(limit)});
}

Result<std::int64_t> count(db::Transaction& tx, std::string_view principal, std::int64_t after_ms) {
  std::int64_t count = 0;
  TRY(tx.query("SELECT count(*) FROM idempotency_answer WHERE principal = $1 AND created_at > $2",
               {principal, after_ms}, [&](const db::Row& row) { count = row.integer(0); }));
  return count;
}

}  // namespace handschlag::idempotency::store
