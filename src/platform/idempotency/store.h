// The SQL of idempotency: table idempotency_answer. Every function joins the caller's transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/db/db.h"

namespace handschlag::idempotency::store {

struct Row {
  std::string request_digest;
  std::optional<std::string> answer;  // sealed
  std::int64_t created_at_ms = 0;
};

struct NewRow {
  std::string_view key_digest;
  std::string_view principal;
  std::string_view request_digest;
  std::string_view claim;
  std::int64_t created_at_ms = 0;
};

Result<std::optional<Row>> find(db::Transaction& tx, std::string_view key_digest);
// False where the key is there already.
Result<bool> insert(db::Transaction& tx, const NewRow& row);
Result<void> set_answer(db::Transaction& tx, std::string_view key_digest, std::string_view claim,
                        std::string_view sealed);
Result<void> remove(db::Transaction& tx, std::string_view key_digest, std::string_view claim);
// Deletes the key where it was made at `before_ms` or earlier.
Result<void> remove_old(db::Transaction& tx, std::string_view key_digest, std::int64_t before_ms);
// Deletes at most `limit` keys made at `before_ms` or earlier; answers how many.
Result<std::int64_t> remove_old(db::Transaction& tx, std::int64_t before_ms, std::size_t limit);
Result<std::int64_t> count(db::Transaction& tx, std::string_view principal, std::int64_t after_ms);

}  // namespace handschlag::idempotency::store
