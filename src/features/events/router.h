// Chooses the region of each event: where its person is known already, else by country. A person is pinned to a region
// when first seen. Of somebody known it also does what then need not be done in the writer's turn: it tells the
// identity, and seals the payload.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "features/events/directory.h"
#include "features/events/pins.h"
#include "features/events/prepare.h"

namespace handschlag::events {

// Thread-safe.
class Router {
 public:
  Router(std::vector<Cell>& cells, regions::Regions& regions);

  // Somebody whom an event names, and where they are known.
  struct Who {
    const identity::Key* key;
    Directory::Digest digest;
    std::optional<Directory::Entry> known;
  };
  // Events on their way to their regions.
  struct Journey {
    std::vector<Prepared> events;
    std::vector<Who> people;         // of all events: each event's own key, then those together with it
    std::vector<std::size_t> first;  // of an event's people
    bool must_ask = false;           // databases, which may take its time: somebody is not known here
  };

  // Never waits.
  Journey begin(std::vector<Prepared> events);
  // For events whose person was moved while they were on their way. Errors: unavailable "customer_moving", where that
  // happened to one of them again and again.
  Result<Journey> begin_again(std::vector<Prepared> events);
  // One list of events a cell, in the cells' order; event ids filled in.
  Result<std::vector<std::vector<Prepared>>> route(Journey journey);

  // Remembers who the persons of these events are; to be called when they are stored durably.
  void learn(std::size_t cell, std::span<const Prepared> events);
  void forget(std::span<const identity::Key> keys);

 private:
  // Looks up in the databases whom the directory does not know, or knows only as pinned.
  Result<void> find_unknown(std::vector<Who>& people);
  // Where somebody is now who was moved, as their former region says.
  Result<Directory::Entry> follow(const identity::Key& key, const subjects::Forward& forward);
  // Gives those a region whom none knows, as all nodes agree. `first`: the place of each event's people.
  Result<void> settle(std::span<const Prepared> events, std::vector<Who>& people, std::span<const std::size_t> first);
  // The region of an event; `people` are whom it names, its own first. Drops from it who lives in another region.
  std::size_t choose(Prepared& event, std::span<Who> people);
  std::size_t cell_of_country(std::string_view country) const;
  Result<void> seal_known(Cell& cell, std::span<Prepared> events);

  std::vector<Cell>& cells_;
  regions::Regions& regions_;
  Directory directory_;
  Pins pins_;
};

}  // namespace handschlag::events
