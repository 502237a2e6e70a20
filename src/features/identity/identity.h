// Identities of one region, the links between them, and the customer as a view over links.
//
// An identity is one person as one source knows them. Two identities are one person where a link says so, with its
// basis and purposes; a customer is the set of identities reached by active links for a purpose. Nothing is fused:
// ending a link takes a customer apart again.
//
// Thread-safe. Writes join the caller's transaction on the region's data database.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/purposes.h"
#include "features/identity/digester.h"
#include "features/identity/key.h"
#include "features/subjects/subjects.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/db/db.h"
#include "platform/db/writer.h"

namespace handschlag::identity {

// How sure a key or a link is. Stored; never renumber.
enum class Standing : std::int64_t {
  own = 0,        // of keys: the value the identity is made from
  confirmed = 1,  // said by a server source, or proven
  claimed = 2,    // said by a public source: shown, but joins nothing
  ended = 3,      // of links: taken back; does not come back by itself
};
std::string_view name_of(Standing standing);

// The origin of links that customers made themselves, by their leave. No source can be called so.
inline constexpr std::string_view kByCustomer = "@customer";

struct Limits {
  std::size_t identities_per_customer = 100;  // a link that would make more is refused
  std::size_t identities_per_value = 10;      // a shared address glues nobody beyond this many
};

// What one event says about who it is.
struct Sighting {
  Key own;                      // who the event is about
  std::vector<Key> attributes;  // further keys of that identity: e-mail, phone, ...
  std::vector<Key> together;    // keys of other identities seen with it: the browser, the device, the former id
  gate::PurposeSet purposes;    // for which the gate allowed it
  gate::Basis basis = gate::Basis::contract;
  Standing standing = Standing::claimed;  // confirmed or claimed, by the source's trust
  std::int64_t source = 0;
  std::string_view origin;  // the source's id, as the origin of links
  std::string_view country;
  Time at{};

  // What the caller knows already of `own` and of each of `together`, so that nothing needs to be looked up.
  struct Known {
    IdentityId id;              // 0: nothing is known
    gate::PurposeSet purposes;  // for which its key was taken
    bool covers(gate::PurposeSet wanted) const { return id.value != 0 && (purposes | wanted) == purposes; }
  };
  Known known;
  std::vector<Known> together_known;  // empty, or as many as `together`
};

struct Link {
  IdentityId a;  // the smaller
  IdentityId b;
  Standing standing = Standing::claimed;
  gate::Basis basis = gate::Basis::contract;
  gate::PurposeSet purposes;
  gate::PurposeSet withdrawn = {};  // of these: for which one side took back the leave to link; read only
  std::string origin;               // a source's id, "staff", or kByCustomer
  Time created_at{};
  Time changed_at{};
};

struct HeldKey {
  KeyKind kind;
  std::string value;
  Standing standing;
  std::int64_t source;
  Time first_seen;
};

struct Identity {
  IdentityId id;
  KeyKind kind = KeyKind::user_id;
  std::string country;
  std::int64_t source = 0;
  Time created_at{};
  // Its own first, and only those that were taken for a purpose for which the view reaches it. Empty when the key
  // material is destroyed.
  std::vector<HeldKey> keys;
  gate::PurposeSet purposes;    // for which the view reaches it
  gate::PurposeSet stored_for;  // for which anything was taken of it
};

// The view for a set of purposes. The handle is the oldest identity.
struct Customer {
  std::vector<Identity> identities;  // oldest first
  std::vector<Link> links;           // from and among its identities, of every standing, for the purposes of the view
};

struct Reached {
  IdentityId id;
  gate::PurposeSet purposes;
};

struct Refusal {
  IdentityId a;
  IdentityId b;
  std::string reason;  // "customer_too_large", "value_too_common", "split_by_statement"
  std::int64_t times = 0;
  Time last_at{};
};

std::span<const db::Migration> migrations();

// What this slice holds about identities. Of an erased one nothing stays but the keyed digest of its own key, taken for
// no purpose: it keeps out what still arrives, and is found by nobody.
std::unique_ptr<subjects::SubjectData> create_subject_data();

// The number that was given out last; of a region's data database. New ones begin above `highest` after start_above()
// (a no-op where they do already): a vault or a ledger may know numbers that the data does not, of a restored backup or
// of an attempt that ended between two commits, and no number is given out twice.
Result<std::int64_t> last_id(db::Transaction& tx);
Result<void> start_above(db::Transaction& tx, std::int64_t highest);

// Identities that sources made, in the order of their numbers, after `after`: those among the next `window` numbers
// that are taken.
struct MadeBySources {
  std::vector<IdentityId> identities;
  IdentityId through;  // all up to here was looked at
  bool more = false;
};
Result<MadeBySources> of_sources(db::Transaction& tx, std::span<const std::int64_t> sources, IdentityId after,
                                 std::int64_t window);

// What moves where.
struct Relocation {
  std::string_view region;                    // the new one
  std::span<const subjects::Forward> people;  // of the party
  std::string_view country;                   // where the person lives now
  Time at{};
  // In which namespaces a value may count that a source said; the likeliest first.
  std::function<std::vector<std::string>(KeyKind kind, std::int64_t source)> name_spaces;
};

// Who is told when identities may have become one person, or are one no more: what holds by all that they said is then
// to be looked at again. Of a change of links all are named whose person it changes, on either side.
class Watcher {
 public:
  struct Change {
    IdentityId identity;
    const Key* address = nullptr;  // one by which they were not known before; nullptr: their links changed
  };
  virtual ~Watcher() = default;
  // In the transaction of the change.
  virtual Result<void> changed(db::Transaction& tx, std::span<const Change> changes) = 0;
};

class Identities {
 public:
  // `vault` must outlive this.
  Identities(vault::Vault& vault, Limits limits) : vault_(vault), limits_(limits) {}

