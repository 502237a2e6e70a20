#include "features/consent/consent.h"
#include "features/consent/store.h"

namespace handschlag::consent {
namespace {

class ConsentSubject final : public subjects::SubjectData {
 public:
  explicit ConsentSubject(const Clock& clock) : clock_(clock) {}

  Result<void> hide(db::Transaction& tx, IdentityId identity, subjects::Removal why) override {
    if (why == subjects::Removal::moved) return {};
    return store::hold(tx, identity, clock_.now());
  }

  Result<std::int64_t> erase(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit,
                             subjects::Removal why) override {
    if (why == subjects::Removal::moved) return store::remove_all(tx, identity, limit);
    return store::remove_free(tx, identity, now, limit);
  }

  Result<std::int64_t> forget(db::Transaction& tx, IdentityId identity, std::int64_t limit) override {
    return store::remove_all(tx, identity, limit);
  }

 private:
  const Clock& clock_;
};

class AddressDigests final : public identity::DigestHolder {
 public:
  Result<Step> lift(db::Transaction& tx, const identity::Digester& digester, std::int64_t first,
                    std::int64_t limit) override {
    Step step{first + limit, 0};
    auto rows = TRY(store::digests_below(tx, digester.layers(), first, step.next, limit));
    step.rows = static_cast<std::int64_t>(rows.size());
    if (step.rows == limit) step.next = rows.back().identity.value;  // who may have more
    for (store::Lifted& row : rows) row.digest = digester.lift(row.digest);
    TRY(store::lift(tx, rows, digester.layers()));
    return step;
  }
};

}  // namespace

std::unique_ptr<subjects::SubjectData> create_subject_data(const Clock& clock) {
  return std::make_unique<ConsentSubject>(clock);
}

std::unique_ptr<identity::DigestHolder> create_digest_holder() {
  return std::make_unique<AddressDigests>();
}

}  // namespace handschlag::consent
