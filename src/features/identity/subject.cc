#include <algorithm>

#include "features/identity/identity.h"
#include "features/identity/subject_store.h"

namespace handschlag::identity {
namespace {

class IdentitySubject final : public subjects::SubjectData {
 public:
  // Links are few (see Limits), and a view must not show half a customer; so they go at once.
  // Of somebody who moved the links that were ended stay: should the other one follow, they must not come back.
  Result<void> hide(db::Transaction& tx, IdentityId identity, subjects::Removal why) override {
    TRY(store::suppress(tx, identity.value));
    TRY(why == subjects::Removal::moved ? store::delete_open_links(tx, identity.value)
                                        : store::delete_links(tx, identity.value));
    return store::delete_identity(tx, identity.value);
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit,
                             subjects::Removal) override {
    std::int64_t removed = TRY(store::delete_further_keys(tx, identity.value, limit));
    return removed > 0 ? removed : store::delete_refusals(tx, identity.value, limit);
  }

  Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    const std::int64_t removed = TRY(erase(tx, identity, {}, limit, subjects::Removal::erased));
    if (removed > 0) return removed;
    TRY(store::delete_links(tx, identity.value));
    TRY(store::delete_own_key(tx, identity.value));
    TRY(store::delete_identity(tx, identity.value));
    return 0;
  }
};

}  // namespace

Result<MadeBySources> of_sources(db::Transaction& tx, std::span<const std::int64_t> sources, IdentityId after,
                                 std::int64_t window) {
  MadeBySources out{{}, after};
  std::int64_t rows = 0;
  TRY(store::next_identities(tx, after.value, window, [&](std::int64_t identity, std::int64_t source) {
    ++rows;
    out.through = {identity};
    if (std::find(sources.begin(), sources.end(), source) != sources.end()) out.identities.push_back({identity});
  }));
  out.more = rows == window;
  return out;
}

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<IdentitySubject>();
}

}  // namespace handschlag::identity
