#include "app/schema/schema.h"

#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/events/events.h"
#include "features/identity/identity.h"
#include "features/ledger/ledger.h"
#include "features/linking/linking.h"
#include "features/outreach/outreach.h"
#include "features/portal/portal.h"
#include "features/reach/reach.h"
#include "features/signups/signups.h"
#include "features/subjects/subjects.h"
#include "features/test_data/test_data.h"
#include "features/vault/vault.h"

namespace handschlag::app {
namespace {

void append(std::vector<db::Migration>& to, std::span<const db::Migration> from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

regions::Schemas region_schemas() {
  regions::Schemas out;
  append(out.data, subjects::migrations());
  append(out.data, identity::migrations());
  append(out.data, consent::migrations());
  append(out.data, events::migrations());
  append(out.data, customers::migrations());
  append(out.data, test_data::migrations());
  append(out.data, outreach::migrations());
  append(out.data, signups::migrations());
  append(out.data, portal::migrations());
  append(out.data, linking::migrations());
  append(out.data, reach::migrations());
  append(out.vault, vault::migrations());
  append(out.ledger, ledger::migrations());
  return out;
}

}  // namespace handschlag::app
