#include "features/identity/identity.h"
#include "features/identity/subject_store.h"

namespace handschlag::identity {
namespace {

class IdentitySubject final : public subjects::SubjectData {
 public:
  // Links are few (see Limits), and a view must not show half a customer; so they go at once.
  Result<void> hide(db::Transaction& tx, IdentityId identity) override {
    TRY(store::suppress(tx, identity.value));
    TRY(store::delete_links(tx, identity.value));
    return store::delete_identity(tx, identity.value);
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit) override {
    std::int64_t removed = TRY(store::delete_further_keys(tx, identity.value, limit));
    return removed > 0 ? removed : store::delete_refusals(tx, identity.value, limit);
  }
};

}  // namespace

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<IdentitySubject>();
}

}  // namespace handschlag::identity
