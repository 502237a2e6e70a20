// SQL of identities, keys and links.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/identity/identity.h"
#include "platform/db/db.h"

namespace handschlag::identity::store {

struct KeyRow {
  std::string digest;
  std::int64_t identity = 0;
  KeyKind kind = KeyKind::user_id;
  Standing standing = Standing::claimed;
  gate::PurposeSet purposes;
  std::int64_t source = 0;
  std::int64_t first_seen = 0;
  std::string sealed;
};

struct IdentityRow {
  std::int64_t id = 0;
  KeyKind kind = KeyKind::user_id;
  std::string country;
  std::int64_t source = 0;
  std::int64_t created_at = 0;
};

// Takes `count` ids and answers the first. Serialises concurrent writers.
Result<std::int64_t> allocate(db::Transaction& tx, std::int64_t count);
Result<std::int64_t> last_id(db::Transaction& tx);
Result<void> raise_last_id(db::Transaction& tx, std::int64_t least);
Result<void> insert_identities(db::Transaction& tx, std::span<const IdentityRow> rows);
// `layers`: of their digests; see digester.h.
Result<void> insert_keys(db::Transaction& tx, std::span<const KeyRow> rows, std::size_t layers);
Result<void> update_key(db::Transaction& tx, const KeyRow& row);  // standing and purposes

struct OwnPurposes {
  std::string_view digest;
  std::int64_t identity = 0;
  gate::PurposeSet purposes;
};
// What an identity's own key was taken for.
Result<void> update_own_purposes(db::Transaction& tx, std::span<const OwnPurposes> rows);

// For each digest the identity that is made from it; `on_found(index, identity, purposes)`.
Result<void> find_own(db::Transaction& tx, std::span<const std::string> digests,
                      const std::function<void(std::size_t, std::int64_t, gate::PurposeSet)>& on_found);
// Who holds a digest, at most `limit`, the surest standing first, so that claims hide nobody; `sealed` is left out.
// `after`: the last one of the page before, if any.
Result<std::vector<KeyRow>> holders(db::Transaction& tx, std::string_view digest, std::size_t limit,
                                    const KeyRow* after = nullptr);
// The row of one holder; `sealed` is left out.
Result<std::optional<KeyRow>> find_key(db::Transaction& tx, std::string_view digest, std::int64_t identity);
Result<std::vector<KeyRow>> keys_of(db::Transaction& tx, std::int64_t identity);
// Identities that exist, in the order of their ids.
Result<std::vector<IdentityRow>> identities(db::Transaction& tx, std::span<const std::int64_t> ids);

// Links of any standing that have one of these identities as an end.
Result<std::vector<Link>> links_of(db::Transaction& tx, std::span<const std::int64_t> ids);
Result<std::optional<Link>> find_link(db::Transaction& tx, IdentityId a, IdentityId b);
Result<void> upsert_link(db::Transaction& tx, const Link& link);
Result<void> count_refusal(db::Transaction& tx, IdentityId a, IdentityId b, std::string_view reason, Time at);
Result<std::vector<Refusal>> refusals(db::Transaction& tx, std::size_t limit);
Result<std::vector<Identities::CountryCount>> count_by_country(db::Transaction& tx, std::int64_t source, KeyKind kind);

}  // namespace handschlag::identity::store