  // Before anything is written; must outlive every write. nullptr: nobody.
  void set_watcher(Watcher* watcher) { watcher_ = watcher; }

  // The keys of look-up digests as they are for this transaction: another node may rotate them. While they are being
  // rotated, what is looked for may stand under either digest. Errors: unavailable "digest_key_missing".
  Result<std::shared_ptr<const Digester>> digester(db::Transaction& tx);

  // Finds or makes the identity of each sighting, in order, and writes the keys and links that they tell of. New
  // identities get their vault key, durably, before the caller's transaction can commit.
  Result<std::vector<IdentityId>> record(db::Transaction& tx, std::span<const Sighting* const> sightings);

  // Which identities hold one of these keys (own, confirmed or claimed) for one of these purposes, at most 100, the
  // surest standing first, then the oldest.
  struct Found {
    IdentityId id;
    Standing standing;
  };
  Result<std::vector<Found>> find(db::Transaction& tx, std::span<const Key> keys, gate::PurposeSet purposes);

  // For each key the identity that is made from it here, if any; for finding the region of a person.
  Result<std::vector<Sighting::Known>> knows(db::Transaction& tx, std::span<const Key> keys);

  // Who may be part of a view. Whoever is turned away is not there, nor is what they alone would lead to.
  using Pass = std::function<Result<bool>(IdentityId)>;

  // Every identity that active links reach from `start`, oldest first, each with `purposes`. A link counts that holds
  // for one of them, with neither side's leave withdrawn: so every member of a customer leads to the same customer, and
  // a view for one purpose alone joins only who is linked for that very purpose.
  Result<std::vector<Reached>> reach(db::Transaction& tx, IdentityId start, gate::PurposeSet purposes,
                                     const Pass& pass = {});

  // The customer to which an identity belongs, keys opened. Errors: not_found.
  Result<Customer> customer(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, const Pass& pass = {});

  // States by staff that two identities are one person, or confirms a claim. Linking what is linked is a no-op.
  // Errors: not_found, invalid (itself), conflict, code "customer_too_large" or "leave_withdrawn".
  Result<void> link(db::Transaction& tx, IdentityId a, IdentityId b, gate::Basis basis, gate::PurposeSet purposes,
                    std::string_view origin, Time at);
  // Ends a link; ending an ended one is a no-op. Errors: not_found.
  Result<void> unlink(db::Transaction& tx, IdentityId a, IdentityId b, Time at);

  // Takes back the leave to link an identity for some purposes: no link to it holds for them any more, nor does one
  // that is stated later, until the leave is given again. So a customer splits, and each handle leads to its own part;
  // the links themselves stay as they were stated. Idempotent. Errors: not_found.
  Result<void> withdraw(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, Time at);
  // Gives the leave again; what was joined before is joined again. Idempotent. Errors: not_found.
  Result<void> regrant(db::Transaction& tx, IdentityId identity, gate::PurposeSet purposes, Time at);

  // The links that have one of these as an end, of every standing.
  Result<std::vector<Link>> links(db::Transaction& tx, std::span<const IdentityId> identities);
  // Ends the links of an identity that its person made by their leave up to `said_at`: their no to linking. Idempotent.
  Result<void> end_leave(db::Transaction& tx, IdentityId identity, Time said_at, Time at);
  // What an identity is, keys not opened; nothing where nobody is there.
  struct Outline {
    KeyKind kind = KeyKind::user_id;
    std::string country;
    gate::PurposeSet stored_for;
  };
  Result<std::optional<Outline>> outline(db::Transaction& tx, IdentityId identity);

