#include "features/customers/names.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>

#include "features/customers/store.h"
#include "platform/text/text.h"

namespace handschlag::customers {
namespace {

constexpr std::size_t kShortestPrefix = 3;  // letters
constexpr std::size_t kLongestPrefix = 6;
constexpr std::size_t kMaxWords = 8;  // of one name

constexpr std::array<std::string_view, 5> kNameTraits = {"name", "firstName", "lastName", "first_name", "last_name"};

// The first `count` letters (code points) of UTF-8 text; all of it if it has no more.
std::string_view prefix(std::string_view word, std::size_t count) {
  std::size_t at = 0;
  while (at < word.size() && count > 0) {
    ++at;
    while (at < word.size() && (static_cast<unsigned char>(word[at]) & 0xC0) == 0x80) ++at;
    --count;
  }
  return word.substr(0, at);
}

std::string_view prefix_of(sources::Mode mode) {
  return mode == sources::Mode::live ? "" : "test-";
}

std::string whole(const crypto::Key& key, std::string_view word, sources::Mode mode) {
  return crypto::keyed_digest(key, fmt::format("{}name-word|{}", prefix_of(mode), word));
}

std::string beginning(const crypto::Key& key, std::string_view letters, sources::Mode mode) {
  return crypto::keyed_digest(key, fmt::format("{}name-beginning|{}", prefix_of(mode), letters));
}

}  // namespace

std::vector<std::string> digests_of_name(const crypto::Key& digest_key, std::string_view name, sources::Mode mode) {
  std::vector<std::string> out;
  std::size_t words = 0;
  for (const std::string& word : text::words(name)) {
    if (++words > kMaxWords) break;
    out.push_back(whole(digest_key, word, mode));
    for (std::size_t letters = kShortestPrefix; letters <= kLongestPrefix; ++letters) {
      if (prefix(word, letters - 1) == word) break;
      out.push_back(beginning(digest_key, prefix(word, letters), mode));
    }
  }
  return out;
}

std::vector<std::string> digests_of_query(const crypto::Key& digest_key, std::string_view query, sources::Mode mode) {
  std::vector<std::string> out;
  for (const std::string& word : text::words(query)) {
    if (out.size() == kMaxWords) break;
    bool is_prefix = prefix(word, kShortestPrefix - 1) != word && prefix(word, kLongestPrefix) == word;
    out.push_back(is_prefix ? beginning(digest_key, word, mode) : whole(digest_key, word, mode));
  }
  return out;
}

Result<void> NameIndex::apply(db::Transaction& tx, events::Cell& cell, std::span<const events::Stored> batch) {
  std::map<std::pair<std::string, std::int64_t>, gate::PurposeSet> words;  // in key order, against deadlocks
  for (const events::Stored& stored : batch) {
    if (stored.intake->type != events::EventType::identify) continue;
    for (std::string_view trait : kNameTraits) {
      auto name = stored.intake->traits->find(trait);
      if (!name) continue;
      for (std::string& digest :
           digests_of_name(cell.identities->vault().digest_key(), name->text(), stored.source->mode)) {
        auto& purposes = words[{std::move(digest), stored.identity.value}];
        purposes = purposes | stored.purposes;
      }
    }
  }
  std::vector<store::WordRow> rows;
  rows.reserve(words.size());
  for (const auto& [key, purposes] : words) rows.push_back({key.first, key.second, purposes.bits()});
  return store::upsert_words(tx, rows);
}

}  // namespace handschlag::customers
