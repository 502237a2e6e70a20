// Customers: one person out of many identities, as a view for a purpose. Finding them, their page, their timeline, and
// the links that staff makes or ends.
//
// Every look asks the gate and is written to the ledger before anything is released. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/customers/profile.h"
#include "features/events/events.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::customers {

// Who looks, and for what.
struct Viewer {
  std::string role;
  std::string region;     // the only region the viewer may see; empty: all
  std::string principal;  // "token:7"
  std::string operation;
  std::string trace_id;
  std::string language = "en";                // of the reasons: "de" or "en"
  std::optional<gate::Purpose> purpose = {};  // empty: all that the role may
  // Whom searches find: people, or what test sources made up. A handle leads to either.
  sources::Mode mode = sources::Mode::live;
  // The unit to which the viewer is limited (see staff.h): what its sources did not bring is not there; empty: all.
  std::string unit = {};
};

// "eu-2s": region and number of an identity. A customer's handle is its oldest identity's; that of any other identity
// leads to the same customer while they are linked, also after they moved to another region.
std::string format_handle(std::string_view region, IdentityId identity);

// "eu-e2s": region and position of an event.
std::string format_event_id(std::string_view region, std::int64_t seq);
// Adds what an event holds as the API names it: "event" and "properties" always, the rest where it is there.
void add_body(json::Value& out, const events::Event& event);

struct Found {
  std::string handle;
  std::string region;
  std::string country;
  sources::Mode mode = sources::Mode::live;
  identity::Standing match = identity::Standing::claimed;  // how sure the value is the customer's
  Time first_seen{};
  std::vector<identity::KeyKind> kinds;  // of its identities
  std::string name = {};                 // as they said it, newest; "" where none may be seen
};

// Why some of what was asked for is not shown: what it rested on does not hold any more.
struct Withheld {
  gate::Purpose purpose;
  gate::Ruling ruling;
};

struct Page {
  std::string handle;
  std::string region;
  sources::Mode mode = sources::Mode::live;
  gate::PurposeSet purposes;
  identity::Customer customer;
  Sums sums;
  std::vector<Withheld> withheld = {};  // each reason once
};

struct Timeline {
  std::string region;
  std::vector<events::Event> items;
  std::optional<std::string> next;
  std::vector<Withheld> withheld = {};  // between these items or after the last; each reason once
};

// Entries of the ledger about one customer.
struct Uses {
  std::string region;
  std::vector<ledger::Record> items;
  std::optional<std::string> next;
};

struct TimelineFilter {
  std::string touchpoint;  // empty: all
  std::optional<events::EventType> type;
  std::string cursor;
  std::size_t limit = 50;
};

struct CountryCount {
  std::string country;  // "" unknown
  std::int64_t customers = 0;
};

std::span<const db::Migration> migrations();
// What this slice holds about identities: search words and the folded profile.
std::unique_ptr<subjects::SubjectData> create_subject_data();
// Forgets what was folded of identities that lost events; it is folded anew. In the transaction that removes them,
// after events::remove_events().
Result<void> forget_folded(db::Transaction& tx, std::span<const IdentityId> identities);
// Keeps the search words of names up to date; to be handed to Events.
std::unique_ptr<events::Projection> create_name_index();
// Its search words, for the rotation of the digest key.
std::unique_ptr<identity::DigestHolder> create_digest_holder();

class Customers {
 public:
  // Everything must outlive this. `ledgers` in the order of the events' cells.
  static std::unique_ptr<Customers> create(events::Events& events, sources::Sources& sources, const law::InForce& law,
                                           staff::Staff& staff, std::vector<ledger::Ledger*> ledgers,
                                           const Clock& clock, const gate::Interests& interests = gate::no_interests());
  virtual ~Customers() = default;

  // Errors of all that look: forbidden, code "use_denied", with the ruling's reason; not_found; unavailable.

  // By a key in every namespace and region, best match first, at most 100.
  virtual Result<std::vector<Found>> find_by_key(const Viewer& viewer, std::string_view key) = 0;
  // By words of a name, all of which must fit, at most 50.
  virtual Result<std::vector<Found>> find_by_name(const Viewer& viewer, std::string_view name) = 0;
  // By the number of an order (order_id of "Order Completed" and the like), at most 50.
  virtual Result<std::vector<Found>> find_by_order(const Viewer& viewer, std::string_view order) = 0;
  virtual Result<Page> page(const Viewer& viewer, std::string_view handle) = 0;
  virtual Result<Timeline> timeline(const Viewer& viewer, std::string_view handle, const TimelineFilter& filter) = 0;
  // Who used this customer's data, newest first, over all its identities; from the cursor on (empty: the newest). Who
  // is limited to a unit sees the uses by those who are limited to it or below.
  virtual Result<Uses> uses(const Viewer& viewer, std::string_view handle, std::string_view cursor,
                            std::size_t limit) = 0;

  // Handles of identities, of one region. Errors: invalid (of two regions, or a test's and a person's: links never
  // cross these), not_found, conflict.
  virtual Result<void> link(const Viewer& viewer, std::string_view a, std::string_view b, gate::Basis basis,
                            gate::PurposeSet purposes) = 0;
  virtual Result<void> unlink(const Viewer& viewer, std::string_view a, std::string_view b) = 0;
  // Takes back, or gives again, a person's leave to link one identity for some purposes. Errors: not_found, forbidden.
  enum class Leave { withdraw, regrant };
  virtual Result<void> change_leave(const Viewer& viewer, std::string_view handle, gate::PurposeSet purposes,
                                    Leave leave) = 0;
  struct Refusal {
    std::string region;
    identity::Refusal refusal;
  };
  virtual Result<std::vector<Refusal>> refused_links(const Viewer& viewer) = 0;

  // Where a handle leads now: no look at anybody. Errors: not_found.
  struct Whereabouts {
    std::string region;
    IdentityId identity;
  };
  virtual Result<Whereabouts> where(const Viewer& viewer, std::string_view handle) = 0;

  // How many people with an id of their own each country has, of one source, which lies within `unit`. Aggregates: no
  // look at anybody.
  virtual Result<std::vector<CountryCount>> count_by_country(std::string_view source, std::string_view unit = "") = 0;
};

// Who looks, as a request says it. Errors: invalid "purpose_unknown", "mode_unknown".
Result<Viewer> viewer_of(const http::Request& request);

void bind_routes(http::Router& router, Customers& customers, sources::Sources& sources);
// Notes of calls; see calls.h. Everything must outlive the router; `ledgers` in the order of the events' cells.
void bind_call_routes(http::Router& router, events::Events& events, sources::Sources& sources, const law::InForce& law,
                      staff::Staff& staff, std::vector<ledger::Ledger*> ledgers, const Clock& clock,
                      const gate::Interests& interests = gate::no_interests());

}  // namespace handschlag::customers
