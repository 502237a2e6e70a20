// Backups: a consistent copy of every database, sealed under a key of its own that expires, checked after it was
// written, and restored from.
//
// A backup is a folder: manifest.json, and a sealed file for each database. Its key stands apart, in the key ring, and
// is destroyed at the latest 35 days after; from then on nobody can read it. So who was erased is gone from old backups
// too. What is in the databases, this part does not know.
//
// Thread-safe: functions only.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/crypto/crypto.h"
#include "platform/db/db.h"

namespace handschlag::backup {

inline constexpr std::chrono::days kLongestKeyLife{35};

// One database. The copies are taken in the order given, one after the other, each of the moment at which it ends: so
// what refers to another database comes before it.
struct Part {
  std::string name;  // "control", "eu-data"
  db::Database* database = nullptr;
  std::uintmax_t expected_bytes = 0;  // about as large; 0: not known
};

struct Job {
  std::filesystem::path to;        // a folder that is not there yet, or is empty
  std::filesystem::path key_ring;  // the folder of the backups' keys
  std::chrono::days key_life = kLongestKeyLife;
  std::filesystem::path scratch;  // a folder for temporary files; made, and removed afterwards
  std::string program;            // its version
  std::string storage;            // "sqlite" or "postgresql"
  std::vector<Part> parts;
  // Further secrets by name, sealed into the manifest: the keys of the regions. Asked for when all copies are taken.
  std::function<Result<std::map<std::string, std::string>>()> secrets;
};

class Progress {
 public:
  virtual ~Progress() = default;
  // `total` is 0 where it is not known.
  virtual void report(const std::string& part, std::string_view step, std::uint64_t done, std::uint64_t total) = 0;
  virtual bool cancelled() = 0;
};

struct PartInfo {
  std::string name;
  std::string file;
  std::uint64_t bytes = 0;         // of the copy
  std::uint64_t sealed_bytes = 0;  // of the file
  std::string sha256;              // of the file, hexadecimal: what sha256sum says
  std::vector<db::AppliedStep> schema;
  Time copied_at{};  // everything committed until then is in it
};

struct Manifest {
  std::string id;  // also the name of its key
  std::string program;
  std::string storage;
  Time created_at{};
  Time expires_at{};  // of the key
  std::vector<PartInfo> parts;
  std::map<std::string, std::string> secrets;  // sealed; see Opened
};

struct Report {
  Manifest manifest;
  std::uint64_t bytes = 0;  // of all files
  std::chrono::milliseconds took{0};
  std::chrono::microseconds longest_hold{0};  // for so long a writer was kept waiting at most, at a time
};

// Takes a backup. Until it is whole and checked it stands under another name (TO.partial), so that nothing that looks
// like a backup is none. Errors: conflict "target_exists"; invalid "key_life"; unavailable "target_not_writable",
// "target_full", "scratch_full", "backup_cancelled", "backup_not_verified"; those of the databases.
Result<Report> create(const Job& job, const Clock& clock, Progress& progress);

// A backup whose manifest was found true, with its key.
struct Opened {
  std::filesystem::path folder;
  Manifest manifest;
  crypto::Key key;
  std::map<std::string, std::string> secrets;
};

// Reads the manifest and finds the key: in `key_file`, or in `key_ring` where that is empty. Errors: not_found
// "backup_unknown", "backup_key_missing"; invalid "backup_expired", "backup_key_wrong", "manifest_damaged",
// "backup_newer".
Result<Opened> open(const std::filesystem::path& folder, const std::filesystem::path& key_ring,
                    const std::filesystem::path& key_file, const Clock& clock);

// Reads every file and opens every piece of it. Errors: invalid "backup_damaged", naming the file.
Result<void> check(const Opened& backup, Progress& progress);

// Makes one database from its part. Errors: those of db::restore; invalid "backup_damaged".
Result<void> restore_part(const Opened& backup, const PartInfo& part, const db::Options& to,
                          std::span<const db::Migration> schema, Progress& progress);

// A key in the key ring.
struct KeyInfo {
  std::string id;
  Time created_at{};
  Time expires_at{};
};
Result<std::vector<KeyInfo>> keys(const std::filesystem::path& key_ring);

// Destroys the keys that have expired; answers how many. Errors: unavailable "key_not_destroyed".
Result<std::size_t> prune(const std::filesystem::path& key_ring, const Clock& clock);

}  // namespace handschlag::backup
