#include "features/identity/holders.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "features/identity/store.h"

namespace handschlag::identity {
namespace {

constexpr std::size_t kMaxFound = 100;
constexpr std::size_t kPage = 1'000;
constexpr int kMostPages = 5;

}  // namespace

Result<std::vector<Identities::Found>> find_passing(db::Transaction& tx, Identities& people, std::span<const Key> keys,
                                                    gate::PurposeSet purposes, const Identities::Pass& pass) {
  auto digester = TRY(people.digester(tx));
  std::vector<std::string> digests;
  for (const Key& key : keys) {
    std::string message = message_of(key);
    digests.push_back(digester->digest(message));
    if (auto former = digester->former(message)) digests.push_back(*std::move(former));
  }
  std::map<std::int64_t, std::optional<Standing>> known;  // nothing: of those turned away
  for (const std::string& digest : digests) {
    std::vector<store::KeyRow> page;
    std::size_t passed = 0;
    for (int number = 0; number < kMostPages && passed < kMaxFound; ++number) {
      page = TRY(store::holders(tx, digest, kPage, page.empty() ? nullptr : &page.back()));
      for (const store::KeyRow& row : page) {
        if (passed == kMaxFound) break;
        if ((row.purposes & purposes).empty()) continue;
        auto it = known.find(row.identity);
        if (it == known.end()) {
          const bool passes = TRY(pass({row.identity}));
          it = known.emplace(row.identity, passes ? std::optional(row.standing) : std::nullopt).first;
        }
        if (!it->second) continue;
        it->second = std::min(*it->second, row.standing);
        ++passed;
      }
      if (page.size() < kPage) break;
    }
  }
  std::vector<Identities::Found> out;
  for (const auto& [identity, standing] : known) {
    if (standing) out.push_back({{identity}, *standing});
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.standing < b.standing; });
  if (out.size() > kMaxFound) out.resize(kMaxFound);
  return out;
}

}  // namespace handschlag::identity
