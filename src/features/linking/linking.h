// Linking by leave: customers, signed in at the portal, show that something else of theirs is theirs, agree to the
// notice about linking, and the two are one customer until they take it back.
//
// Control is shown by a code: to another e-mail address, or to the address on file of a customer number; or by the id
// that this browser keeps. Until a code was given, nobody is told who is known. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/ledger/ledger.h"
#include "features/notices/notices.h"
#include "features/outreach/outreach.h"
#include "features/portal/portal.h"
#include "features/preferences/preferences.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::linking {

struct Settings {
  std::chrono::minutes code_life{15};
  std::int64_t attempts = 5;       // at one code
  std::int64_t asker_an_hour = 6;  // codes that one address may ask for
  std::int64_t asker_a_day = 12;
  std::int64_t target_an_hour = 3;  // codes for one address or number
  std::int64_t target_a_day = 6;
  std::int64_t asked_at_once = 20;  // codes, by one caller; one more each minute
  std::int64_t tried_at_once = 60;  // likewise, for trying codes; one more each quarter of a minute
};

// By what somebody shows that it is theirs.
enum class Way { email, customer_number, browser };
std::string_view name_of(Way way);

// A code that was asked for, after the checks and before it is sent.
struct Asking {
  portal::Request request;
  Way way = Way::email;
  identity::Key address;  // of Way::email
  std::string number;     // of Way::customer_number
  std::string language;
  bool too_often = false;  // by the caller
};

// What somebody agrees to: the notice that was shown, with the code or, for Way::browser, its id.
struct Agreement {
  std::string code = {};
  std::string browser = {};
  std::string notice = {};
  std::int64_t version = 0;
  std::string language = "en";
};

struct Line {
  std::string id;
  identity::KeyKind kind = identity::KeyKind::user_id;  // of what is joined with who is signed in
  gate::Basis basis = gate::Basis::consent;
  bool by_leave = false;  // by the customer's own, so that they can take it back here
  Time since{};
  std::string statement;  // of the leave, for its receipt; empty: none
};

struct Said {
  std::string id;
  consent::Act act = consent::Act::given;
  Time at{};
};

struct Overview {
  notices::NoticePointer notice;  // that one agrees to; nullptr: nothing can be added at present
  notices::EntryPointer about;    // what is said of linking; nullptr: nothing
  bool known = false;             // whether anybody is known by the address
  std::vector<Line> links;        // that hold
  std::vector<Said> history;      // of the leave to link, newest first
};

struct Parts {
  std::vector<portal::Place> places;  // the home region first: codes lie there
  outreach::Outreach* outreach;
  notices::Notices* notices;
  sources::Sources* sources;
  const law::InForce* law;
  staff::Staff* staff;
  const Clock* clock;
};

std::span<const db::Migration> migrations();

class Linking {
 public:
  // Everything must outlive this. Errors: unavailable.
  static Result<std::unique_ptr<Linking>> create(Parts parts, Settings settings);
  virtual ~Linking() = default;
  virtual const Settings& settings() const = 0;

  // Ruled on, and in the ledger of everybody of whom something is shown.
  virtual Result<Overview> of(const portal::Request& request) = 0;

  // Checks a wish for a code, looking nobody up: the same answer for everybody. Errors: invalid "fields_invalid";
  // unavailable "mail_missing"; conflict "notice_missing": nothing can be linked at present.
  virtual Result<Asking> ask(const portal::Request& request, Way way, std::string_view value, std::string_view language,
                             std::string_view caller) = 0;
  // Sends it, after the answer; unless it was asked for too often, or of a number no one address is on file.
  virtual Result<void> send(const Asking& asking) = 0;

  // Joins, and takes down the leave, in one transaction of the region. Errors: invalid "fields_invalid"; conflict
  // "notice_changed", "nobody_known" (on either side), "regions_differ", "linked_already", "nothing_shared" (stored for
  // different purposes), "browser_of_another", and those of Identities::link(); invalid "code_wrong",
  // "code_expired", "code_used_up"; forbidden "use_denied", with the reason; too_many "codes_too_many".
  virtual Result<Overview> agree(const portal::Request& request, const Agreement& agreement,
                                 std::string_view caller) = 0;
  // Takes the leave for one link back: the two are apart in the same transaction. Errors: not_found "link_unknown".
  virtual Result<Overview> end(const portal::Request& request, std::string_view id, std::string_view language) = 0;

  // Removes what is over. For a job.
  virtual Result<void> purge() = 0;
};

void bind_routes(http::Router& router, Linking& linking);

}  // namespace handschlag::linking
