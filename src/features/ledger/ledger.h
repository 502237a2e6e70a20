// The ledger of a region: every ruling acted on, allowed or denied, is written here before the data is released. If
// writing fails, the answer is no. What a source collected is not written again: it is derived from the events
// themselves.
//
// Thread-safe. A database and a writer of its own, so that it never waits for ingest.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/gate/gate.h"
#include "features/regions/regions.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"

namespace handschlag::ledger {

// One use of one identity's data.
struct Entry {
  IdentityId identity;
  Time at{};
  gate::Use use = gate::Use::view;
  gate::PurposeSet purposes;  // for which
  gate::Decision decision = gate::Decision::deny;
  std::vector<gate::Rule> rules;  // that decided
  std::uint64_t rule_set = 0;
  std::string role;         // of who used it: the team, never a person's name
  std::string operation;    // what was done: "getCustomer"
  std::string region = {};  // of a move: to which region
  std::string unit = {};    // to which who used it is limited; empty: not
};

struct Record {
  std::int64_t seq = 0;
  Entry entry;
};

std::span<const db::Migration> migrations();

class Ledger {
 public:
  // `region` and `vault` must outlive this.
  static std::unique_ptr<Ledger> create(regions::Region& region, vault::Vault& vault);
  virtual ~Ledger() = default;

  // Writes the entries, durably, before it returns. An erased identity has no entry any more. Errors: too_many,
  // unavailable.
  virtual Result<void> record(std::vector<Entry> entries) = 0;

  // An identity's entries, newest first, before position `before` (0: from the end).
  virtual Result<std::vector<Record>> read(IdentityId identity, std::int64_t before, std::size_t limit) = 0;

  // The same after a position, oldest first.
  virtual Result<std::vector<Record>> read_after(IdentityId identity, std::int64_t after, std::size_t limit) = 0;

  // Brings over what another region's ledger has of somebody who moves here, in small steps; what was brought over
  // before is left out. Theirs is as it was.
  virtual Result<void> take_over(Ledger& from, IdentityId origin, IdentityId identity) = 0;

  // The largest number of an identity that has an entry; 0 for none.
  virtual Result<std::int64_t> highest_identity() = 0;
};

}  // namespace handschlag::ledger
