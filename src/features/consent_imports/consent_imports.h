// Consents that are brought along from another system, with their proof: who, which word, for what, when, to which
// words, how it can be shown. Taken as what they are; never stronger.
//
//   const Report report = TRY(imports.take({.source = "crm", .format = Format::csv, .text = file}, by));
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "features/consent/consent.h"
#include "features/customers/customers.h"
#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "features/imports/imports.h"
#include "features/law/law.h"
#include "features/regions/regions.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/vault/vault.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"

namespace handschlag::consent_imports {

inline constexpr std::size_t kMostLines = 2'000;  // at once; a longer file comes in parts

enum class Format : std::uint8_t { csv, json_lines };

struct File {
  std::string source;  // whose customer numbers and countries these are
  Format format = Format::csv;
  std::string text;
  bool dry_run = false;  // tells what would become of each line, and takes nothing
};

// A file of any length.
struct Job {
  std::string file;  // a path; "-" for standard input. One that begins with "{" has JSON lines
  std::string source;
  // Where lines that were refused are listed, with field and reason. "": beside the file, only if there are any.
  std::string report = {};
  bool dry_run = false;
};

// Who brings it.
struct By {
  std::string principal;
  std::string role;
  std::string operation;
  std::string trace_id;
};

enum class Outcome : std::uint8_t { taken, there_already, refused };
std::string_view name_of(Outcome outcome);

struct LineReport {
  std::int64_t line = 0;  // of the file; its first line is 1
  Outcome outcome = Outcome::refused;
  std::string statement = {};  // of what was taken: "eu-c17"
  gate::Strength strength = gate::Strength::none;
  bool made = false;        // nobody knew this person before
  bool proof_gaps = false;  // a yes that counts for nothing, since its proof is not whole
  std::string field = {};   // of what was refused
  std::string reason = {};
};

struct Report {
  std::vector<LineReport> lines;
  std::int64_t taken = 0;
  std::int64_t there_already = 0;
  std::int64_t refused = 0;
  std::int64_t made = 0;
  std::int64_t proof_gaps = 0;
};

struct FileReport {
  bool cancelled = false;
  std::int64_t lines = 0;  // statements that were looked at; the sum of the next three
  std::int64_t taken = 0;
  std::int64_t there_already = 0;
  std::int64_t refused = 0;
  std::int64_t made = 0;
  std::int64_t proof_gaps = 0;
  std::map<std::string, std::int64_t> reasons;  // of what was refused, by field
  std::string report_file;                      // "": none was written
  std::chrono::milliseconds took{0};
};

// The parts of one region that are needed here.
struct Place {
  regions::Region* region;
  vault::Vault* vault;
  identity::Identities* identities;
  consent::Consents* consents;
};

// Where somebody is now who was moved to another region: customers knows.
using Where = std::function<Result<customers::Customers::Whereabouts>(std::string_view region, IdentityId identity)>;

struct Parts {
  std::vector<Place> places;
  regions::Regions* regions;
  Where where;
  const law::InForce* law;
  sources::Sources* sources;
  staff::Staff* staff;
  const Clock* clock;
};

class ConsentImports {
 public:
  // Everything must outlive this.
  static std::unique_ptr<ConsentImports> create(Parts parts);
  virtual ~ConsentImports() = default;

  // Takes what can be taken and tells of each line what became of it; what is told as taken is durable. The same again
  // adds nothing. Errors: not_found "source_unknown"; those of the file as a whole: invalid, too_large
  // "too_many_lines"; unavailable (then some lines may have been taken; send it again).
  virtual Result<Report> take(const File& file, const By& by) = 0;

  // The same of a file, some lines at a time, until it ends or is cancelled; run again it passes over what is there.
  // `progress` hears of statements as of events. Errors: those of take; not_found "file_not_found"; invalid
  // "report_is_input"; unavailable, of the report or the file too.
  virtual Result<FileReport> take_file(const Job& job, const By& by, imports::Progress& progress) = 0;
};

void bind_routes(http::Router& router, ConsentImports& imports);

}  // namespace handschlag::consent_imports
