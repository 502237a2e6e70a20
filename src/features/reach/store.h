// The SQL of reach: tables reach_* of a region's data database. Every function joins the caller's transaction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "features/reach/reach.h"

namespace handschlag::reach::store {

struct Run {
  std::int64_t shown = 0;
  std::int64_t working = 0;
  IdentityId last;
  Time counted_at{};
};
Result<Run> run(db::Transaction& tx);
// Begins a round; a no-op where one is under way.
Result<void> begin(db::Transaction& tx);

// Unit, purpose, channel, country, reason.
using Cell = std::tuple<std::string, gate::Purpose, gate::Channel, std::string, std::string>;
// Adds what was counted after `run.last`, up to `through`; false where somebody else did.
Result<bool> add(db::Transaction& tx, const Run& run, IdentityId through, const std::map<Cell, std::int64_t>& counts);
// The round is done: it is shown, and the others go.
Result<void> finish(db::Transaction& tx, std::int64_t round, Time at);

struct Counted {
  gate::Channel channel;
  Count count;
};
Result<std::vector<Counted>> counted(db::Transaction& tx, std::int64_t round, std::string_view unit,
                                     gate::Purpose purpose);

}  // namespace handschlag::reach::store
