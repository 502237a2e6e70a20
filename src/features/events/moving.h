// Carries the events of an identity to another region, page by page: opened here, sealed there, with an event id that a
// retry has there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/events/events.h"
#include "features/events/moving_store.h"

namespace handschlag::events {

class Carrier {
 public:
  // Everything must outlive this.
  Carrier(sources::Sources& sources, std::span<Projection* const> projections)
      : sources_(sources), projections_(projections) {}

  struct Carried {
    store::StoredRow row;  // identity, event id and seal as they are there
    std::string body;      // the payload, as text
    sources::SourcePointer source;
    Intake intake;  // as far as projections look at it
  };

  // The next events after position `after` of the old region, at most `limit`, in their order. Errors: not_found
  // "key_destroyed".
  Result<std::vector<Carried>> read(db::Transaction& from_tx, const Passage& passage, std::int64_t after,
                                    std::size_t limit);
  // Stores them. What was stored before falls out. Errors: not_found "key_destroyed": erased meanwhile.
  Result<void> write(db::Transaction& to_tx, const Passage& passage, std::span<Carried> events);
  // Compares the next events that were copied; begin with a default position.
  enum class Compared { alike, different, end };
  struct Positions {
    std::int64_t from = 0;
    std::int64_t to = 0;
  };
  Result<Compared> compare(db::Transaction& from_tx, db::Transaction& to_tx, const Passage& passage,
                           Positions& positions);

 private:
  Result<Carried> carry(store::StoredRow row, const Passage& passage, const crypto::Key& from, const crypto::Key& to);
  Result<void> keep_apart(db::Transaction& to_tx, const Passage& passage, std::span<Carried> events);
  Result<void> project(db::Transaction& to_tx, const Passage& passage, std::span<const Carried> events);

  sources::Sources& sources_;
  std::span<Projection* const> projections_;
};

}  // namespace handschlag::events