  // Where an identity lives, "" where that is not known; nothing where nobody is there, or they went elsewhere.
  Result<std::optional<std::string>> country_of(db::Transaction& tx, IdentityId identity);

  // Moving to another region; see features/moves. All on the region's own database.

  // Which source made an identity; 0 where nobody is there.
  Result<std::int64_t> source_of(db::Transaction& tx, IdentityId identity);
  // Who moves together with `start`: everyone whom links join, for whatever purpose, whatever leave was taken back.
  Result<std::vector<IdentityId>> household(db::Transaction& tx, IdentityId start);
  // Numbers and keys, durably, for some who will come; see subjects::Arrival. `party`: 0 for a new one. Whoever is
  // expected already stays as they are. In the order of `origins`.
  Result<std::vector<IdentityId>> expect(db::Transaction& tx, std::string_view region,
                                         std::span<const IdentityId> origins);
  // What an identity takes along, in plain text: keys, links, what was withdrawn.
  struct Packed {
    std::string text;
    Key own;
  };
  Result<Packed> pack(db::Transaction& tx, IdentityId identity, const Relocation& relocation);
  // Takes down the links that go along.
  Result<void> drop_packed_links(db::Transaction& tx, const Relocation& relocation);
  // Seals what was packed for one who will come, to be unpacked by settle().
  Result<void> load(db::Transaction& tx, IdentityId identity, const std::string& packed, Time watched_until);
  // Lets a party be seen whose forwards are gone; a no-op where it is. `seq`: the last position of the region's events.
  Result<void> settle(db::Transaction& tx, IdentityId identity, std::int64_t seq);

  Result<std::vector<Refusal>> refusals(db::Transaction& tx, std::size_t limit);

  struct CountryCount {
    std::string country;  // "" unknown
    std::int64_t identities;
  };
  // How many identities each source has by country (not anonymous ones unless asked for).
  Result<std::vector<CountryCount>> count_by_country(db::Transaction& tx, std::int64_t source, KeyKind kind);

  vault::Vault& vault() { return vault_; }

 private:
  Result<void> tell(db::Transaction& tx, std::span<const IdentityId> identities);
  Result<void> change_leave(db::Transaction& tx, IdentityId identity, Time at,
                            const std::function<gate::PurposeSet(gate::PurposeSet)>& change);

  vault::Vault& vault_;
  const Limits limits_;
  Watcher* watcher_ = nullptr;
  std::mutex digester_mutex_;
  std::shared_ptr<const Digester> digester_;  // as last asked for
  std::string digester_names_;                // of its keys, and which are settled
};

// A slice that keeps look-up digests, for their rotation.
class DigestHolder {
 public:
  virtual ~DigestHolder() = default;
  struct Step {
    std::int64_t next = 0;  // the first identity that was not looked at, or not to its end
    std::int64_t rows = 0;  // that were brought up
  };
  // Brings digests that are not of the newest layer up to it, for the identities from `first` on: looks at about as
  // many as `limit` says, and brings up at most so many rows.
  virtual Result<Step> lift(db::Transaction& tx, const Digester& digester, std::int64_t first, std::int64_t limit) = 0;
};

// Rotates the digest key of one region, while it is written by any number of nodes. Thread-safe.
class DigestRotation {
 public:
  // Everything must outlive this. `hold_order` keeps every writer of events out until its transaction ends, on all
  // nodes: from then on they write the new digests, and look for both.
  DigestRotation(Identities& identities, db::Database& data, db::Writer& writer, std::vector<DigestHolder*> holders,
                 db::Writer::Body hold_order);

  // Errors: conflict "rotation_running", "digest_rotated_too_often".
  Result<void> begin();
  // Whether one was begun and is not finished, by any node.
  Result<bool> running();
  // Brings everything up, in small steps on the writer, and ends the rotation; a no-op where none runs. It may be
  // interrupted at any moment, and run again, by several at once.
  Result<void> finish(const std::function<bool()>& should_stop);

 private:
  Result<std::int64_t> pass(DigestHolder& holder, std::size_t layers, const std::function<bool()>& should_stop);

  Identities& identities_;
  db::Database& data_;
  db::Writer& writer_;
  std::vector<DigestHolder*> holders_;
  db::Writer::Body hold_order_;
  std::unique_ptr<DigestHolder> keys_;  // of this slice
};

}  // namespace handschlag::identity
