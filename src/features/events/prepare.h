// Turns a decoded event into what will be stored: keys, the rulings for each of its source's purposes, the payload.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "features/events/events.h"

namespace handschlag::events {

struct Refusal {
  std::string subject;  // a purpose, or a dropped field
  std::string reason;
};

// An event that is ready for the writer. Kept whole until it is stored, for the projections.
struct Prepared {
  Intake intake;
  sources::SourcePointer source;
  std::size_t index = 0;  // in the submission
  gate::Decision decision = gate::Decision::deny;
  gate::PurposeSet purposes;                   // linked: for which it may be used; unlinked: likewise
  std::optional<identity::Sighting> sighting;  // linked only
  std::string payload;                         // JSON to be sealed; "" when denied
  std::string country;                         // the person's, else the source's; "" unknown
  std::vector<Refusal> refusals;
  std::string event_id;  // 16 bytes; see event_id_of
};

// Errors: invalid (no usable identity, too large), which reject the event.
Result<Prepared> prepare(Intake intake, sources::SourcePointer source);

// The client's own time and a keyed hash of source and message id: for deduplication only.
std::string event_id_of(const Prepared& event, const crypto::Key& digest_key);

}  // namespace handschlag::events
