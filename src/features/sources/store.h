// The SQL of sources: tables sources_*. Every function joins the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/sources/sources.h"

namespace handschlag::sources::store {

struct Key {
  std::string digest;
  Id<Source> number;
  std::optional<Time> valid_until;
};

// All there is, at one revision.
struct Everything {
  std::int64_t revision = 0;
  std::vector<Source> sources;
  std::vector<Key> keys;
};

Result<std::int64_t> revision(db::Transaction& transaction);
// To be called first by each change: other writers wait from here until the transaction ends.
Result<void> raise_revision(db::Transaction& transaction);
Result<Everything> load(db::Transaction& transaction);

// Gives it its number. Errors: conflict "unique": the id is taken.
Result<void> insert_source(db::Transaction& transaction, Source& source);
Result<std::optional<Source>> find_source(db::Transaction& transaction, std::string_view id);
// What can be changed: enabled, consent categories, plan.
Result<void> update_source(db::Transaction& transaction, const Source& source);

Result<void> insert_key(db::Transaction& transaction, Id<Source> number, std::string_view digest, Time created_at);
// Keys of the source that would be valid for longer end then; those that ended by `now` are removed.
Result<void> end_keys(db::Transaction& transaction, Id<Source> number, Time valid_until, Time now);

}  // namespace handschlag::sources::store
