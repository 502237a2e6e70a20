// Outreach: the only way anything leaves to a customer. A slice proposes a message; one decision says whether and when
// (gate, an address that works, how often, quiet hours, not twice); what may go waits in the outbox and is ruled on
// again right before it leaves. Why, and why not, stays with the message.
//
//   auto decision = TRY(outreach.propose(tx, {.region = "eu", .identity = id, .address = key, .message = &letter}));
//   ... after the commit: outreach.wake();
//
// Thread-safe. Nothing personal is kept in plain text.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/customers/customers.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/outreach/caps.h"
#include "features/outreach/gateway.h"
#include "features/regions/regions.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/mail/report.h"
#include "platform/mail/smtp.h"
#include "platform/metrics/metrics.h"

namespace handschlag::outreach {

// What is known of a person's leave. Whoever keeps consents implements it.
class Facts {
 public:
  virtual ~Facts() = default;
  // Fills in consent, its strength, the sale, an objection, an age, whether an interest was weighed: what holds for
  // this purpose, channel and address. In the caller's transaction on the region's data. What it leaves is unknown, and
  // so denied where it is needed.
  virtual Result<void> fill(db::Transaction& tx, std::string_view region, IdentityId identity,
                            const identity::Key& address, gate::Question& question) = 0;
};

// Where one click ends messages of a purpose.
class UnsubscribeLinks {
 public:
  virtual ~UnsubscribeLinks() = default;
  // An absolute URL that answers a POST without any further question (RFC 8058), and renders a page on GET.
  virtual Result<std::string> unsubscribe_url(db::Transaction& tx, std::string_view region, IdentityId identity,
                                              const identity::Key& address, gate::Purpose purpose,
                                              gate::Channel channel) = 0;
  // Somebody called such a message spam: takes down that they want no more of it, at any address of theirs. Where that
  // was said already nothing is added.
  virtual Result<void> end(std::string_view region, IdentityId identity, gate::Purpose purpose,
                           gate::Channel channel) = 0;
};

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
  identity::Identities* identities;
  ledger::Ledger* ledger;
};

// Stored; never renumber.
enum class State : std::int64_t {
  waiting = 1,
  sending = 2,
  sent = 3,
  denied = 4,
  dead = 5,
  cancelled = 6,
  bounced = 7
};
std::string_view name_of(State state);
std::optional<State> find_state(std::string_view name);

Kind kind_of(gate::Purpose purpose);

struct Settings {
  mail::Mailbox sender = {};
  std::string bounces = {};  // each message leaves with an envelope sender made of this address; "": with the sender's
  std::vector<Cap> caps = usual_caps();
  std::chrono::days keep = kLongestCap;  // messages that ended, with their trace
};

struct Proposal {
  std::string_view region;
  IdentityId identity{};                         // 0: a stranger, of whom an address alone is known; for service only
  gate::Channel channel = gate::Channel::email;  // or sms, where a gateway carries it
  identity::Key address;                         // of the channel's kind, normalised
  const templates::Template* message = nullptr;
  std::string_view language = "en";
  templates::Parameters parameters = {};  // without `unsubscribe`
  std::string reason = {};                // a label for the trace: "spring_campaign"; nothing personal
  std::string not_twice = {};             // what is said once to a person, "order 17 shipped"; "" for nothing
  std::optional<Time> not_before = {};
  std::optional<Time> expires_at = {};  // no longer sent after this; three days where it is missing
  std::string country = {};             // of a stranger
  std::string requested_by = {};        // principal
};

enum class Outcome { queued, later, denied };
std::string_view name_of(Outcome outcome);

struct Decision {
  Outcome outcome = Outcome::denied;
  std::int64_t message = 0;
  gate::Ruling ruling;
  std::vector<std::string> reasons;  // names of the gate's rules, and "unreachable", "too_often", "said_before",
                                     // "no_way_to_unsubscribe"
  Time due{};
};

// Somebody who might be written to, by whatever channel.
struct Probe {
  std::string_view region;
  IdentityId identity{};
  identity::Key address = {};  // empty where the channel has none that is known
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::email;
  std::shared_ptr<const law::RuleSet> law = {};  // instead of what is in force; nullptr: what is
  std::optional<Time> law_at = {};               // the law of that moment, with what is known now
};

// One step in the life of a message.
struct Step {
  Time at{};
  std::string what;  // "queued", "later", "denied", "sent", "failed", "dead", "revived", "cancelled"; of what came
                     // back "bounced", "delayed", "delivered", "complained"
  std::vector<std::string> reasons = {};  // as in Decision; of mail "refused", "timeout" ...
  std::int64_t code = 0;                  // of SMTP
  std::string status = {};                // enhanced
  std::optional<Cap> cap = {};            // of "too_often": the one that was reached
};

