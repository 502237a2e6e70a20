#include "features/customers/names.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <utility>

#include "features/customers/customers.h"
#include "features/customers/store.h"
#include "platform/text/text.h"

namespace handschlag::customers {
namespace {

constexpr std::size_t kShortestPrefix = 3;  // letters
constexpr std::size_t kLongestPrefix = 6;
constexpr std::size_t kMaxWords = 8;  // of one name
constexpr std::size_t kMaxOrderBytes = 100;
constexpr std::size_t kReadAtOnce = 200;  // events

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

WordDigest digest_of(const identity::Digester& digester, std::string_view message) {
  return {digester.digest(message), digester.former(message)};
}

WordDigest whole(const identity::Digester& digester, std::string_view word, sources::Mode mode) {
  return digest_of(digester, fmt::format("{}name-word|{}", prefix_of(mode), word));
}

WordDigest beginning(const identity::Digester& digester, std::string_view letters, sources::Mode mode) {
  return digest_of(digester, fmt::format("{}name-beginning|{}", prefix_of(mode), letters));
}

}  // namespace

std::vector<WordDigest> digests_of_name(const identity::Digester& digester, std::string_view name, sources::Mode mode) {
  std::vector<WordDigest> out;
  std::size_t words = 0;
  for (const std::string& word : text::words(name)) {
    if (++words > kMaxWords) break;
    out.push_back(whole(digester, word, mode));
    for (std::size_t letters = kShortestPrefix; letters <= kLongestPrefix; ++letters) {
      if (prefix(word, letters - 1) == word) break;
      out.push_back(beginning(digester, prefix(word, letters), mode));
    }
  }
  return out;
}

std::vector<WordDigest> digests_of_query(const identity::Digester& digester, std::string_view query,
                                         sources::Mode mode) {
  std::vector<WordDigest> out;
  for (const std::string& word : text::words(query)) {
    if (out.size() == kMaxWords) break;
    bool is_prefix = prefix(word, kShortestPrefix - 1) != word && prefix(word, kLongestPrefix) == word;
    out.push_back(is_prefix ? beginning(digester, word, mode) : whole(digester, word, mode));
  }
  return out;
}

WordDigest digest_of_order(const identity::Digester& digester, std::string_view order, sources::Mode mode) {
  return digest_of(digester, fmt::format("{}order|{}", prefix_of(mode), text::fold(order)));
}

namespace {

// What an event says by which its person is found.
struct Told {
  events::EventType type;
  std::string_view name;
  json::View properties;
  json::View traits;
  sources::Mode mode;
};

std::vector<WordDigest> digests_of(const identity::Digester& digester, const Told& told) {
  std::vector<WordDigest> out;
  if (!events::measure_of(told.type, told.name).empty()) {
    auto order = told.properties.find("order_id");
    auto number = order ? order->scalar_text() : std::nullopt;
    if (number && !number->empty() && number->size() <= kMaxOrderBytes) {
      out.push_back(digest_of_order(digester, *number, told.mode));
    }
  }
  if (told.type != events::EventType::identify) return out;
  for (std::string_view trait : kNameTraits) {
    auto name = told.traits.find(trait);
    if (!name) continue;
    for (WordDigest& digest : digests_of_name(digester, name->text(), told.mode)) out.push_back(std::move(digest));
  }
  return out;
}

std::vector<WordDigest> digests_of(const identity::Digester& digester, const events::Stored& stored) {
  const events::Intake& intake = *stored.intake;
  return digests_of(digester,
                    {intake.type, intake.name, intake.properties.view(), intake.traits.view(), stored.source->mode});
}

std::vector<WordDigest> digests_of(const identity::Digester& digester, const events::Event& event, sources::Mode mode) {
  const json::Value nothing = json::Value::object();
  auto part = [&](const char* name) -> const json::Value& {
    auto it = event.body.find(name);
    return it == event.body.end() ? nothing : *it;
  };
  const std::string name = event.body.value("name", "");
  const json::Tree properties(part("properties"));
  const json::Tree traits(part("traits"));
  return digests_of(digester, {event.type, name, properties.view(), traits.view(), mode});
}

}  // namespace

Result<void> NameIndex::apply(db::Transaction& tx, events::Cell& cell, std::span<const events::Stored> batch) {
  auto digester = TRY(cell.identities->digester(tx));
  std::map<std::pair<std::string, std::int64_t>, gate::PurposeSet> words;  // in key order, against deadlocks
  std::set<std::pair<std::string, std::int64_t>> former;
  for (const events::Stored& stored : batch) {
    for (WordDigest& digest : digests_of(*digester, stored)) {
      auto& purposes = words[{std::move(digest.current), stored.identity.value}];
      purposes = purposes | stored.purposes;
      if (digest.former) former.emplace(*std::move(digest.former), stored.identity.value);
    }
  }
  if (words.empty()) return {};
  // What stands there is brought up first, so that no word stands twice.
  std::vector<store::LiftedWord> lifted;
  lifted.reserve(former.size());
  for (const auto& [digest, identity] : former) lifted.push_back({digest, identity, digester->lift(digest)});
  TRY(store::lift_words(tx, lifted, digester->layers()));
  std::vector<store::WordRow> rows;
  rows.reserve(words.size());
  for (const auto& [key, purposes] : words) rows.push_back({key.first, key.second, purposes.bits()});
  return store::upsert_words(tx, rows, digester->layers());
}

Result<bool> told_of(db::Transaction& tx, events::Events& events, events::Cell& cell, const sources::Sources& sources,
                     const identity::Reached& who, events::EventType type, const std::vector<WordDigest>& words,
                     const std::function<bool(std::int64_t)>& counts) {
  auto digester = TRY(cell.identities->digester(tx));
  std::set<std::string_view> missing;
  for (const WordDigest& word : words) missing.insert(word.current);
  events::TimelineQuery query;
  query.identities = {&who, 1};
  query.type = type;
  query.limit = kReadAtOnce;
  for (;;) {
    auto page = TRY(events.timeline(tx, cell, query));
    for (const events::Event& event : page) {
      auto source = counts(event.source) ? sources.find(Id<sources::Source>{event.source}) : nullptr;
      if (!source) continue;
      for (const WordDigest& told : digests_of(*digester, event, source->mode)) missing.erase(told.current);
    }
    if (missing.empty()) return true;
    if (page.size() < kReadAtOnce) return false;
    query.before = events::Position{page.back().occurred_at, page.back().seq};
  }
}

Result<identity::DigestHolder::Step> WordDigests::lift(db::Transaction& tx, const identity::Digester& digester,
                                                       std::int64_t first, std::int64_t limit) {
  Step step{first + limit, 0};
  auto rows = TRY(store::words_below(tx, digester.layers(), first, step.next, limit));
  step.rows = static_cast<std::int64_t>(rows.size());
  if (step.rows == limit) step.next = rows.back().identity;  // which may have more
  for (store::LiftedWord& word : rows) word.digest = digester.lift(word.former);
  TRY(store::lift_words(tx, rows, digester.layers()));
  return step;
}

std::unique_ptr<identity::DigestHolder> create_digest_holder() {
  return std::make_unique<WordDigests>();
}

std::unique_ptr<events::Projection> create_name_index() {
  return std::make_unique<NameIndex>();
}

}  // namespace handschlag::customers
