// What the events of one identity add up to: counters and traits, kept apart by the purposes the events were stored
// for and by their source, so that a view for one purpose is not built from data of another, nor that of one branch
// from what another brought. Values only; not thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "features/events/events.h"
#include "platform/json/json.h"

namespace handschlag::customers {

struct Span {
  std::int64_t events = 0;
  std::int64_t first_at = 0;  // ms since epoch, of occurrence
  std::int64_t last_at = 0;
  void add(std::int64_t at);
  void add(const Span& other);
};

struct Money {
  std::int64_t ordered = 0;  // micros, never negative
  std::int64_t cancelled = 0;
  std::int64_t refunded = 0;
};

// Who told a trait, and of whom: what one system tells of two people is two values, however they came to be joined.
struct Teller {
  std::int64_t source = 0;  // by number
  std::int64_t identity = 0;
  auto operator<=>(const Teller&) const = default;
};

struct TraitValue {
  json::Value value;
  std::int64_t at = 0;  // of occurrence
};

struct Sums {
  Span all;
  std::int64_t orders = 0;
  std::int64_t cancellations = 0;
  std::int64_t refunds = 0;
  std::map<std::string, Money> money;                          // by currency, "" where none was named
  std::map<std::int64_t, Span> sources;                        // by source number
  std::map<std::string, std::map<Teller, TraitValue>> traits;  // by name, then by who told it: the newest

  void add(const events::Event& event);
  void add(const Sums& other);
};

// The newest name that one of them told, whole or of first and last; else of what there is; "" where there is none.
std::string name_in(const Sums& sums);

// Which sources count, by their numbers; empty: all.
using SourceFilter = std::function<bool(std::int64_t source)>;

// Of one identity: sums by the set of purposes (its bits) the events were stored for, and by source.
struct Profile {
  using Part = std::pair<std::int64_t, std::int64_t>;  // purposes and source
  std::int64_t through_seq = 0;
  std::map<Part, Sums> parts;

  void add(const events::Event& event);
  // All that may be used for one of these purposes.
  Sums for_purposes(gate::PurposeSet purposes, const SourceFilter& counts = {},
                    const std::set<Part>& left_out = {}) const;
  // For which purposes anything of these sources was stored.
  gate::PurposeSet stored_for(const SourceFilter& counts) const;
  std::int64_t events() const;  // how many were folded

  std::string to_text() const;
  // Errors: internal, where the text is none of ours.
  static Result<Profile> from_text(std::string_view text, std::int64_t identity);
};

}  // namespace handschlag::customers
