// Finding people by name or by order without storing either: keyed digests of the words of a name, of their beginnings,
// and of the numbers of orders.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/identity/identity.h"

namespace handschlag::customers {

// What stands for a word, or a beginning of one.
struct WordDigest {
  std::string current;
  std::optional<std::string> former;  // while the digest key is being rotated: under which it may stand as well
};

// The digests under which a name is found: of each word (whole), and of its first 3, 4, 5 and 6 letters. Names that
// test sources made up are apart, so that they crowd nobody out.
std::vector<WordDigest> digests_of_name(const identity::Digester& digester, std::string_view name,
                                        sources::Mode mode = sources::Mode::live);

// The digests to look up for what was typed, one a word: with 3 to 6 letters it finds the beginning of a word, with
// fewer or more a whole word.
std::vector<WordDigest> digests_of_query(const identity::Digester& digester, std::string_view query,
                                         sources::Mode mode = sources::Mode::live);

// What stands for the number of an order. Case and spaces around it do not matter.
WordDigest digest_of_order(const identity::Digester& digester, std::string_view order,
                           sources::Mode mode = sources::Mode::live);

// Whether events of an identity, of this type, of sources that count, and stored for one of its purposes, tell of all
// these words: as the index is made from all events, so this is of some.
Result<bool> told_of(db::Transaction& tx, events::Events& events, events::Cell& cell, const sources::Sources& sources,
                     const identity::Reached& who, events::EventType type, const std::vector<WordDigest>& words,
                     const std::function<bool(std::int64_t)>& counts);

// Makes what a search asks for, with the digester of the region that is searched.
using MakeWords = std::function<Result<std::vector<WordDigest>>(const identity::Digester&)>;

// Keeps the search words up to date: of names from identify events, of orders from track events about them.
class NameIndex final : public events::Projection {
 public:
  Result<void> apply(db::Transaction& tx, events::Cell& cell, std::span<const events::Stored> batch) override;
};

// Brings search words up to a new digest key.
class WordDigests final : public identity::DigestHolder {
 public:
  Result<Step> lift(db::Transaction& tx, const identity::Digester& digester, std::int64_t first,
                    std::int64_t limit) override;
};

}  // namespace handschlag::customers
