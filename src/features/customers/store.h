// SQL of customers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/db.h"

namespace handschlag::customers::store {

struct WordRow {
  std::string_view digest;
  std::int64_t identity;
  std::int64_t purposes;
};
Result<void> upsert_words(db::Transaction& tx, std::span<const WordRow> rows);
// Identities that have a word for one of these purposes, at most `limit`.
Result<std::vector<std::int64_t>> find_word(db::Transaction& tx, std::string_view digest, std::int64_t purposes,
                                            std::int64_t limit);

// Which of these identities have all of the words for one of these purposes.
Result<std::vector<std::int64_t>> having_words(db::Transaction& tx, std::span<const std::int64_t> identities,
                                               std::span<const std::string> digests, std::int64_t purposes);

struct ProfileRow {
  std::int64_t through_seq = 0;
  std::string sealed;
};
Result<std::optional<ProfileRow>> find_profile(db::Transaction& tx, std::int64_t identity);
// Keeps what is there where that is newer.
Result<void> save_profile(db::Transaction& tx, std::int64_t identity, const ProfileRow& row);

Result<void> delete_profile(db::Transaction& tx, std::int64_t identity);
// Removes at most `limit`; answers how many.
Result<std::int64_t> delete_words(db::Transaction& tx, std::int64_t identity, std::int64_t limit);

}  // namespace handschlag::customers::store
