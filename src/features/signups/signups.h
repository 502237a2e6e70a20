// Sign-ups: somebody agrees on a website, and it counts once they confirmed it by mail (double opt-in). Until then they
// are nobody here: a row that ends by itself, and one message, whose link or typed code confirms.
//
//   const Taken taken = TRY(signups.take(source, wish));   // durable: answer now, the same for every address
//   TRY(signups.write(taken));                             // limits, the message; a job does it after a crash
//
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

#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/law/law.h"
#include "features/notices/notices.h"
#include "features/outreach/outreach.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::signups {

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
  identity::Identities* identities;
  consent::Consents* consents;
};

// Where somebody is now who was moved to another region: customers knows.
using Where = std::function<Result<customers::Customers::Whereabouts>(std::string_view region, IdentityId identity)>;

struct Settings {
  std::string base_url;  // https, where customers reach this server; anything else: nobody can sign up
  std::chrono::hours life{7 * 24};
  std::chrono::minutes between{10};  // messages to one address
  std::int64_t a_day = 3;            // likewise
  std::int64_t attempts = 5;         // wrong codes, of one sign-up
};

// What a website says that somebody agreed to.
struct Wish {
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  std::string address;       // as typed
  std::string notice;        // id
  std::int64_t version = 0;  // 0: the newest that is published
  std::string hash;          // of what was shown; empty: as it is kept
  std::string language = "en";
  std::string shown;    // further words that stood there; may be empty
  std::string page;     // where; may be empty
  std::string country;  // where the person lives; empty: as the source says
};

struct Taken {
  std::string region;
  std::int64_t id = 0;  // 0: nothing to be done, as for a test source
};

// What a link asks to be confirmed, as it was shown.
struct Offer {
  std::string language;
  std::string title;
  std::string text;
  std::string declaration;
  std::string withdrawal;
  bool confirmed = false;  // already
};

enum class Outcome : std::uint8_t {
  confirmed,    // now, or before
  unknown,      // no such link or code, too late, or too many wrong ones
  notice_gone,  // nobody can agree under that version any more
  said_no,      // they said no since, so the newer word holds
  denied,       // the law does not let it be stored
};

std::span<const db::Migration> migrations();

class Signups {
 public:
  struct Parts {
    std::vector<Place> places;  // the home region among them
    regions::Regions* regions;
    Where where;
    const law::InForce* law;
    notices::Notices* notices;
    sources::Sources* sources;
    outreach::Outreach* outreach;
    const Clock* clock;
  };
  // Everything must outlive this.
  static std::unique_ptr<Signups> create(Parts parts, Settings settings);
  virtual ~Signups() = default;

  // Takes a sign-up down, durably, whatever the address is. Errors: invalid, the field named; not_found
  // "notice_unknown"; conflict "notice_retired"; unavailable "links_not_configured".
  virtual Result<Taken> take(const sources::SourcePointer& source, const Wish& wish) = 0;
  // Writes to the address, unless it was written to too often. A no-op the second time.
  virtual Result<void> write(const Taken& taken) = 0;

  // What a link confirms; nothing where it is none of ours, or too late. Changes nothing.
  virtual Result<std::optional<Offer>> look(std::string_view token) = 0;
  virtual Result<Outcome> confirm_link(std::string_view token) = 0;
  // By the code from the message, typed on the website of that source. Each wrong one counts. Errors: invalid.
  virtual Result<Outcome> confirm_code(const sources::SourcePointer& source, std::string_view address,
                                       std::string_view code) = 0;

  // Writes to who was left over when a process died, and removes what is over; for a job.
  virtual Result<void> look_after(const std::function<bool()>& should_stop) = 0;
};

// `house`: whose pages these are, as people know it; may be empty.
void bind_routes(http::Router& router, Signups& signups, sources::Sources& sources, std::string house);

}  // namespace handschlag::signups
