// Imports: events from files of the past, such as a till's. A mapping in TOML says how lines become events;
// docs/import.md is the manual.
//
//   auto importer = Importer::create(events, sources, control, clock);
//   Report report = TRY(importer->run({.file = "sales.csv", .mapping = "online_retail"}, progress));
//
// Thread-safe: several imports may run at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "features/events/events.h"
#include "features/sources/sources.h"
#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/db/db.h"

namespace handschlag::imports {

// Of the control database.
std::span<const db::Migration> migrations();

struct Job {
  std::string file;         // a path; "-" for standard input, which can't be resumed
  std::string mapping;      // the name of a mapping that comes with the program, or the path of a TOML file
  std::string source = {};  // its id; "": the mapping's own, made if it is not there
  // Where lines that became no event are listed, with the reason. "": beside the file, only if there are any.
  std::string report = {};
  sources::Companion on_source_added = {};  // writes the audit of a source that was made
};

struct Step {
  std::int64_t bytes = 0;        // read so far
  std::int64_t bytes_total = 0;  // 0: not known
  std::int64_t events = 0;       // committed so far
};

// What someone who waits for an import sees and says. Called on the thread that runs it, several times a second.
class Progress {
 public:
  virtual ~Progress() = default;
  virtual void report(const Step& step) = 0;
  virtual bool cancelled() = 0;  // true: stop soon; a later run goes on where this one ended
};

struct Report {
  bool cancelled = false;
  std::string source;  // its id
  bool source_added = false;
  std::int64_t lines = 0;       // records after the header
  std::int64_t events = 0;      // made of them; the sum of the next five and of `rejected_events`
  std::int64_t stored = 0;      // tied to a person
  std::int64_t unlinked = 0;    // kept without a person
  std::int64_t duplicates = 0;  // were there already
  std::int64_t refused = 0;     // by the gate
  std::int64_t resumed = 0;     // committed by an earlier run that was interrupted
  std::int64_t rejected_events = 0;
  std::int64_t rejected_lines = 0;              // that became no event, or part of one
  std::map<std::string, std::int64_t> reasons;  // of those
  std::string report_file;                      // "": none was written
  std::chrono::milliseconds took{0};
};

// Forgets how far imports have come: they begin anew, and what is stored is recognised. For a restored backup, whose
// control database may be a little newer than its events.
Result<void> forget_progress(db::Transaction& control);

class Importer {
 public:
  // Everything handed over must outlive this.
  static std::unique_ptr<Importer> create(events::Events& events, sources::Sources& sources, db::Database& control,
                                          const Clock& clock);
  virtual ~Importer() = default;

  // Reads the file, sends its events and waits until they are durable. The same file, mapping and source again add
  // nothing, whether the first run ended or not. Errors: invalid (the mapping, the file's columns), not_found (file,
  // mapping, source), unavailable (database, report file).
  virtual Result<Report> run(const Job& job, Progress& progress) = 0;
};

}  // namespace handschlag::imports
