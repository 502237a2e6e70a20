// SQL of customers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/customers/names.h"
#include "platform/db/db.h"

namespace handschlag::customers::store {

struct WordRow {
  std::string_view digest;
  std::int64_t identity;
  std::int64_t purposes;
};
// `layers`: of their digests; see features/identity/digester.h.
Result<void> upsert_words(db::Transaction& tx, std::span<const WordRow> rows, std::size_t layers);

struct LiftedWord {
  std::string former;
  std::int64_t identity = 0;
  std::string digest;
};
// Words whose digests have fewer layers, of the identities from `first` to before `end`, in their order, at most
// `limit`; `digest` is left empty.
Result<std::vector<LiftedWord>> words_below(db::Transaction& tx, std::size_t layers, std::int64_t first,
                                            std::int64_t end, std::int64_t limit);
// What was removed or lifted meanwhile stays so.
Result<void> lift_words(db::Transaction& tx, std::span<const LiftedWord> words, std::size_t layers);
// Identities after `after` that have a word for one of these purposes, at most `limit`.
Result<std::vector<std::int64_t>> find_word(db::Transaction& tx, const WordDigest& word, std::int64_t purposes,
                                            std::int64_t after, std::int64_t limit);

// Which of these identities have all of the words for one of these purposes.
Result<std::vector<std::int64_t>> having_words(db::Transaction& tx, std::span<const std::int64_t> identities,
                                               std::span<const WordDigest> words, std::int64_t purposes);

struct ProfileRow {
  std::int64_t through_seq = 0;
  std::string sealed;
};
Result<std::optional<ProfileRow>> find_profile(db::Transaction& tx, std::int64_t identity);
// Keeps what is there where that is newer. What is as new is replaced: it may be of a version that is read no more.
Result<void> save_profile(db::Transaction& tx, std::int64_t identity, const ProfileRow& row);

Result<void> delete_profile(db::Transaction& tx, std::int64_t identity);
// Removes at most `limit`; answers how many.
Result<std::int64_t> delete_words(db::Transaction& tx, std::int64_t identity, std::int64_t limit);

}  // namespace handschlag::customers::store
