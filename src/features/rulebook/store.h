// The SQL of the rulebook. Every function joins the caller's transaction on the control database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/rulebook/rulebook.h"

namespace handschlag::rulebook::store {

struct StoredConfirmation {
  Confirmation confirmation;
  std::string fingerprint;
};

Result<std::int64_t> revision(db::Transaction& tx);
Result<void> raise_revision(db::Transaction& tx);  // serialises those who change something

// Leaves alone what is there.
Result<void> keep(db::Transaction& tx, const law::RuleSet& set, Time now);
Result<std::vector<Kept>> kept(db::Transaction& tx);
Result<std::optional<std::string>> body(db::Transaction& tx, std::uint64_t number);

Result<std::vector<StoredConfirmation>> confirmations(db::Transaction& tx);
Result<void> put(db::Transaction& tx, const StoredConfirmation& confirmation);
Result<bool> remove_confirmation(db::Transaction& tx, std::string_view rule);  // whether there was one

Result<std::vector<OwnRule>> own_rules(db::Transaction& tx);
Result<bool> insert(db::Transaction& tx, const OwnRule& rule);  // whether its id was free
Result<bool> end(db::Transaction& tx, std::string_view id, Time now, std::string_view by);

}  // namespace handschlag::rulebook::store
