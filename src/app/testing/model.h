// What Handschlag should make of a sequence of steps: who is known, who is one person with whom, what is stored for
// what. Plain maps, no database, no keys, no threads; the rules are those of docs/sources.md and docs/customers.md.
// Values; not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/events/events.h"
#include "features/gate/purposes.h"
#include "features/identity/identity.h"
#include "platform/base/clock.h"

namespace handschlag::model {

using gate::PurposeSet;
using identity::Standing;

// A system that sends; the same facts configure the real source.
struct Sender {
  std::string_view id;
  std::string_view name_space;
  bool server;
  std::vector<gate::DeclaredPurpose> purposes;
  bool test = false;  // makes people up, who are never joined with others nor counted
};
const std::vector<Sender>& senders();

inline constexpr std::array<std::string_view, 2> kRegions = {"eu", "us"};
inline constexpr std::array<std::string_view, 2> kCountries = {"DE", "US"};  // each of the region at its place

struct Sent {
  std::size_t sender = 0;
  std::string message;
  std::optional<int> user;
  std::optional<int> anonymous;
  std::optional<int> email;
  std::size_t country = 0;  // of kCountries
  bool consent = false;     // for all that needs it
  int order = 0;            // > 0: an order of so many euros; else an identify
  Time at{};
};

struct Counts {
  std::size_t stored = 0;
  std::size_t unlinked = 0;
  std::size_t refused = 0;
  std::size_t duplicates = 0;
  friend bool operator==(const Counts&, const Counts&) = default;
};

// An identity: the place of its region, and its number there.
using Who = std::pair<std::size_t, std::int64_t>;

// What a page should show.
struct View {
  std::int64_t handle = 0;
  std::set<std::int64_t> members;
  std::set<std::string> keys;   // "identity kind value standing"
  std::set<std::string> links;  // "a b standing purposes withdrawn"
  std::int64_t events = 0;
  std::int64_t orders = 0;
  std::int64_t ordered_micros = 0;
  std::multiset<std::string> messages;  // a source may use an id twice, at another time
  friend bool operator==(const View&, const View&) = default;
};

// Rows that a region should have.
struct Rows {
  std::int64_t events = 0;
  std::int64_t unlinked = 0;
  std::int64_t tombstones = 0;
  std::int64_t keys = 0;
  std::int64_t links = 0;
  std::int64_t identities = 0;
  friend bool operator==(const Rows&, const Rows&) = default;
};

class Model {
 public:
  Model() : regions_(kRegions.size()) {}

  Counts ingest(const std::vector<Sent>& batch);
  // The code of the error, or nothing where it is done.
  std::optional<std::string> link(Who a, Who b, PurposeSet purposes);
  std::optional<std::string> unlink(Who a, Who b);
  void withdraw(Who who, PurposeSet purposes);
  void regrant(Who who, PurposeSet purposes);
  void erase(Who who, Time now);
  // Everybody whom links join goes together. The code of the error, or nothing where it is done.
  std::optional<std::string> move(Who who, std::size_t to, Time now);
  // As whom somebody is known now.
  Who now(Who who) const;
  void forget_refused(Time now);

  std::vector<Who> living() const;
  // Nothing where the look is denied: nothing of them is stored for any of these.
  std::optional<View> view(Who who, PurposeSet purposes) const;
  Rows rows(std::size_t region) const;
  // By "source measure linked": events, and their amount in micros. Sums outlive an erasure.
  const std::map<std::string, std::pair<std::int64_t, std::int64_t>>& totals() const { return totals_; }

 private:
  struct Held {
    Standing standing = Standing::claimed;
    PurposeSet purposes;
  };
  struct Link {
    Standing standing = Standing::claimed;
    PurposeSet purposes;
  };
  struct Stored {
    std::string id;
    std::string message;
    PurposeSet purposes;
    int order = 0;
  };
  using Key = std::pair<identity::KeyKind, std::string>;  // the value with its namespace
  struct Origin {
    Who who;
    Time watched_until{};
  };
  struct Region {
    std::int64_t last_id = 0;
    std::map<Key, std::int64_t> own;  // also of the erased
    std::set<std::int64_t> living;
    std::set<std::int64_t> made_up;                       // by a test source
    std::map<Key, std::map<std::int64_t, Held>> holders;  // own keys of the living, and attributes
    std::map<std::pair<std::int64_t, std::int64_t>, Link> links;
    std::map<std::int64_t, PurposeSet> withdrawn;        // leave to link
    std::map<std::int64_t, std::vector<Stored>> events;  // by identity
    std::set<std::string> known;                         // event ids that are stored or unlinked
    std::int64_t unlinked = 0;
    std::map<std::string, Time> tombstones;
    std::map<std::int64_t, Who> forwards;  // who went to another region, and as whom they are known there
    std::map<std::int64_t, Origin> origins;
  };
  // An event on its way.
  struct Ready {
    const Sent* sent = nullptr;
    PurposeSet linked;
    bool unlinked = false;
    Key own;
    std::vector<Key> together;
    std::vector<Key> attributes;
    std::size_t region = 0;
  };

  static Ready prepare(const Sent& sent);
  void route(std::vector<Ready>& batch);
  void store(Region& region, const Ready& event, std::int64_t identity, Counts& counts);
  void record(Region& region, const std::vector<const Ready*>& batch, std::vector<std::int64_t>& identities);
  void attribute(Region& region, const Ready& event, std::int64_t own, const Key& key);
  void state(Region& region, std::int64_t a, std::int64_t b, Standing standing, PurposeSet purposes);
  static PurposeSet withdrawn(const Region& region, std::pair<std::int64_t, std::int64_t> ends);
  // Whom links join: those that hold now, or all that were stated whatever leave was taken back.
  enum class Leave { heeded, ignored };
  static std::set<std::int64_t> joined(const Region& region, std::int64_t start, PurposeSet purposes, Leave leave);
  static PurposeSet stored_for(const Region& region, std::int64_t identity);
  void carry(Region& from, Who who, Who target);
  void carry_links(std::size_t from, std::size_t to, const std::map<std::int64_t, std::int64_t>& people);
  // Whether a tombstone lies where somebody came from.
  bool buried_elsewhere(const Region& region, std::int64_t identity, const std::string& id, Time now) const;
  void count(const Ready& event, bool linked);

  std::vector<Region> regions_;
  std::map<Key, std::size_t> home_;  // where somebody was first seen
  // What this batch said already of a pair: the same pair comes with every event of a visit.
  std::map<std::pair<std::int64_t, std::int64_t>, std::map<Standing, PurposeSet>> said_;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> totals_;
};

}  // namespace handschlag::model
