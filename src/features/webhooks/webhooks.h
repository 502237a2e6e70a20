// Webhooks: events sent to other systems of the company as they come in, signed in the form of Standard Webhooks
// (standardwebhooks.com), tried again for three days, never lost.
//
// An endpoint has a region, a purpose and a filter; its position in the region's feed is durable. Deliveries are jobs,
// one at a time for each endpoint across all nodes, at least once: `webhook-id` is the event's id, always the same.
// What is sent is read, ruled and written to the ledger right before the attempt; nothing of an event is kept here.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/feed/feed.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/http_client/http_client.h"
#include "platform/jobs/jobs.h"
#include "platform/metrics/metrics.h"

namespace handschlag::webhooks {

// `strict`: an event waits until the one before is delivered, or given up. `any`: one that fails is set aside, the
// others go on, several at once.
enum class Order : std::uint8_t { strict, any };

// What staff chooses.
struct Endpoint {
  std::string id;  // chosen by the operator: "crm"; lower-case letters, digits, - and _, up to 64
  std::string url;
  std::string description = {};
  gate::Purpose purpose = gate::Purpose::CustomerCare;  // for which the receiver uses the events; never changes
  feed::Filter filter;                                  // its region and mode never change
  feed::Payload payload = feed::Payload::slim;
  Order order = Order::strict;
  std::int64_t concurrency = 1;  // requests at once, 1 to 16; beyond 1 with Order::any only
  std::int64_t rate = 100;       // requests a second at most, 1 to 1,000
  bool enabled = true;
};

struct Change {
  std::optional<std::string> url = {};
  std::optional<std::string> description = {};
  std::optional<std::vector<std::string>> sources = {};
  std::optional<std::vector<events::EventType>> types = {};
  std::optional<std::vector<std::string>> names = {};
  std::optional<feed::Payload> payload = {};
  std::optional<Order> order = {};
  std::optional<std::int64_t> concurrency = {};
  std::optional<std::int64_t> rate = {};
  std::optional<bool> enabled = {};
  std::optional<std::int64_t> if_version = {};  // conflict "version_changed" where it is another
};

// An endpoint and how it goes.
struct Status {
  Endpoint endpoint;
  std::string disabled_reason;  // "", "staff", "failing", "gone", "waits" (for a second person), "restored"
  std::int64_t version = 1;
  Time created_at{};
  Time changed_at{};
  std::int64_t position = 0;
  std::optional<Time> failing_since = {};
  std::optional<Time> last_success_at = {};
  std::int64_t behind = 0;   // at most so many events of the region are still to be looked at; of list() and get()
  std::int64_t waiting = 0;  // events that were tried in vain and will be tried again
  std::int64_t dead = 0;     // given up: dead letters
};

struct Attempt {
  std::int64_t number = 0;
  std::int64_t seq = 0;  // 0: a test
  Time at{};
  std::int64_t attempt = 1;
  std::string outcome;  // "delivered", "failed", "dead", "withdrawn" (erased, or no longer allowed)
  std::int64_t status = 0;
  std::chrono::milliseconds duration{0};
  std::string error;  // a code: "timeout", "status_500"
};

struct DeadLetter {
  std::int64_t seq = 0;
  std::int64_t attempts = 0;
  Time died_at{};
  std::string last_error;
};

template <class T>
struct ListPage {
  std::vector<T> items;
  std::optional<std::string> next;
};

// How long things last.
inline constexpr std::chrono::days kDisableAfter{5};  // of failing all the time
inline constexpr std::chrono::days kKeepLog{14};
inline constexpr std::chrono::days kKeepDeadLetters{30};

std::span<const db::Migration> migrations();
std::string_view name_of(Order order);
std::optional<Order> find_order(std::string_view name);

class Webhooks {
 public:
  // Everything must outlive this. `control` has the migrations of this slice and of jobs.
  static std::unique_ptr<Webhooks> create(db::Database& control, feed::Feed& feed, events::Events& events,
                                          sources::Sources& sources, staff::Staff& staff, http_client::Client& client,
                                          const Clock& clock, metrics::Registry& metrics);
  virtual ~Webhooks() = default;

  struct Added {
    Status status;
    std::string secret;  // "whsec_..."; shown once
  };
  // Begins with the events that come from now on. Where four eyes are on (see features/approvals), one of live events
  // is disabled until a second person approves open_webhook. Errors: invalid (each wrong field named), conflict
  // "webhook_exists".
  virtual Result<Added> add(const staff::Actor& actor, const Endpoint& endpoint) = 0;
  virtual Result<std::vector<Status>> list() = 0;  // by id
  // Errors of all that name one: not_found "webhook_unknown".
  virtual Result<Status> get(std::string_view id) = 0;
  // Also forbidden "four_eyes": to enable one of live events, and to send more of them, or elsewhere.
  virtual Result<Status> change(const staff::Actor& actor, std::string_view id, const Change& change) = 0;
  virtual Result<void> remove(const staff::Actor& actor, std::string_view id,
                              std::optional<std::int64_t> if_version = {}) = 0;

  // A new secret; both sign for `overlap`.
  virtual Result<std::string> rotate_secret(const staff::Actor& actor, std::string_view id,
                                            std::chrono::seconds overlap) = 0;
  // Sends a test message, once, also where the endpoint is disabled.
  virtual Result<Attempt> test(const staff::Actor& actor, std::string_view id) = 0;
  // Goes on after position `after`: what follows is sent (again). Errors: invalid, beyond the last event.
  virtual Result<void> replay(const staff::Actor& actor, std::string_view id, std::int64_t after) = 0;

  // Newest first; of one outcome unless that is empty.
  virtual Result<ListPage<Attempt>> attempts(std::string_view id, std::string_view outcome, std::string_view cursor,
                                             std::size_t limit) = 0;
  virtual Result<ListPage<DeadLetter>> dead_letters(std::string_view id, std::string_view cursor,
                                                    std::size_t limit) = 0;
  // Tries dead letters again, with all their attempts; empty: all. Answers how many.
  virtual Result<std::int64_t> redeliver(const staff::Actor& actor, std::string_view id,
                                         std::span<const std::int64_t> seqs) = 0;

  // Begins to deliver, on threads of its own; stop() ends it, without waiting for receivers. Idempotent.
  virtual Result<void> start() = 0;
  virtual void stop() = 0;

  // One round for one endpoint, as a job does it. `guard` runs in each transaction that writes. For tests, too.
  struct Round {
    bool again = false;             // more can be sent right now
    std::optional<Time> next = {};  // else when the next attempt is due
  };
  using Guard = std::function<Result<void>(db::Transaction&)>;
  virtual Result<Round> deliver(std::string_view id, const Guard& guard, const std::function<bool()>& should_stop) = 0;
};

// Disables all, as "restored": where data was brought back from a backup, perhaps beside the server that it was taken
// of, nothing is sent before somebody says so. Answers how many.
Result<std::int64_t> hold_all(db::Transaction& tx, Time now);

// "eu-e2s" to its position. Errors: invalid, where it is none of this region.
Result<std::int64_t> parse_event_id(std::string_view region, std::string_view id);

void bind_routes(http::Router& router, Webhooks& webhooks);

}  // namespace handschlag::webhooks
