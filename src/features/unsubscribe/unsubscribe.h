// Unsubscribe: the link in a message that ends such messages. It is complete in itself, so it works for years, without
// signing in; opening it changes nothing, pressing the button, or the one click of a mail program (RFC 8058), does.
//
// Thread-safe.
#pragma once

#include <functional>
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
#include "features/outreach/outreach.h"
#include "features/regions/regions.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"

namespace handschlag::unsubscribe {

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
  identity::Identities* identities;
  consent::Consents* consents;
};

// Where somebody is now who was moved to another region since: customers knows.
using Where = std::function<Result<customers::Customers::Whereabouts>(std::string_view region, IdentityId identity)>;

// What a link ends.
struct Ends {
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::email;
};

// How somebody said it.
struct Pressed {
  std::string language = "en";  // of the page
  std::string shown;            // what stood there
  bool one_click = false;       // by their mail program, which shows its own words
};

class Unsubscribe : public outreach::UnsubscribeLinks {
 public:
  // Everything must outlive this. `base_url`: where customers reach this server, https, without "/" at its end.
  static std::unique_ptr<Unsubscribe> create(std::vector<Place> places, Where where, const law::InForce& law,
                                             const Clock& clock, std::string base_url);

  // What a link ends; nothing where it is none of ours. Looks at nobody.
  virtual Result<std::optional<Ends>> look(std::string_view token) = 0;
  // Takes down that the person wants no more of it: a withdrawal where they had agreed, else an objection. Where that
  // was said already nothing is added. Also for who was moved, joined with others, or erased since: then for the
  // address. Nothing where it is none of ours. Errors: unavailable.
  virtual Result<std::optional<Ends>> press(std::string_view token, const Pressed& pressed) = 0;
};

// `house`: whose pages these are, as people know it; may be empty.
void bind_routes(http::Router& router, Unsubscribe& unsubscribe, std::string house);

}  // namespace handschlag::unsubscribe