struct Message {
  std::string region;
  std::int64_t id = 0;
  IdentityId identity;
  gate::Purpose purpose = gate::Purpose::CustomerCare;
  gate::Channel channel = gate::Channel::email;
  std::string template_id;
  std::int64_t version = 1;
  std::string language;
  std::string reason;
  std::string requested_by;
  State state = State::waiting;
  Time created_at{};
  Time due_at{};
  Time expires_at{};
  std::int64_t attempts = 0;
  std::uint64_t rule_set = 0;
  std::vector<Step> trace;
};

struct Filter {
  std::optional<State> state = {};
  gate::PurposeSet purposes = gate::PurposeSet::all();
  IdentityId identity{};          // 0: all
  std::string requested_by = {};  // a principal; "" for all
};

// What became of a report. early: its message is still leaving; to be told again.
enum class Taken { done, known, ignored, unknown, expired, early };
std::string_view name_of(Taken taken);

struct MessagePage {
  std::vector<Message> items;  // newest first
  std::optional<std::string> next;
};

std::span<const db::Migration> migrations();
std::unique_ptr<subjects::SubjectData> create_subject_data();

// In a restored backup nothing is sent by itself that may have been sent since: what waits is cancelled, as "restored".
Result<std::int64_t> hold_all(db::Transaction& tx, Time now);

class Outreach {
 public:
  // Everything must outlive this. `mailer`: nullptr where no mail server is set; messages then wait.
  static std::unique_ptr<Outreach> create(std::vector<Place> places, const law::InForce& law, templates::Shelf& shelf,
                                          mail::Mailer* mailer, Settings settings, const Clock& clock,
                                          metrics::Registry& metrics);
  virtual ~Outreach() = default;

  // Before start(). Without facts nothing is known of anybody; without links nothing but service is sent; without a
  // gateway nothing but mail.
  virtual void set_facts(Facts& facts) = 0;
  virtual void set_unsubscribe_links(UnsubscribeLinks& links) = 0;
  // What it carries leaves by it, and not by the mail server.
  virtual void set_gateway(Gateway& gateway) = 0;

  // Decides, and writes down the message or why it is none, in the caller's transaction on the region's data. A denial
  // is no error. Errors: invalid "parameters_invalid", "address_unsupported", "proposal_invalid"; not_found
  // "customer_unknown", "region_unknown".
  virtual Result<Decision> propose(db::Transaction& tx, const Proposal& proposal) = 0;
  // What would keep a message from somebody now, by the decision that propose() makes, but for what it would say: a
  // name as in Decision::reasons, the one that decides; "" for nothing. Quiet hours pass, so they keep nobody. Writes
  // nothing. Errors: not_found, as above.
  virtual Result<std::string> obstacle(db::Transaction& tx, const Probe& probe) = 0;
  // A message of the program itself that the person asked for a moment ago. `identity`: 0 for a stranger.
  struct Service {
    std::string_view region;
    IdentityId identity{};
    identity::Key address;
    std::string_view built_in;  // "confirm_consent", "access_code", "link_code"
    std::string_view language = "en";
    templates::Parameters parameters = {};
    std::string country = {};
    std::optional<Time> expires_at = {};
  };
  virtual Result<Decision> send_service(db::Transaction& tx, const Service& service) = 0;
  // After the commit of a proposal: what is due leaves at once.
  virtual void wake() = 0;

  virtual Result<MessagePage> list(std::string_view region, const Filter& filter, std::string_view cursor,
                                   std::size_t limit) = 0;
  // Errors of all that name one: not_found "message_unknown".
  virtual Result<Message> get(std::string_view region, std::int64_t id) = 0;
  // Tries one again that was given up or held back, from now on. Errors: conflict "message_not_dead".
  virtual Result<Message> revive(std::string_view region, std::int64_t id) = 0;
  // Errors: conflict "message_not_waiting".
  virtual Result<Message> cancel(std::string_view region, std::int64_t id) = 0;

  // Takes in what a mail server sent back. It counts where one of its addresses is the envelope sender of a message of
  // the last 14 days; the same report again changes nothing. Errors: unavailable.
  virtual Result<Taken> take_back(const mail::Report& report) = 0;

  virtual bool carries(gate::Channel channel) const = 0;  // whether there is a way out for it
  virtual bool has_unsubscribe_links() const = 0;
  virtual std::string_view home() const = 0;          // the region that is meant where none is named: the first place
  virtual Place* place(std::string_view region) = 0;  // nullptr if there is none

  // Sends what is due in one region, once, and writes to the ledger what is still to be; answers how many messages it
  // looked at. For the sender's thread, and for tests.
  virtual Result<std::int64_t> send_due(std::string_view region) = 0;
  // Removes what ended long ago; at most so many.
  virtual Result<std::int64_t> purge(std::string_view region) = 0;

  // A thread of its own sends; stop() ends it without waiting for mail servers. Idempotent.
  virtual void start() = 0;
  virtual void stop() = 0;
};

// What the API needs; everything must outlive the router.
struct Parts {
  Outreach* outreach;
  templates::Shelf* shelf;  // where the template of a proposed message is found
  customers::Customers* customers;
  staff::Staff* staff;
};
void bind_routes(http::Router& router, const Parts& parts);

}  // namespace handschlag::outreach
