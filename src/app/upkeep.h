// Upkeep of an installation: backups, restoring, and rotation of keys.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "app/app.h"
#include "app/schema/schema.h"
#include "features/backup/backup.h"

namespace handschlag::app {

// The migrations of the control database; those of a region's are in schema/schema.h.
std::vector<db::Migration> control_schema();
// Where each database lies.
db::Options control_options(const Settings& settings);

// The keys of backups.
std::filesystem::path backup_keys(const Settings& settings);
// The list of erasures of a region; see features/vault.
std::filesystem::path erasure_list(const Settings& settings, const std::string& region);

// A backup of everything, in the order data, vault, ledger for each region, then control: an identity in the data
// always has its key in the vault, and an event its source. `keys`: those of the regions, by name ("eu", "eu.former").
struct RegionSecret {
  std::string region;
  vault::RegionKeys keys;
};
backup::Job backup_job(const Settings& settings, db::Database& control, regions::Regions& regions,
                       std::function<std::vector<RegionSecret>()> keys);

std::filesystem::path scratch_folder(const Settings& settings);

// Into DATA.backups, before the schema changes: the way back. Logs where it lies.
Result<void> back_up_before_migrating(const Settings& settings, db::Database& control, regions::Regions& regions,
                                      const Clock& clock);

// The durable job that brings a vault over to a new region key.
inline constexpr std::string_view kRewrapJob = "vault_rewrap";
// The one that brings look-up digests up to a new digest key.
inline constexpr std::string_view kRedigestJob = "identity_redigest";

struct RestoreRequest {
  std::filesystem::path from;
  std::filesystem::path key_file;               // of the backup; empty: from the key ring
  std::vector<std::filesystem::path> erasures;  // lists of erasures that are newer than the backup
};

struct RestoreReport {
  backup::Manifest manifest;
  std::vector<std::string> regions_to_rewrap;  // whose key in the key folder is not that of the backup
  std::int64_t webhooks_held = 0;              // disabled until somebody enables them
  std::chrono::milliseconds took{0};
};

// Makes a data folder (or the schemas of a PostgreSQL database) from a backup. Looks at everything before it writes;
// the folder appears under its name when it is whole. Errors: conflict "folder_not_empty"; invalid "regions_differ",
// "storage_differs"; those of backup::open and backup::check.
Result<RestoreReport> restore(const Settings& settings, const RestoreRequest& request, const Clock& clock,
                              backup::Progress& progress);

}  // namespace handschlag::app
