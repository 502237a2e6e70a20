// Carries out one move; see README.md for the steps and why they stand in this order. Private to the slice.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/moves/moves.h"

namespace handschlag::moves {

class Mover {
 public:
  // What the change of the region runs under: nobody else carries out the same move, and no backup is taken.
  using Fence = std::function<Result<void>(const Moves::Body&)>;
  // Everything must outlive this. `should_stop` ends it with "interrupted".
  Mover(const Parts& parts, const Options& options, Move& move, const Fence& fence,
        const std::function<bool()>& should_stop);

  // Everything up to the moment from which on the new region answers, and that is seen there: the move is `moved`, or
  // `ended`.
  Result<void> go();
  // The rest: the old region's keys and rows.
  Result<void> clear();

 private:
  enum class Turn { gone, again, nobody };

  // Who moves, each with a number in the new region; nobody where all are erased or gone.
  Result<std::vector<subjects::Forward>> begin();
  Result<std::vector<IdentityId>> members();
  Result<void> copy(std::span<const subjects::Forward> people);
  Result<void> copy_events(const subjects::Forward& person);
  Result<Turn> change_region(const std::vector<subjects::Forward>& people);
  Result<Turn> change_in(db::Transaction& tx, std::vector<subjects::Forward> people);
  Result<void> arrive();
  Result<std::vector<subjects::Forward>> gone();
  events::Passage passage(const subjects::Forward& person) { return {from_, person.identity, to_, person.target}; }
  std::vector<std::string> name_spaces(identity::KeyKind kind, std::int64_t source) const;
  Result<void> step(std::string_view name) const;

  const Parts& parts_;
  const Options& options_;
  Move& move_;
  const Fence& fence_;
  const std::function<bool()>& should_stop_;
  events::Cell* from_;
  events::Cell* to_;
  ledger::Ledger* from_ledger_ = nullptr;
  ledger::Ledger* to_ledger_ = nullptr;
  consent::Consents* from_consents_ = nullptr;
  consent::Consents* to_consents_ = nullptr;
  std::vector<identity::Key> own_keys_;  // of those who went
};

}  // namespace handschlag::moves
