#include "features/customers/profiles.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "features/customers/store.h"

namespace handschlag::customers {
namespace {

constexpr std::int64_t kFoldBeforeSaving = 100;  // events; below, folding again is cheaper than a write

std::string profile_context(IdentityId identity) {
  return fmt::format("customers_profile|{}", identity.value);
}

}  // namespace

Result<Profile> Profiles::fold(db::Transaction& tx, std::size_t place, IdentityId id, std::int64_t& saved_through) {
  Profile profile;
  auto key = TRY(cell(place).identities->vault().find({&id, 1}, vault::RetentionClass::ordinary))[0];
  if (!key) return profile;
  if (auto row = TRY(store::find_profile(tx, id.value))) {
    // A profile of another version is no loss: it is folded anew from the events.
    auto kept = Profile::from_text(TRY(crypto::open(*key, row->sealed, profile_context(id))), id.value);
    if (kept) profile = *std::move(kept);
  }
  saved_through = profile.through_seq;
  TRY(events_.since(tx, cell(place), id, profile.through_seq, [&](const events::Event& event) { profile.add(event); }));
  return profile;
}

void Profiles::save(std::size_t place, IdentityId id, const Profile& profile, std::int64_t saved_through,
                    std::int64_t removals) {
  if (profile.through_seq <= saved_through || profile.events() < kFoldBeforeSaving) return;
  vault::Vault& vault = cell(place).identities->vault();
  auto key = vault.get(id, vault::RetentionClass::ordinary);
  if (!key) return;
  auto row = std::make_shared<store::ProfileRow>();
  row->through_seq = profile.through_seq;
  row->sealed = crypto::seal(*key, profile.to_text(), profile_context(id));
  (void)cell(place).region->writer().post(
      [&vault, id, row, removals](db::Transaction& tx) -> Result<void> {
        auto alive = TRY(vault.find({&id, 1}, vault::RetentionClass::ordinary));
        if (!alive[0]) return {};                              // erased meanwhile
        if (TRY(events::removals(tx)) != removals) return {};  // it may count what is gone
        return store::save_profile(tx, id.value, *row);
      },
      [](const Result<void>&) {});
}

}  // namespace handschlag::customers
