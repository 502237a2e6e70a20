// Finding people by name without storing names: keyed digests of the words of a name and of their beginnings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "platform/crypto/crypto.h"

namespace handschlag::customers {

// The digests under which a name is found: of each word (whole), and of its first 3, 4, 5 and 6 letters. Names that
// test sources made up are apart, so that they crowd nobody out.
std::vector<std::string> digests_of_name(const crypto::Key& digest_key, std::string_view name,
                                         sources::Mode mode = sources::Mode::live);

// The digests to look up for what was typed, one a word: with 3 to 6 letters it finds the beginning of a word, with
// fewer or more a whole word.
std::vector<std::string> digests_of_query(const crypto::Key& digest_key, std::string_view query,
                                          sources::Mode mode = sources::Mode::live);

// Keeps the search words of names up to date from identify events.
class NameIndex final : public events::Projection {
 public:
  Result<void> apply(db::Transaction& tx, events::Cell& cell, std::span<const events::Stored> batch) override;
};

}  // namespace handschlag::customers
