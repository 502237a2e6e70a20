// Moves: a customer's data goes to another region, since the person lives there now.
//
// All that a region holds of the customer is copied under keys of the new region, compared, and then one commit in the
// old region decides that the new one answers from now on; what is left is destroyed. At every moment each event can be
// read once, and a program that ends at any moment goes on where it was. How: README.md.
//
// Thread-safe after bind_jobs().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/events/events.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "platform/http/router.h"
#include "platform/jobs/jobs.h"

namespace handschlag::moves {

// Stored, and on the wire, by name.
enum class State : std::uint8_t {
  copying,  // the old region answers
  moved,    // the new region answers; what is left in the old one is about to be destroyed
  done,     // nothing but numbers is left in the old region
  ended,    // nobody was left to be moved: erased meanwhile, or moved already
};
std::string_view name_of(State state);

struct Move {
  Id<Move> id = {};
  std::string from;     // region
  IdentityId identity;  // there
  std::string to;       // region
  std::string country;  // ISO 3166 alpha-2: where the person lives now
  gate::Purpose purpose = gate::Purpose::RightsFulfilment;
  std::string role;  // of who asked for it
  State state = State::copying;
  std::int64_t people = 0;  // identities
  std::int64_t events = 0;  // brought over
  IdentityId target;        // in the new region; 0 before it is moved
  Time requested_at{};
  std::optional<Time> moved_at = {};
  std::optional<Time> ended_at = {};
};

struct Wish {
  std::string region;   // where to
  std::string country;  // where the person lives now
  gate::Purpose purpose = gate::Purpose::RightsFulfilment;
};

struct Page {
  std::vector<Move> items;  // newest first
  std::optional<std::string> next;
};

struct Options {
  // How long after the move the old region's keys live on: looks and events that were under way end meanwhile.
  std::chrono::milliseconds grace{10'000};
  // For tests: called between the steps; an error ends the run there, as if the program had been killed.
  std::function<Result<void>(std::string_view step)> at = {};
};

// What moving works with; everything must outlive it.
struct Parts {
  events::Events* events;
  sources::Sources* sources;
  const law::InForce* law;
  customers::Customers* customers;
  subjects::Subjects* subjects;
  staff::Staff* staff;
  regions::Regions* regions;
  std::vector<ledger::Ledger*> ledgers;      // in the order of the events' cells
  std::vector<consent::Consents*> consents;  // likewise
  db::Database* control;
  const Clock* clock;
};

std::span<const db::Migration> migrations();

class Moves {
 public:
  static std::unique_ptr<Moves> create(Parts parts, Options options);
  virtual ~Moves() = default;

  // Asks the gate, writes to the ledger of everybody who is to be moved, and leaves the rest to a job. Errors:
  // forbidden "use_denied", with the ruling's reason; invalid (region, country); not_found; conflict "already_there",
  // "customer_moving", "customer_is_test".
  virtual Result<Move> request(const customers::Viewer& viewer, std::string_view handle, const Wish& wish) = 0;

  // Errors: not_found.
  virtual Result<Move> find(Id<Move> id) = 0;
  // Errors: invalid "cursor_invalid".
  virtual Result<Page> list(std::string_view cursor, std::size_t limit) = 0;

  // Does what is left of a move, without the grace; for when no server runs. Errors: also unavailable, code
  // "interrupted", when `should_stop` says so.
  virtual Result<void> carry_out(Id<Move> id, const std::function<bool()>& should_stop) = 0;

  // Who keeps regions as they are together (a backup) while this returns an error: then no customer changes region, and
  // the job tries again. `Body` runs under it.
  using Body = std::function<Result<void>()>;
  virtual void set_guard(std::function<Result<void>(const Body&)> guard) = 0;

  // Names the handlers of this slice's jobs; before runner.start().
  virtual void bind_jobs(jobs::Runner& runner) = 0;
};

void bind_routes(http::Router& router, Moves& moves);

}  // namespace handschlag::moves
