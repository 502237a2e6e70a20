// The feed: the events of a region in the order of their commit, handed to another system of the company.
//
// Each page is ruled by the gate for the one purpose that the recipient names, and stands in the ledger, an entry for
// each person in it, before it is released. Nothing is missed while others commit: positions are `seq`, and `seq` is
// commit order. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/events/events.h"
#include "features/gate/gate.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/sources/sources.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/json/json.h"

namespace handschlag::staff {
class Staff;
}

namespace handschlag::feed {

// Who gets events, and what for.
struct Recipient {
  std::string role;  // as the ledger names it: "integration", "webhook:crm"
  std::string operation;
  gate::Purpose purpose = gate::Purpose::CustomerCare;
  gate::PurposeSet granted;     // the purposes that the recipient was given
  std::string language = "en";  // of reasons: "de" or "en"
};

// Which events. Empty lists: all.
struct Filter {
  std::string region;
  std::vector<std::string> sources;
  std::vector<events::EventType> types;
  std::vector<std::string> names;            // "Order Completed"; of track, page and screen
  sources::Mode mode = sources::Mode::live;  // what test sources made up is never among what is live
};

inline constexpr std::size_t kMaxNames = 50;
inline constexpr std::size_t kMaxNameBytes = 256;
inline constexpr std::size_t kMaxPage = 1'000;

// What is handed over of each event: ids, type and times; or all of it.
enum class Payload : std::uint8_t { slim, full };
std::string_view name_of(Payload payload);
std::optional<Payload> find_payload(std::string_view name);

struct Page {
  std::vector<events::Event> items;
  std::int64_t through = 0;  // the position to go on from
  bool more = false;
};

// The JSON of an event; the same in the feed and in webhooks.
json::Value to_json(const sources::Sources& sources, std::string_view region, const events::Event& event,
                    Payload payload);

class Feed {
 public:
  // Everything must outlive this. `ledgers` in the order of the events' cells.
  static std::unique_ptr<Feed> create(events::Events& events, sources::Sources& sources, const law::InForce& law,
                                      std::vector<ledger::Ledger*> ledgers, const Clock& clock,
                                      const gate::Interests& interests = gate::no_interests());
  virtual ~Feed() = default;

  // What is wrong with a filter. Errors: invalid, fields named (region, sources, names ...).
  virtual Result<void> check(const Filter& filter) const = 0;

  // At most `limit` events after position `after`. Errors: forbidden "use_denied"; conflict "cursor_ahead", where the
  // position lies beyond the last event, as after a restored backup; those of check(); unavailable.
  virtual Result<Page> read(const Recipient& recipient, const Filter& filter, std::int64_t after,
                            std::size_t limit) = 0;

  // The event at one position, if the filter and the gate let it through: nothing once its person was erased, or its
  // purpose has ended.
  virtual Result<std::optional<events::Event>> read_one(const Recipient& recipient, const Filter& filter,
                                                        std::int64_t seq) = 0;

  // The region's last position. Errors: not_found.
  virtual Result<std::int64_t> last(std::string_view region) = 0;

  // Calls `ready`, on a thread of its own, when the region has events after `after`, or after `wait`, or at the stop.
  // No snapshot and no thread of the caller is held meanwhile. False, and no call, when too many wait already.
  virtual bool wait(std::string_view region, std::int64_t after, std::chrono::milliseconds wait,
                    std::function<void()> ready) = 0;

  // Lets all that wait go; nothing waits afterwards. Idempotent.
  virtual void stop() = 0;
};

// Who has waited is looked up anew in `staff` before anything is released.
void bind_routes(http::Router& router, Feed& feed, sources::Sources& sources, staff::Staff& staff);

}  // namespace handschlag::feed
