#include "features/customers/customers.h"
#include "features/customers/store.h"

namespace handschlag::customers {
namespace {

class CustomersSubject final : public subjects::SubjectData {
 public:
  Result<void> hide(db::Transaction& tx, IdentityId identity, subjects::Removal) override {
    return store::delete_profile(tx, identity.value);
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit,
                             subjects::Removal) override {
    return store::delete_words(tx, identity.value, limit);
  }

  Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    TRY(hide(tx, identity, subjects::Removal::erased));
    return store::delete_words(tx, identity.value, limit);
  }
};

}  // namespace

Result<void> forget_folded(db::Transaction& tx, std::span<const IdentityId> identities) {
  for (IdentityId identity : identities) TRY(store::delete_profile(tx, identity.value));
  return {};
}

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<CustomersSubject>();
}

}  // namespace handschlag::customers
