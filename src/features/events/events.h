// Events: what happened at a touchpoint, immutable. Taken in from sources, ruled, sealed, stored; read back as
// timelines and sums.
//
// Thread-safe. Public here: taking in (submit), reading (timeline, since, totals), and the port for slices that keep
// something up to date from events (Projection).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/consent/consent.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/subjects/subjects.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/json/json.h"
#include "platform/json/tree.h"
#include "platform/metrics/metrics.h"

namespace handschlag::events {

// Stored; never renumber.
enum class EventType : std::int64_t { identify = 1, track = 2, page = 3, screen = 4, group = 5, alias = 6 };
std::string_view name_of(EventType type);
std::optional<EventType> find_type(std::string_view name);

// One event as a source sent it, decoded but not yet judged.
struct Intake {
  EventType type = EventType::track;
  std::string name;        // of a track ("Order Completed"), page or screen
  std::string message_id;  // of the client; made from the event's content where the client sends none
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  std::optional<std::string> previous_id;
  std::optional<std::string> device_id;
  // In place of all ids and keys: the key from which an identity is made that is known here, as when staff notes
  // something about it. It makes and joins nothing.
  std::optional<identity::Key> person;
  std::vector<std::pair<identity::KeyKind, std::string>> keys;  // further keys of the person: e-mail, phone, card ...
  std::string country;                                          // ISO 3166 alpha-2 of the person; "" unknown
  std::optional<Time> original;                                 // by the client's clock, as sent: part of the event id
  Time occurred{};                                              // corrected, never after `received`
  Time received{};
  json::Tree properties;  // an object, or null
  json::Tree traits;      // likewise
  // Further traits of the person, as of the context where an event has traits of its own: not kept, but an age counts
  // wherever it is said.
  std::vector<json::Tree> asides = {};
  std::string context;  // JSON text of an object; "" where there is none
  std::string group_id;
  gate::PurposeSet consented;  // by the wire, through the source's categories
  gate::PurposeSet refused;
  bool global_privacy_control = false;
  bool history = false;  // imported: the size limit of live events does not hold
};

// What became of a submission.
struct Rejected {
  std::size_t index;
  std::string reason;
  std::string code = {};  // of the error
};
struct Outcome {
  std::size_t stored = 0;  // tied to a person
  std::size_t unlinked = 0;
  std::size_t refused = 0;
  std::size_t duplicates = 0;
  std::vector<Rejected> rejected;  // could not be taken: no usable identity, too large
};

// A stored event on its way to the projections.
struct Stored {
  std::int64_t seq;
  IdentityId identity;
  const sources::Source* source;
  const Intake* intake;
  gate::PurposeSet purposes;
};

// The parts of one region that events need.
struct Cell {
  regions::Region* region;
  identity::Identities* identities;
  consent::Consents* consents = nullptr;  // what people said; nullptr: nothing is recorded here
};

// An identity on its way to another region.
struct Passage {
  Cell* from;
  IdentityId identity;
  Cell* to;
  IdentityId target;
};

// Lets somebody be seen whose forward is gone (see subjects/whereabouts.h), should that not be so yet; answers whether
// it was not.
Result<bool> settle(Cell& cell, IdentityId identity);

// A slice that keeps something up to date from events, inside the transaction that stores them, a batch at a time.
class Projection {
 public:
  virtual ~Projection() = default;
  virtual Result<void> apply(db::Transaction& tx, Cell& cell, std::span<const Stored> batch) = 0;
};

// What somebody who is known here says of their own consent: by an event "Consent Preference Updated", or by the signal
// of their browser. Of a public source only what a browser says of itself is taken.
struct Spoken {
  IdentityId identity;
  const sources::Source* source;
  const Intake* intake;
};
inline constexpr std::string_view kConsentEvent = "Consent Preference Updated";

// Who takes that down, inside the transaction that stores the events, before they are ruled on for good.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual Result<void> heard(db::Transaction& tx, Cell& cell, std::span<const Spoken> batch) = 0;
};

// An event read back and opened.
struct Event {
  std::int64_t seq = 0;
  IdentityId identity;
  EventType type = EventType::track;
  std::int64_t source = 0;
  gate::PurposeSet purposes;
  Time occurred_at{};
  Time received_at{};
  json::Value body;      // {"name","properties","traits","context","group_id","message_id"}, each where it is not empty
  bool damaged = false;  // it could not be opened, as after a disk's fault: the body is an empty object
};

// Where a page of a timeline ended.
struct Position {
  Time occurred_at{};
  std::int64_t seq = 0;
};

// Of what a source told of an identity, only what was stored for one of these purposes.
struct Narrowed {
  IdentityId identity;
  std::int64_t source = 0;
  gate::PurposeSet purposes;
};

