// Writes a group of prepared events in one transaction: order, deduplication, identities, sealing, rows, sums,
// projections.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "features/events/hours_store.h"
#include "features/events/prepare.h"
#include "features/events/stages.h"
#include "features/events/store.h"

namespace handschlag::events {

// The events of one submission that belong to one region, and what became of them.
struct Part {
  std::vector<Prepared> events;
  Outcome outcome;
  StageTime since = {};  // of the stage that it is in
};

class GroupWriter {
 public:
  struct Around {
    std::span<Projection* const> projections;
    Listener* listener = nullptr;  // nullptr: nobody takes down what is said
    const law::InForce* law = nullptr;
    const gate::Interests* interests = nullptr;
  };
  // `cells`: of all regions, its own among them.
  GroupWriter(Cell& cell, std::span<Cell> cells, const Around& around) : cell_(cell), cells_(cells), around_(around) {}

  // Fills in each part's outcome. What belongs to somebody who was moved meanwhile is marked and left out. Starts from
  // scratch when it is called again with the same parts.
  Result<void> write(db::Transaction& tx, std::span<Part*> parts);

 private:
  struct Entry {
    Prepared* event;
    Part* part;
    std::int64_t seq = 0;
    IdentityId identity;
  };

  Result<void> keep_fresh(db::Transaction& tx);
  // What needs more than a yes on the wire, an explicit consent or a guardian's, is asked of the record before anybody
  // becomes known by it; so is where those live whose country matters for it.
  Result<void> ask_record(db::Transaction& tx);
  Result<void> identify(db::Transaction& tx);
  // Hands on what people say of their own consent, of those who are known.
  Result<void> listen(db::Transaction& tx);
  // What a person refused as such is not stored of them, whatever the source says of their consent.
  Result<void> heed_refusals(db::Transaction& tx);
  // Marks and leaves out the events of those who have moved. `unsealed`: those for whom there is no key.
  Result<void> leave_out_moved(db::Transaction& tx, std::span<Entry* const> unsealed);
  // A tombstone where somebody came from keeps a retry out here, too.
  Result<void> leave_out_buried(db::Transaction& tx);
  Result<std::vector<bool>> buried_elsewhere(const subjects::Arrival& arrival, std::span<const Prepared* const> events);
  // What was known of somebody who was erased since is looked up again, so that no link to them is written.
  Result<void> drop_stale(std::span<Entry* const> entries);
  // Seals what could not be sealed before, or was sealed while a key was being destroyed.
  Result<void> seal_rest(std::span<Entry* const> linked);
  Result<void> store_linked(db::Transaction& tx);
  Result<void> store_unlinked(db::Transaction& tx);
  Result<void> store_refused(db::Transaction& tx);
  Result<void> add_up(db::Transaction& tx);
  Result<void> add_up_hours(db::Transaction& tx);
  Result<void> project(db::Transaction& tx);

  Cell& cell_;
  std::span<Cell> cells_;
  const Around around_;
  std::vector<Entry> entries_;
  IdentityId newest_before_;  // whoever has a higher number was seen here for the first time
};

std::string event_context(IdentityId identity, std::string_view event_id);
std::string unlinked_context(std::string_view event_id);

}  // namespace handschlag::events
