// Chooses the region of each event: where its person is known already, else by country. A person is pinned to a region
// when first seen.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "features/events/prepare.h"

namespace handschlag::events {

// Thread-safe.
class Router {
 public:
  Router(std::vector<Cell>& cells, regions::Regions& regions);

  // One list of events a cell, in the cells' order; event ids filled in.
  Result<std::vector<std::vector<Prepared>>> route(std::vector<Prepared> events);

 private:
  // Remembers where a person was sent, also while that is still being written; otherwise two requests at once could pin
  // one person twice. Holds keyed digests only.
  std::optional<std::size_t> pinned(const std::string& digest);
  // Answers where the person is pinned now: another request may have been faster.
  std::size_t pin(const std::string& digest, std::size_t cell);
  // Somebody whom an event names, and where they are known.
  struct Who {
    const identity::Key* key;
    std::string digest;
    std::optional<std::size_t> cell;
  };
  Result<void> find_unpinned(std::vector<Who>& people);
  // The region of an event; `people` are whom it names, its own first. Drops from it who lives in another region.
  std::size_t choose(Prepared& event, std::span<Who> people);
  std::size_t cell_of_country(std::string_view country) const;

  std::vector<Cell>& cells_;
  regions::Regions& regions_;
  const crypto::Key pin_key_ = crypto::Key::random();
  std::mutex mutex_;
  std::list<std::string> recent_;  // pinned digests, the newest first
  struct Pin {
    std::size_t cell;
    std::list<std::string>::iterator place;
  };
  std::unordered_map<std::string, Pin> pins_;
};

}  // namespace handschlag::events