struct TimelineQuery {
  std::span<const identity::Reached> identities;  // each event must share a purpose with its identity's set
  std::vector<std::int64_t> sources;              // empty: all
  std::optional<EventType> type;
  std::optional<Position> before;  // the page after this one
  std::size_t limit = 50;
  std::vector<Narrowed> narrowed = {};  // each identity and source once
};

// A part of a region's feed: its events in the order in which they were committed.
struct FeedQuery {
  std::int64_t after = 0;                                           // position: events beyond it
  std::int64_t through = std::numeric_limits<std::int64_t>::max();  // and not beyond this
  gate::PurposeSet purposes;                                        // stored for one of these
  std::vector<std::int64_t> sources = {};                           // at most kMaxFeedSources; empty: all
  std::vector<EventType> types = {};                                // empty: all
  sources::Mode mode = sources::Mode::live;                         // of sources of this mode alone
  std::size_t limit = 100;
};
inline constexpr std::size_t kMaxFeedSources = 8;

struct FeedPage {
  std::vector<Event> items;  // tied to a person whose key is there; what was kept unlinked has no place in a feed
  std::int64_t through = 0;  // all up to here was looked at: the position to go on from
  bool more = false;         // there is more to look at now
};

// What some sources sent, to be removed as if it had never come. For what test sources made up (see
// features/test_data).
struct Selection {
  std::vector<std::int64_t> sources = {};
  std::int64_t through = 0;         // up to this position
  std::optional<Time> before = {};  // and that occurred before this beginning of a day (UTC); nothing: all
};

// What identities hold of a selection, and beside it.
struct Holdings {
  std::vector<std::int64_t> found;  // positions of events
  std::vector<IdentityId> touched;  // whose they are
  std::vector<IdentityId> alone;    // where `whole`: identities that hold nothing else
  bool whole = false;               // all was looked at; else there is more to find
};

struct UnlinkedPage {
  std::vector<std::int64_t> found;  // positions
  std::int64_t through = 0;         // all up to here was looked at
};

struct Total {
  std::string source;
  std::string country;   // "" unknown
  std::string measure;   // "events", "orders", "cancellations", "refunds"
  std::string currency;  // "" without money
  bool linked = true;
  std::int64_t events = 0;
  std::int64_t amount_micros = 0;
  sources::Mode mode = sources::Mode::live;
};

// The sum of one day, over all countries, linked or not.
struct DayTotal {
  std::string day;  // of what happened, UTC
  Total total;      // without country
};

struct RefusalCount {
  std::string day;
  std::string source;
  std::string subject;  // a purpose, or a field that the plan dropped
  std::string reason;
  std::int64_t events = 0;
};

std::span<const db::Migration> migrations();

// Leaves out that many positions, which were given away and are not known any more: after a restored backup.
Result<void> skip_positions(db::Transaction& tx, std::int64_t count);

// Removing. These join a transaction of the region's writer, or a snapshot of its data database.
//
// A position of its own: what is stored already lies before it, and what comes lies behind it.
Result<std::int64_t> begin_removal(db::Transaction& tx);
// Removes the sums and refusal counts of a selection's sources and days; answers how many.
Result<std::int64_t> remove_sums(db::Transaction& tx, const Selection& what);
// Takes the region's order until the commit, and removes events without a trace; answers how many.
Result<std::int64_t> remove_events(db::Transaction& tx, std::span<const std::int64_t> positions);
// Whether an identity has an event after a position that lies a moment back.
Result<bool> any_since(db::Transaction& tx, IdentityId identity, std::int64_t after);
// The next part of what was kept unlinked of a selection, after a position.
Result<UnlinkedPage> find_unlinked(db::Transaction& tx, const Selection& what, std::int64_t after);
Result<std::int64_t> remove_unlinked(db::Transaction& tx, std::span<const std::int64_t> positions);
// Grows whenever events are removed so: what was folded from events before is right only while it is the same.
Result<std::int64_t> removals(db::Transaction& tx);

// What this slice holds about identities: their events. Each removed one leaves its event id for 30 days, with nothing
// else, so that a retry does not get in. Sums stay: they tell of nobody.
std::unique_ptr<subjects::SubjectData> create_subject_data();

// Holds the order of the region until this transaction ends: no batch of events is stored meanwhile, by any node.
Result<void> hold_order(db::Transaction& tx);

// An amount of money of an event's properties (revenue, total or value with currency), in micros.
struct Amount {
  std::string currency;  // "" where it names none
  std::int64_t micros = 0;
};
std::optional<Amount> amount_of(json::View properties);

// "orders", "cancellations", "refunds" for the event names of shops ("Order Completed", "Order Cancelled", ...); else
// "".
std::string_view measure_of(EventType type, std::string_view name);

