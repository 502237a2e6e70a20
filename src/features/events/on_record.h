// What the record says now of those about whom a source told more than ordinary data. What was stored by an explicit
// consent is shown and handed out only while that holds, so whoever does so asks here, and hands the answer to the
// gate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "features/events/events.h"

namespace handschlag::events {

// Of one look at one region: what was asked once is not asked again. Not thread-safe.
class OnRecord {
 public:
  // `sources` and `cell` must outlive this.
  OnRecord(const sources::Sources& sources, Cell& cell, Time at) : sources_(&sources), cell_(&cell), at_(at) {}

  // Whether what a source tells is more than ordinary data. Reads no database.
  bool concerns(std::int64_t source) { return special(source) != nullptr; }

  // Completes a question to the gate about what such a source told of an identity, for the question's purpose: kinds of
  // data, country, and the consent as it stands. The question must not outlive this.
  Result<void> fill(db::Transaction& tx, std::int64_t source, IdentityId identity, gate::Question& question);

 private:
  struct Person {
    std::string country;
    gate::PurposeSet refused;
    gate::PurposeSet asked;  // for these `assented` is known
    gate::PurposeSet assented;
  };
  const sources::Source* special(std::int64_t source);
  Result<Person*> person(db::Transaction& tx, IdentityId identity);

  const sources::Sources* sources_;
  Cell* cell_;
  Time at_;
  std::map<std::int64_t, sources::SourcePointer> sources_met_;  // nullptr: ordinary
  std::map<IdentityId, Person> people_;
};

}  // namespace handschlag::events
