// The portal: where customers see and change what they allowed. Whoever shows by a code that they read a mailbox gets a
// session of that address. It shows what was said for this very address, and nothing else of anybody: a mailbox may be
// shared.
//
// Whether an address is on file plays no part before the session: the same mail goes to everybody. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "features/events/events.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/notices/notices.h"
#include "features/outreach/outreach.h"
#include "features/portal/looks.h"
#include "features/portal/requests.h"
#include "features/preferences/preferences.h"
#include "features/regions/regions.h"
#include "features/staff/staff.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/rate.h"
#include "platform/http/router.h"

namespace handschlag::portal {

inline constexpr std::string_view kScheme = "customer";  // of the API's description
inline constexpr std::string_view kRole = "customer";    // for gate, ledger and audit
inline constexpr std::string_view kSessionCookie = "hs_me";
inline constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

struct Settings {
  std::chrono::minutes code_life{15};
  std::int64_t attempts = 5;        // at one code
  std::int64_t codes_an_hour = 4;   // to one address
  std::int64_t codes_a_day = 8;     // likewise
  std::int64_t asked_at_once = 20;  // codes, by one caller; one more each minute
  std::int64_t tried_at_once = 60;  // likewise, for trying codes
  std::chrono::minutes session_idle{15};
  std::chrono::minutes session_lifetime{60};
  bool secure_cookie = true;
  std::string base_url = {};  // of the pages, for the link in the mail; without "/" at its end
};

// What authenticate() puts into http::Principal::who.
struct Customer {
  identity::Key address;  // that was proven
  std::string digest;     // of the session
};

// A signed-in browser. It sends `text` as the cookie kSessionCookie, and `csrf_token` as the header kCsrfHeader with
// every request that changes something.
struct Session {
  std::string text;  // "hsc_..."
  std::string csrf_token;
  std::string address;
  Time expires_at{};  // at the latest
};

// What holds for a purpose and a channel, for the address.
struct Line {
  gate::Channel channel = gate::Channel::none;
  gate::ConsentState state = gate::ConsentState::unknown;
  bool expired = false;
  std::optional<Time> since;
  std::optional<Time> expires_at;
  notices::NoticePointer notice;  // that one agrees to; nullptr: nothing is asked at present
};

struct Topic {
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  notices::EntryPointer entry;  // nullptr: nothing is said of it
  std::vector<Line> lines;      // by channel
};

struct Said {
  std::string region;
  consent::Statement statement;
};

struct Overview {
  std::string address;
  bool known = false;         // whether anybody is known by this address
  bool advertising = true;    // false: they objected to it as a whole
  std::vector<Topic> topics;  // by purpose
  std::vector<Said> history;  // newest first
};

// What somebody wants to say.
struct Wish {
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::email;
  consent::Act act = consent::Act::withdrawn;  // given, withdrawn, objected
  std::string notice;                          // id; needed for a yes
  std::int64_t version = 0;
  std::string language = "en";
};

// Who asks for what, for audit and ledger.
struct Request {
  Customer customer;
  std::string operation;
  std::string trace_id;
};

struct Place {
  regions::Region* region;
  vault::Vault* vault;
  identity::Identities* identities;
  ledger::Ledger* ledger;
  consent::Consents* consents;
};

struct Parts {
  std::vector<Place> places;  // the home region first: codes and sessions lie there
  outreach::Outreach* outreach;
  notices::Notices* notices;
  const law::InForce* law;
  staff::Staff* staff;
  const Clock* clock;
};

std::span<const db::Migration> migrations();

class Portal {
 public:
  // Everything must outlive this. Errors: unavailable.
  static Result<std::unique_ptr<Portal>> create(Parts parts, Settings settings);
  virtual ~Portal() = default;
  virtual const Settings& settings() const = 0;

  // Sends a code to an address, unless it or the caller asked too often; nobody is told which. Errors: invalid
  // "/address"; unavailable "mail_missing", where no mail server is set.
  virtual Result<void> ask(std::string_view address, std::string_view language, std::string_view caller) = 0;
  // Errors: invalid "/address"; unauthenticated "code_wrong", "code_expired", "code_used_up"; too_many.
  virtual Result<Session> sign_in(std::string_view address, std::string_view code, std::string_view caller) = 0;
  // Of the request's cookie. Errors: unauthenticated "session_invalid"; forbidden "csrf_invalid".
  virtual Result<http::Principal> authenticate(const http::Request& request) = 0;
  // As the cookie's session is. Errors: unauthenticated.
  virtual Result<Session> session(const http::Request& request) = 0;
  virtual Result<void> sign_out(const Customer& customer) = 0;

  // Each of these rules on the look, writes it to the ledger of everybody who is known by the address, and then shows.
  virtual Result<Overview> of(const Request& request) = 0;
  // Takes down a statement of everybody who is known by the address. Errors: invalid "fields_invalid"; conflict
  // "notice_changed": it is not the newest any more, "nobody_known": a yes needs somebody who gives it.
  virtual Result<Overview> say(const Request& request, const Wish& wish) = 0;
  // Objects to all advertising and withdraws whatever was given beside it.
  virtual Result<Overview> end_all(const Request& request, std::string_view language) = 0;
  // Errors: not_found "statement_unknown", also for one that was not said for this address.
  virtual Result<preferences::Receipt> receipt(const Request& request, std::string_view statement) = 0;

  // Removes codes and sessions that are over. For a job.
  virtual Result<void> purge() = 0;
};

void bind_routes(http::Router& router, Portal& portal);

}  // namespace handschlag::portal
