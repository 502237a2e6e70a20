// Turns a decoded event into what will be stored: keys, the rulings for each of its source's purposes, the payload.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "features/events/directory.h"
#include "features/events/events.h"
#include "features/law/law.h"

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
  std::optional<identity::Key> speaker;        // who says something of their own consent; see Spoken
  bool says_consent = false;                   // by an event, and not only by a signal
  std::string payload;                         // JSON to be sealed; "" when denied
  std::string_view measure;                    // see measure_of
  std::optional<Amount> amount;                // of a measure
  int age = -1;                                // of the person, in years, as the event says it; -1: it does not
  bool age_unread = false;                     // it says something of an age that can't be read: maybe a child's
  bool asks_country = false;                   // about a child, or of special data: where its person lives matters
  std::string known_country;                   // where that is, as far as it is known here; looked up by the writer
  bool asks_record = false;                    // part of what is allowed needs more than a yes on the wire; see heed
  consent::Consents::Assent assent;            // of that, what is on record; before it is looked up, all of it
  std::string country;                         // the person's, else the source's; "" unknown
  std::vector<Refusal> refusals;
  std::size_t plan_refusals = 0;  // of these, how many are of fields and events that are not declared
  std::string event_id;           // 16 bytes; see event_id_of

  // What could be done before the writer's turn, where the person is known; see Router.
  Directory::Digest person{};  // of the own key
  IdentityId sealed_for;       // 0: not sealed yet
  std::string sealed;
  std::uint64_t vault_generation = 0;  // at which the key was found

  IdentityId identity;  // linked: set when it is stored

  bool moved = false;  // its person was moved to another region meanwhile: it was not stored, and goes there
  int detours = 0;     // how often that happened
};

// `weighed` has the purposes for which a legitimate interest was assessed. Errors: invalid (no usable identity, too
// large), which reject the event.
Result<Prepared> prepare(Intake intake, sources::SourcePointer source, const law::RuleSet& law,
                         gate::PurposeSet weighed = {});

// Rules anew on an event that is about to be tied to its person, who is now known: to refuse some purposes as such; or,
// where the event asks for what is on record, to have said no more than its `assent`. Nothing that was denied becomes
// allowed. Doing it twice is doing it once.
void heed(Prepared& event, gate::PurposeSet refused, const law::RuleSet& law, gate::PurposeSet weighed = {});

// The client's own time and a keyed hash of source and message id: for deduplication only.
std::string event_id_of(const Prepared& event, const crypto::Key& key);
// The same of a stored event: `time` is the beginning of its id, which no key changes.
inline constexpr std::size_t kEventIdTimeBytes = 6;
std::string event_id_of(std::string_view time, std::int64_t source, std::string_view message_id,
                        const crypto::Key& key);

}  // namespace handschlag::events