class Tail;   // what arrives now, for those who watch; see tail.h
class Tally;  // counts what is rejected; see tally.h

class Events {
 public:
  // Everything handed over must outlive this. Projections run in the order given.
  static std::unique_ptr<Events> create(std::vector<Cell> cells, regions::Regions& regions, sources::Sources& sources,
                                        const law::InForce& law, metrics::Registry& metrics,
                                        std::vector<Projection*> projections,
                                        const gate::Interests& interests = gate::no_interests(),
                                        Listener* listener = nullptr);
  virtual ~Events() = default;

  using Done = std::function<void(Result<Outcome>)>;
  // Rules on, seals and stores a batch of one source; `done` is called, on any thread, when it is durable. A retry of
  // the same events (same message id and original time) changes nothing. Errors (to `done`): too_many when the server
  // is full, unavailable, internal; then the whole batch is to be sent again.
  //
  // With `elsewhere` it never blocks: what has to ask a database is handed to that, which runs it on another thread, or
  // answers false when it cannot (then `done` gets too_many).
  using Elsewhere = std::function<bool(std::function<void()>)>;
  virtual void submit(sources::SourcePointer source, std::vector<Intake> batch, Done done,
                      const Elsewhere& elsewhere = {}) = 0;

  // Newest first by occurred_at.
  virtual Result<std::vector<Event>> timeline(db::Transaction& tx, Cell& cell, const TimelineQuery& query) = 0;

  // The events of one identity with a seq after `after`, in no particular order; for folding.
  virtual Result<void> since(db::Transaction& tx, Cell& cell, IdentityId identity, std::int64_t after,
                             const std::function<void(const Event&)>& on_event) = 0;
  virtual Result<std::int64_t> last_seq(db::Transaction& tx) = 0;

  // The next events of a region in order of `seq`. Nothing is missed while others commit: `seq` is commit order. Reads
  // in short snapshots; may answer fewer than there are, with `more`, where a filter leaves out a great many. One that
  // can't be opened is passed over, logged and counted.
  virtual Result<FeedPage> feed(Cell& cell, const FeedQuery& query) = 0;

  // For moving people (see features/moves). Brings over the next events of an identity, at most `limit`; answers how
  // many were found. Errors: not_found "key_destroyed": erased meanwhile; conflict "moved_already".
  virtual Result<std::size_t> carry(const Passage& passage, std::size_t limit) = 0;
  // The last of them, in the old region's transaction, which keeps others from coming. Nothing is done where there are
  // more than `limit`; where there are not as many on both sides in the end, the copy is to be done anew.
  enum class Carried { all, too_many, differs };
  virtual Result<Carried> carry_rest(db::Transaction& from_tx, const Passage& passage, std::size_t limit) = 0;
  // Whether what was copied is the same on both sides.
  virtual Result<bool> carried_well(const Passage& passage) = 0;
  // How many events an identity has.
  virtual Result<std::int64_t> count(Cell& cell, IdentityId identity) = 0;
  // Forgets where these are known; for what they stand for has changed.
  virtual void forget(std::span<const identity::Key> keys) = 0;

  // Sums over all days, of one source, or of all that are live.
  virtual Result<std::vector<Total>> totals(std::string_view source) = 0;
  // Days from `since` on, of live sources, the oldest first.
  virtual Result<std::vector<DayTotal>> totals_by_day(Time since) = 0;
  virtual Result<std::vector<RefusalCount>> refusals() = 0;

  // Removes what is left of refused and erased events after 30 days, and pins that are over; in small steps. For a job.
  virtual Result<void> forget_refused(Time now) = 0;

  // Notes who is in the segments that are full by now, so that looks at others pass them by. For a job, every few
  // seconds; until then such segments are looked into.
  virtual Result<void> close_segments(const std::function<bool()>& should_stop) = 0;

  // What some identities hold of a selection, at most `limit` events. `what.sources` does not matter here.
  virtual Result<Holdings> holdings(db::Transaction& tx, Cell& cell, std::span<const IdentityId> identities,
                                    const Selection& what, std::size_t limit) = 0;

  virtual Tail& tail() = 0;
  virtual Tally& tally() = 0;
  // Writes down what was counted in memory, and counts no more. Before the regions' writers stop; idempotent.
  virtual void stop() = 0;
  virtual std::span<Cell> cells() = 0;
  virtual Cell* cell(std::string_view region) = 0;  // nullptr if there is none
};

// Whether who sent a request may still go on with it, asked while it is answered by a stream; that is no use of the
// session. Errors: unauthenticated.
using StillIn = std::function<Result<void>(const http::Request&)>;

void bind_routes(http::Router& router, Events& events, sources::Sources& sources, const Clock& clock,
                 metrics::Registry& metrics, StillIn still_in);

}  // namespace handschlag::events
