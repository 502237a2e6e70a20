// SQL of consent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "platform/db/db.h"

namespace handschlag::consent::store {

// A statement as it lies there: the address as a digest, the proof sealed.
struct Row {
  Statement statement;
  std::optional<std::string> digest;
  bool held = false;
  std::optional<std::string> sealed;
};

Result<std::int64_t> allocate(db::Transaction& tx);
// Keeps every other transaction from allocating until this one ends.
Result<void> lock(db::Transaction& tx);
Result<void> insert(db::Transaction& tx, const Row& row, std::size_t layers);

// Of identities, without those that are held; of one address, with them. In the order of ids.
Result<std::vector<Row>> of_identities(db::Transaction& tx, std::span<const IdentityId> identities);
Result<std::vector<Row>> of_address(db::Transaction& tx, std::string_view digest,
                                    const std::optional<std::string>& former);
Result<std::optional<Row>> find(db::Transaction& tx, StatementId id);
Result<std::int64_t> count(db::Transaction& tx, IdentityId identity);
// The number that was given out last.
Result<std::int64_t> last_id(db::Transaction& tx);
// From `first` on and below `end`, the newest first; of nobody who was erased.
Result<std::vector<Row>> matching(db::Transaction& tx, const Wanted& wanted, StatementId first, StatementId end,
                                  std::size_t limit);

// Of somebody who was erased: holds all that was said, and takes away what was shown of a no.
Result<void> hold(db::Transaction& tx, IdentityId identity, Time now);
// Removes of a held identity, at most `limit` rows, what need not be kept: a yes whose proof is no duty (any more), a
// request, a no without an address.
Result<std::int64_t> remove_free(db::Transaction& tx, IdentityId identity, Time now, std::int64_t limit);
Result<std::int64_t> remove_all(db::Transaction& tx, IdentityId identity, std::int64_t limit);
// Erased identities whose key of proofs may still be there, after one of them, in their order.
Result<std::vector<IdentityId>> held(db::Transaction& tx, IdentityId after, std::int64_t limit);
Result<void> let_go(db::Transaction& tx, IdentityId identity);
// Whether a proof is left that the identity's key opens.
Result<bool> holds_proof(db::Transaction& tx, IdentityId identity);

// What identities refuse as such.
Result<std::vector<gate::PurposeSet>> refused(db::Transaction& tx, std::span<const IdentityId> identities);
Result<void> set_refused(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes);
// What was said of a use as such for addresses of which one was refused so: by place, the statements.
Result<std::vector<std::vector<StatementId>>> refusing(db::Transaction& tx, std::span<const std::string> digests);
// Notes that a statement for an address concerns an identity that is known by it; once is enough.
Result<void> concern(db::Transaction& tx, IdentityId identity, StatementId statement);
Result<std::vector<Row>> concerning(db::Transaction& tx, IdentityId identity);

struct Lifted {
  StatementId id;
  IdentityId identity;
  std::string digest;
};
Result<std::vector<Lifted>> digests_below(db::Transaction& tx, std::size_t layers, std::int64_t first, std::int64_t end,
                                          std::int64_t limit);
Result<void> lift(db::Transaction& tx, std::span<const Lifted> rows, std::size_t layers);

}  // namespace handschlag::consent::store
