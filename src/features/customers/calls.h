// Notes of calls: what was said on the telephone becomes an event of a source that the operator declared for it, on the
// same way as every other event: ruled, sealed under the person's key, in their timeline and their copies, and gone
// when they are erased.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/customers/look.h"
#include "features/customers/places.h"
#include "features/customers/profiles.h"

namespace handschlag::customers {

inline constexpr std::string_view kCallEvent = "Phone Call Noted";

enum class Direction : std::uint8_t { inbound, outbound };
std::optional<Direction> find_direction(std::string_view name);
std::string_view name_of(Direction direction);

// How whoever spoke was verified. Enumerators are spelled as on the wire.
enum class Verification : std::uint8_t {
  not_verified,
  callback,         // called back on a number on file
  knowledge,        // told two facts that only the person knows
  authenticated,    // signed in, in the app or the account
  known_in_person,  // by whoever notes it
};
std::optional<Verification> find_verification(std::string_view name);
std::string_view name_of(Verification verification);

struct CallNote {
  std::string customer = {};  // a handle; or
  std::string phone = {};     // the number of somebody nobody is known by
  Direction direction = Direction::inbound;
  Verification verification = Verification::not_verified;
  std::string summary;
  std::optional<Time> at = {};  // now, where it is missing
  std::string source = {};      // needed where there are several
  std::string retry_key = {};   // the same for the same note: then it is stored once
};

struct NotedCall {
  std::string id;  // of the note: in the event and in the audit
  std::string source;
  Time at{};
};

inline constexpr std::size_t kMaxSummaryBytes = 4'000;
inline constexpr std::chrono::days kOldestCall{30};

// Thread-safe.
class Calls {
 public:
  // Everything must outlive this. `ledgers` in the order of the events' cells.
  Calls(events::Events& events, sources::Sources& sources, const law::InForce& law, staff::Staff& staff,
        std::vector<ledger::Ledger*> ledgers, const Clock& clock, const gate::Interests& interests);

  // Sources that may take notes: of the touchpoint "phone" or "hotline", a server's, live, for customer care without
  // needing consent for it, and with a plan, if any, that names the event and its fields.
  std::vector<sources::SourcePointer> sources_for(const Viewer& viewer) const;

  // Errors: invalid (each wrong field named); conflict "call_source_missing", "call_source_ambiguous", "person_erased";
  // forbidden "use_denied"; not_found; those of Events::submit.
  Result<NotedCall> note(const Viewer& viewer, const CallNote& note);

 private:
  Result<sources::SourcePointer> choose(const Viewer& viewer, std::string_view wanted) const;
  Result<identity::Key> key_of(const Viewer& viewer, const std::string& handle, sources::Mode mode);
  Result<identity::Key> key_at(const Viewer& viewer, const Handle& place, sources::Mode mode);
  Result<std::optional<identity::Key>> own_key(db::Transaction& tx, std::size_t cell, const identity::Identity& member);
  Result<std::string> message_id_of(const Viewer& viewer, const CallNote& note);
  Result<void> store(const sources::SourcePointer& source, events::Intake intake);

  events::Events& events_;
  sources::Sources& sources_;
  staff::Staff& staff_;
  const std::vector<ledger::Ledger*> ledgers_;
  const Clock& clock_;
  Look look_;
  Places places_;
  Profiles profiles_;
};

}  // namespace handschlag::customers
