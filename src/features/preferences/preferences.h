// Preferences: the doors through which people's statements come in and are seen: what staff takes down and looks at.
// What was said, and what holds by it, is kept by consent.
//
// Every look and every statement asks the gate by way of the customer's page, and is in the ledger before anything is
// released. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/notices/notices.h"
#include "features/outreach/outreach.h"
#include "features/staff/staff.h"
#include "features/templates/templates.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::preferences {

// In both languages. Constant.
struct Text {
  std::string_view german, english;
};

// What would keep a message from leaving that the ruling allows.
struct Obstacle {
  std::string name;  // as in outreach::Decision::reasons; or "no_address", "no_gateway", "no_template"
  Text text;
  Text way_out;  // what would mend it; empty where nothing is known
};

// By what messages leave. Everything must outlive who is given it.
struct Outbox {
  outreach::Outreach* outreach;
  templates::Templates* templates;
  bool base_url_named = false;  // whether the settings say where this server is reached; it may be no https address
};

// What holds for one purpose and channel, and what the law of the person's country makes of it.
struct Line {
  consent::Standing standing;
  std::optional<gate::Ruling> ruling;  // on a message by day; nothing where the channel is none
  std::shared_ptr<const law::RuleSet> law;
  std::vector<gate::Remedy> remedies;  // what alone would make a denied message an allowed one
  std::optional<Time> ask_again_at;    // not before; nothing: they may be asked
  std::string country;                 // whose law decided
  std::optional<Obstacle> obstacle;    // of an allowed message: what the outbox would say against it now
};

// A customer's consents.
struct Consents {
  std::string region;
  std::string handle;
  std::vector<Line> lines;                  // by purpose and channel
  std::vector<consent::Statement> history;  // newest first
};

// Something said to staff, who takes it down.
struct Note {
  consent::Act act = consent::Act::given;
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::none;
  consent::Way way = consent::Way::phone;
  std::string address;  // as typed; empty: for the person
  std::optional<Time> said_at;
  std::string notice;        // id; empty: none of ours
  std::int64_t version = 0;  // 0: the newest that is published
  std::string language = "de";
  std::string declaration;  // what was said, or shown, where it was no notice of ours
  std::string evidence;     // how it can be shown to be true
  bool guardian = false;
};

// A statement with whom it is about.
struct Receipt {
  std::string region;
  std::string handle;
  consent::Statement statement;
  std::string country;
  notices::NoticePointer notice;  // nullptr: none of ours
  notices::EntryPointer entry;    // what is said of the purpose; nullptr: nothing
};

// Statements of many people, the last recorded first.
struct Found {
  struct Item {
    std::string handle;  // of the customer
    consent::Statement statement;
  };
  std::string region;
  std::vector<Item> items;
  std::int64_t withheld = 0;  // of people at whom the viewer may not look
  std::optional<std::string> next;
};

// "eu-c17": region and number of a statement.
std::string format_statement(std::string_view region, consent::StatementId id);

struct Parts {
  events::Events* events;
  sources::Sources* sources;
  const law::InForce* law;
  customers::Customers* customers;
  staff::Staff* staff;
  notices::Notices* notices;
  std::vector<consent::Consents*> consents;  // in the order of the events' cells
  const Clock* clock;
};

class Preferences {
 public:
  // Everything must outlive this.
  static std::unique_ptr<Preferences> create(Parts parts);
  virtual ~Preferences() = default;

  // Errors of all: those of a look (forbidden "use_denied", not_found), unavailable.

  // Before start(); without, nothing is known of what the outbox would say.
  virtual void set_outbox(const Outbox& outbox) = 0;

  virtual Result<Consents> of(const customers::Viewer& viewer, std::string_view handle) = 0;
  // Errors: also invalid, the field named; not_found "notice_unknown";
  // conflict "notice_retired".
  virtual Result<Receipt> note(const customers::Viewer& viewer, std::string_view handle, const Note& note) = 0;
  // Each person of whom something is shown was looked at: asked for at the gate, and in the ledger. Never an address,
  // nor what was shown or noted. In the region named, or the first. A page may be empty and have a next one: what does
  // not match takes time as well. Errors: also invalid "cursor_invalid", not_found "region_unknown".
  static constexpr std::size_t kMostFound = 50;
  virtual Result<Found> search(const customers::Viewer& viewer, std::string_view region, const consent::Wanted& wanted,
                               std::string_view cursor, std::size_t limit) = 0;
  // Errors: also not_found "statement_unknown".
  virtual Result<Receipt> receipt(const customers::Viewer& viewer, std::string_view statement) = 0;
};

// What outreach is told of a person's leave: what holds for the purpose, the channel and the very address, whoever said
// it, in whatever region; whether an interest in the purpose was assessed; and, where `sources` are given, whether the
// person is known by a service for children. Everything must outlive it.
struct FactsPlace {
  std::string region;
  db::Database* data;
  identity::Identities* identities;
  consent::Consents* consents;
};
std::unique_ptr<outreach::Facts> create_facts(std::vector<FactsPlace> places, const gate::Interests& interests,
                                              const sources::Sources* sources = nullptr);

// A receipt as the request wants it: JSON after ISO/IEC TS 27560, or, where it accepts text/html, a page to be printed,
// in German or English, without script.
http::Response receipt_response(const http::Request& request, const Receipt& receipt);

void bind_routes(http::Router& router, Preferences& preferences);

}  // namespace handschlag::preferences
