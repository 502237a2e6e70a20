// Sources: the systems that send events. Each has a write key, a touchpoint, a trust, purposes each with its basis, and
// a plan.
//
//   Sources::Added added = TRY(sources.add({.id = "shop", .touchpoint = "shop", .purposes = {...}}));
//   SourcePointer source = sources.by_write_key(added.write_key);
//
// Thread-safe. Kept in the control database and served from memory: a change is seen at once by the node that made it
// and within kRefreshEvery by others. A SourcePointer stays as it was when it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/purposes.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/base/id.h"
#include "platform/base/result.h"
#include "platform/db/db.h"
#include "platform/http/rate.h"
#include "platform/http/router.h"

namespace handschlag::sources {

// Enumerators are spelled as on the wire, but for `public`, which C++ keeps for itself.
enum class Trust : std::uint8_t { server, public_ };
enum class Mode : std::uint8_t { live, test };

// What a source says it sends. Undeclared events are kept out, undeclared fields are dropped and counted.
struct Plan {
  bool declared = false;  // false: everything is taken as it comes
  // event name → names of its top-level properties; "*" as a name allows any. Types without a name of their own
  // (identify, page, ...) stand under "$identify", "$page" and so on, with their traits or properties.
  std::map<std::string, std::set<std::string>> events;
  // Properties kept when an event may only be stored unlinked; nothing that could point to a person belongs here.
  std::set<std::string> unlinked_properties = {"products", "total", "revenue", "currency",
                                               "category", "price", "quantity"};
  friend bool operator==(const Plan&, const Plan&) = default;
};

struct Source {
  Id<Source> number = {};  // stored with each event
  std::string id;          // chosen by the operator: "shop"; lower-case letters, digits, - and _, up to 64
  std::string name = {};   // for people; the id unless said otherwise
  std::string touchpoint;  // "shop", "checkout", "delivery", "hotline", "app", ...; same form as id
  // Ids of two sources with one namespace are the same ids; the source's id unless said otherwise.
  std::string name_space = {};
  std::string controller = {};  // who is responsible for the data; kOwnController unless said otherwise
  std::string country = {};     // ISO 3166 alpha-2, of people whose country nothing else tells; "" unknown
  std::string unit = {};        // the part of the company that it belongs to (see staff::is_unit); "" the whole
  // Whether it is of a service that is offered to children: then whose age is not known is taken for one, and what
  // rests on consent needs a guardian's.
  bool for_children = false;
  // What kinds of data its events hold beyond the ordinary: bits of gate::Category. What is special is tied to nobody
  // without an explicit consent that is on record.
  std::uint32_t data_categories = gate::ordinary;
  Trust trust = Trust::public_;
  Mode mode = Mode::live;
  bool enabled = true;
  std::vector<gate::DeclaredPurpose> purposes = {};
  // Names of consent categories on the wire → the purposes they stand for. A purpose's own name always stands for
  // itself.
  std::map<std::string, gate::PurposeSet> consent_categories = {};
  Plan plan = {};
  std::vector<std::string> cors_origins = {"*"};
  http::Rate quota = {};  // of events; per_second 0: what holds for all sources
  Time created_at{};
  Time key_created_at{};  // of the write key in use

  gate::PurposeSet purpose_set() const;
  // Where its ids, and where its addresses, mean somebody: for identity::Place. Those of a test source are apart from
  // all live ones, so that nobody made up is ever joined with a person.
  std::string id_space() const;
  std::string address_space() const;
};

using SourcePointer = std::shared_ptr<const Source>;

// Runs in the transaction of a change, with the source as it was before (of a new one: as it is): writes its audit
// record, or looks whether the change is meant for this state. An error undoes the change.
using Companion = std::function<Result<void>(db::Transaction&, const Source& before)>;

inline constexpr std::chrono::seconds kRefreshEvery{3};
inline constexpr std::string_view kOwnController = "self";  // the company that runs this server

std::span<const db::Migration> migrations();
std::string_view name_of(Trust trust);
std::optional<Trust> find_trust(std::string_view name);
std::string_view name_of(Mode mode);
std::optional<Mode> find_mode(std::string_view name);

class Sources {
 public:
  // `control` and `clock` must outlive this. Loads what is stored.
  static Result<std::unique_ptr<Sources>> open(db::Database& control, const Clock& clock);
  virtual ~Sources() = default;

  struct Added {
    SourcePointer source;
    std::string write_key;  // shown once, never stored
  };
  // `source.number` and `created_at` are assigned. Errors: invalid (each wrong field named), conflict (id taken).
  virtual Result<Added> add(Source source, const Companion& companion = {}) = 0;
  virtual std::vector<SourcePointer> list() const = 0;        // in the order they were added
  virtual SourcePointer find(std::string_view id) const = 0;  // nullptr if there is none
  // nullptr if there is none. Looks at the database where this node does not know it yet.
  virtual SourcePointer find(Id<Source> number) const = 0;
  // By write key, also of disabled sources. nullptr if no valid key is that one.
  virtual SourcePointer by_write_key(std::string_view write_key) const = 0;
  // Gives a new key; the old ones stay valid for `overlap`, or less where they were to end before. Errors: not_found.
  virtual Result<Added> rotate_key(std::string_view id, std::chrono::seconds overlap,
                                   const Companion& companion = {}) = 0;
  // Errors of these: not_found; invalid (each wrong field named).
  virtual Result<SourcePointer> set_enabled(std::string_view id, bool enabled, const Companion& companion = {}) = 0;
  virtual Result<SourcePointer> set_plan(std::string_view id, Plan plan, const Companion& companion = {}) = 0;
  virtual Result<SourcePointer> set_consent_categories(std::string_view id,
                                                       std::map<std::string, gate::PurposeSet> categories,
                                                       const Companion& companion = {}) = 0;
  virtual Result<SourcePointer> set_unit(std::string_view id, std::string_view unit,
                                         const Companion& companion = {}) = 0;
  // per_second 0 and burst 0: what holds for all sources.
  virtual Result<SourcePointer> set_quota(std::string_view id, http::Rate quota, const Companion& companion = {}) = 0;

  // Quotas, in events, per node. Whether the source may send now. Errors: too_many "source_over_quota", with the time
  // to wait.
  virtual Result<void> admit(const Source& source) = 0;
  // What it then sent; a batch may go beyond what is left, and is paid off before the next is admitted.
  virtual void charge(const Source& source, std::size_t events) = 0;
  // What holds for sources without a quota of their own; {} is no limit, as at first.
  virtual void set_usual_quota(http::Rate quota) = 0;
};

// The numbers of the sources of a unit and of those below it.
std::set<std::int64_t> numbers_within(const Sources& sources, std::string_view unit);
// The source that whoever is limited to a unit names; nullptr also where it is of another unit: as if there were none.
SourcePointer find_within(const Sources& sources, std::string_view unit, std::string_view id);

// Errors: invalid, fields named by JSON pointer.
Result<Plan> parse_plan(const std::string& json_text);

// Each change is written to the audit, in its own transaction.
void bind_routes(http::Router& router, Sources& sources, staff::Staff& staff);

}  // namespace handschlag::sources
