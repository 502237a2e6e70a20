// The SQL of reach: tables reach_* of a region's data database. Every function joins the caller's transaction.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "features/reach/reach.h"

namespace handschlag::reach::store {

// Who can be reached, or what a change of the law would do about it. Stored; never renumber.
enum class Sort : std::int64_t { everyday = 1, effect = 2 };

struct Run {
  Sort sort = Sort::everyday;
  std::int64_t shown = 0;
  std::int64_t working = 0;
  IdentityId last;
  Time counted_at{};
  // Of an effect.
  std::uint64_t rule_set = 0;  // that is tried; 0: none was
  Time law_at{};
  std::int64_t people = 0;  // who were asked so far
};
Result<Run> run(db::Transaction& tx, Sort sort);
// Begins a round; a no-op where one is under way.
Result<void> begin(db::Transaction& tx);
// Begins one in the place of whatever was tried before.
Result<void> begin_effect(db::Transaction& tx, const law::RuleSet& law, Time law_at);
// The rule set that is tried, as its text.
Result<std::string> law_tried(db::Transaction& tx);

// Unit, purpose, channel, country, reason.
using Cell = std::tuple<std::string, gate::Purpose, gate::Channel, std::string, std::string>;
// Adds what was counted after `run.last`, up to `through`; false where somebody else did.
Result<bool> add(db::Transaction& tx, const Run& run, IdentityId through, const std::map<Cell, std::int64_t>& counts,
                 std::int64_t people);
// The round is done: it is shown, and the others of its sort go.
Result<void> finish(db::Transaction& tx, const Run& run, Time at);

struct Counted {
  gate::Channel channel;
  Count count;
};
Result<std::vector<Counted>> counted(db::Transaction& tx, std::int64_t round, std::string_view unit,
                                     gate::Purpose purpose);

}  // namespace handschlag::reach::store
