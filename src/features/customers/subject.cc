#include "features/customers/customers.h"
#include "features/customers/store.h"

namespace handschlag::customers {
namespace {

class CustomersSubject final : public subjects::SubjectData {
 public:
  Result<void> hide(db::Transaction& tx, IdentityId identity) override {
    return store::delete_profile(tx, identity.value);
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time, std::int64_t limit) override {
    return store::delete_words(tx, identity.value, limit);
  }
};

}  // namespace

std::unique_ptr<subjects::SubjectData> create_subject_data() {
  return std::make_unique<CustomersSubject>();
}

}  // namespace handschlag::customers
