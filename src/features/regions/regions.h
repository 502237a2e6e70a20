// Regions: cells of storage in which the personal data of a set of countries stays. Each has a data, a vault and a
// ledger database of its own, a writer of its own for data and ledger, and a key-encryption key of its own.
//
// Thread-safe after open().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/base/result.h"
#include "platform/crypto/crypto.h"
#include "platform/db/db.h"
#include "platform/db/disk_reserve.h"
#include "platform/db/writer.h"

namespace handschlag::regions {

struct RegionSettings {
  std::string id;                      // "eu": lower-case letters and digits, up to 16
  std::vector<std::string> countries;  // ISO 3166 alpha-2
};

struct Settings {
  std::filesystem::path data_folder;
  std::filesystem::path key_folder;  // outside the data folder: a stolen data folder must be unreadable
  std::string postgres_url;          // empty: SQLite files in the data folder
  std::vector<RegionSettings> regions;
  std::string home;  // the region of people whose country is unknown or in no list
  // Bytes of the data folder's disk that are kept free for erasure; 0: none. Of no meaning with PostgreSQL.
  std::uint64_t disk_reserve = 512ULL * 1024 * 1024;
};

// Errors: invalid "region_invalid", "region_country_invalid", "region_home_unknown".
Result<void> check_settings(const Settings& settings);

// The regions of a new installation: eu (home), uk, us.
std::vector<RegionSettings> default_regions();

// The schemas of the three databases, slice by slice, in dependency order.
struct Schemas {
  std::vector<db::Migration> data;
  std::vector<db::Migration> vault;
  std::vector<db::Migration> ledger;
};

// Where a region's database lies: "data", "vault" or "ledger".
db::Options database_options(const Settings& settings, const std::string& region, const std::string& name);

// Makes the key folder (mode 0700) where it is missing, and notes whose it is: what destroys keys in it, for one data
// folder, must not do so for another. Does nothing with PostgreSQL, where several nodes may share one. Errors:
// unavailable "folder_not_writable"; conflict "key_folder_in_use": it is that of another data folder, which is there.
Result<void> claim_key_folder(const Settings& settings);

// Puts the key of a restored backup in place (and the one before it, where it was being rotated). Where the region has
// another key by now, the backup's becomes the former one, as in a rotation, and the answer is false. Errors: conflict
// "region_keys_differ", where there is no place for it; unavailable.
Result<bool> put_keys(const Settings& settings, const std::string& region, const crypto::Key& key,
                      const std::optional<crypto::Key>& former);

// A region's keys as they are kept now: the one of now, and while it is being rotated the one before it. Errors:
// invalid.
struct Keys {
  crypto::Key current;
  std::optional<crypto::Key> former;
};
Result<Keys> read_keys(const Settings& settings, const std::string& region);

// Rotation of a region's key file. Begin: makes a new key, keeps the former one beside it, durably, and answers the new
// one; from then on the former one is loaded too. Errors: invalid "region_key_from_environment"; conflict
// "rotation_running"; unavailable. Finish: destroys the former one, when nothing is wrapped by it any more.
Result<crypto::Key> begin_key_rotation(const Settings& settings, const std::string& region);
Result<void> finish_key_rotation(const Settings& settings, const std::string& region);

class Region {
 public:
  const std::string& id() const { return id_; }
  db::Database& data() { return *data_; }
  db::Database& vault() { return *vault_; }
  db::Database& ledger() { return *ledger_; }
  db::Writer& writer() { return *writer_; }
  db::Writer& ledger_writer() { return *ledger_writer_; }
  // The key-encryption key as it was when this was opened: wraps the vault's keys. And the one before it, while it is
  // being rotated.
  const crypto::Key& key() const { return key_; }
  const std::optional<crypto::Key>& former_key() const { return former_key_; }

 private:
  friend class Regions;
  std::string id_;
  crypto::Key key_;
  std::optional<crypto::Key> former_key_;
  std::unique_ptr<db::Database> data_;
  std::unique_ptr<db::Database> vault_;
  std::unique_ptr<db::Database> ledger_;
  std::unique_ptr<db::Writer> writer_;  // after the databases: stopped before they close
  std::unique_ptr<db::Writer> ledger_writer_;
};

class Regions {
 public:
  // Opens every region's databases, bringing their schemas up to date. `before_migrating` runs between the two, over
  // databases as they were. Errors: invalid (settings, key files), conflict (newer schema), unavailable.
  using BeforeMigrating = std::function<Result<void>(Regions&)>;
  static Result<std::unique_ptr<Regions>> open(const Settings& settings, const Schemas& schemas,
                                               const BeforeMigrating& before_migrating = {});

  // Whether a database that is not new lacks steps of the schemas.
  Result<bool> needs_migration(const Schemas& schemas) const;

  // Makes the key-encryption keys that are missing (mode 0600). Errors: unavailable; invalid "region_key_missing",
  // where a region has a vault already, which a new key could not open.
  static Result<void> create_keys(const Settings& settings);

  // Where a person of that country belongs; the home region where it is unknown.
  Region& of_country(std::string_view country);
  Region* find(std::string_view id);  // nullptr if there is none
  Region& home() { return *home_; }
  std::span<const std::unique_ptr<Region>> all() const { return regions_; }

  // Whether more may be stored. Whoever adds to what is stored asks first; what erases, or is small, does not. Errors:
  // unavailable "disk_nearly_full".
  Result<void> room() { return disk_->room(); }
  const db::DiskReserve& disk() const { return *disk_; }

  // Stops the writers after what they accepted. Idempotent.
  void stop();

 private:
  std::vector<std::unique_ptr<Region>> regions_;
  std::unordered_map<std::string, Region*> by_country_;
  Region* home_ = nullptr;
  std::unique_ptr<db::DiskReserve> disk_;
};

}  // namespace handschlag::regions
