#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>

#include "app/upkeep.h"
#include "features/events/events.h"
#include "features/imports/imports.h"
#include "features/outreach/outreach.h"
#include "features/webhooks/webhooks.h"

namespace handschlag::app {
namespace {

namespace fs = std::filesystem;

// Between the backup and its restoring identities were made and events were stored of which nothing is known any more.
// Their numbers are not given out a second time: they may stand in somebody's list.
constexpr std::int64_t kIdentityGap = 1'000'000;
constexpr std::int64_t kEventGap = 10'000'000;

struct Place {
  const backup::PartInfo* part;
  db::Options options;
  std::vector<db::Migration> schema;
};

// Settings as they are while the databases stand in a folder of another name.
Settings moved_to(const Settings& settings, const fs::path& folder) {
  Settings out = settings;
  out.regions.data_folder = folder;
  return out;
}

Result<std::vector<Place>> places(const Settings& settings, const backup::Manifest& manifest) {
  std::vector<Place> out;
  regions::Schemas schemas = region_schemas();
  std::set<std::string> wanted = {"control"};
  for (const auto& region : settings.regions.regions) {
    for (const char* name : {"data", "vault", "ledger"}) wanted.insert(region.id + "-" + name);
  }
  for (const backup::PartInfo& part : manifest.parts) {
    if (wanted.erase(part.name) == 0) {
      return fail(ErrorKind::invalid, "regions_differ",
                  fmt::format("The backup has {}, of a region that the settings do not name; name it with --config.",
                              part.name));
    }
    if (part.name == "control") {
      out.push_back({&part, control_options(settings), control_schema()});
      continue;
    }
    auto dash = part.name.rfind('-');
    std::string kind = part.name.substr(dash + 1);
    out.push_back({&part, regions::database_options(settings.regions, part.name.substr(0, dash), kind),
                   kind == "data"    ? schemas.data
                   : kind == "vault" ? schemas.vault
                                     : schemas.ledger});
  }
  if (wanted.empty()) return out;
  return fail(
      ErrorKind::invalid, "regions_differ",
      fmt::format("The backup lacks {}; the settings name a region that it does not have.", fmt::join(wanted, ", ")));
}

Result<void> check_folder(const Settings& settings) {
  const auto& folder = settings.regions.data_folder;
  std::error_code error;
  if (!fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error))) return {};
  return fail(ErrorKind::conflict, "folder_not_empty",
              fmt::format("{} holds something already; name a new folder with --data.", folder.string()));
}

Result<void> check_room(const Settings& settings, const backup::Manifest& manifest) {
  double bytes = 0;
  for (const backup::PartInfo& part : manifest.parts) bytes += static_cast<double>(part.bytes);
  std::error_code error;
  auto space = fs::space(settings.regions.data_folder.parent_path(), error);
  if (error || !settings.regions.postgres_url.empty() || static_cast<double>(space.available) > bytes * 1.05) return {};
  return fail(
      ErrorKind::unavailable, "target_full",
      fmt::format("The data needs {:.1f} GB in {}, which has {:.1f} GB; make room there.", bytes / 1e9,
                  settings.regions.data_folder.parent_path().string(), static_cast<double>(space.available) / 1e9));
}

Result<void> check_schemas(const std::vector<Place>& places) {
  for (const Place& place : places) TRY(db::check_steps(place.part->schema, place.schema));
  return {};
}

// The backup's keys come to stand where none are. Where a region's key was rotated since, the backup's one becomes the
// former one, and the server brings the vault over to the key of now.
Result<std::vector<std::string>> put_keys(const Settings& settings, const backup::Opened& backup) {
  std::vector<std::string> to_rewrap;
  for (const auto& region : settings.regions.regions) {
    auto secret = backup.secrets.find(region.id);
    if (secret == backup.secrets.end()) {
      return fail(ErrorKind::invalid, "manifest_damaged", fmt::format("The backup lacks the key of {}.", region.id));
    }
    auto former = backup.secrets.find(region.id + ".former");
    std::optional<crypto::Key> before;
    if (former != backup.secrets.end()) before = TRY(crypto::Key::from_bytes(former->second));
    bool same =
        TRY(regions::put_keys(settings.regions, region.id, TRY(crypto::Key::from_bytes(secret->second)), before));
    if (!same || before) to_rewrap.push_back(region.id);
  }
  return to_rewrap;
}

Result<void> add_erasures(const Settings& settings, const std::vector<fs::path>& lists) {
  for (const fs::path& list : lists) {
    bool known = false;
    for (const auto& region : settings.regions.regions) {
      known = known || TRY(vault::join_erasures(erasure_list(settings, region.id), region.id, list));
    }
    if (!known) {
      return fail(ErrorKind::invalid, "erasure_list_damaged",
                  fmt::format("{} is no list of erasures of one of the regions.", list.string()));
    }
  }
  return {};
}

// A backup may be older than a slice.
bool has_slice(const backup::PartInfo& part, std::string_view slice) {
  return std::ranges::any_of(part.schema, [slice](const db::AppliedStep& step) { return step.slice == slice; });
}

// What must not go on where the backup left off. Answers how many webhooks are held.
Result<std::int64_t> mend(const std::vector<Place>& places, Time now) {
  std::int64_t held = 0;
  for (const Place& place : places) {
    bool data = place.part->name.ends_with("-data");
    if (!data && place.part->name != "control") continue;
    auto database = TRY(db::Database::open(place.options));
    TRY(database->write([&](db::Transaction& tx) -> Result<void> {
      if (!data) {
        if (has_slice(*place.part, "webhooks")) held = TRY(webhooks::hold_all(tx, now));
        return imports::forget_progress(tx);
      }
      if (has_slice(*place.part, "outreach")) TRY(outreach::hold_all(tx, now));
      TRY(events::skip_positions(tx, kEventGap));
      return identity::start_above(tx, TRY(identity::last_id(tx)) + kIdentityGap);
    }));
  }
  return held;
}

Result<void> name_finished(const fs::path& partial, const fs::path& folder) {
  std::error_code ignored;
  fs::remove(folder, ignored);  // an empty one
  if (std::rename(partial.c_str(), folder.c_str()) == 0) return {};
  return fail(ErrorKind::unavailable, "folder_not_writable",
              fmt::format("{} can't be made: {}.", folder.string(), std::strerror(errno)));
}

Result<void> make_folders(const Settings& settings) {
  std::error_code error;
  const auto& folder = settings.regions.data_folder;
  fs::remove_all(folder, error);  // of a restoring that was cut short
  for (const auto& region : settings.regions.regions) {
    if (settings.regions.postgres_url.empty()) fs::create_directories(folder / "regions" / region.id, error);
  }
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (!error) return {};
  return fail(ErrorKind::unavailable, "folder_not_writable",
              fmt::format("{} can't be made: {}.", folder.string(), error.message()));
}

}  // namespace

Result<RestoreReport> restore(const Settings& settings, const RestoreRequest& request, const Clock& clock,
                              backup::Progress& progress) {
  auto begin = std::chrono::steady_clock::now();
  auto backup = TRY(backup::open(request.from, backup_keys(settings), request.key_file, clock));
  std::string storage = settings.regions.postgres_url.empty() ? "sqlite" : "postgresql";
  if (backup.manifest.storage != storage) {
    return fail(ErrorKind::invalid, "storage_differs",
                fmt::format("The backup is one of {}, and the settings say {}; see storage.url.",
                            backup.manifest.storage, storage));
  }
  TRY(check_folder(settings));
  fs::path folder = settings.regions.data_folder;
  fs::path partial = folder.string() + ".restoring";
  Settings meanwhile = moved_to(settings, partial);
  auto all = TRY(places(meanwhile, backup.manifest));
  TRY(check_schemas(all));
  TRY(check_room(settings, backup.manifest));
  TRY(backup::check(backup, progress));
  RestoreReport report{backup.manifest, {}, {}};
  TRY(regions::claim_key_folder(settings.regions));
  report.regions_to_rewrap = TRY(put_keys(settings, backup));
  TRY(add_erasures(settings, request.erasures));
  TRY(make_folders(meanwhile));
  auto restored = [&]() -> Result<void> {
    for (const Place& place : all)
      TRY(backup::restore_part(backup, *place.part, place.options, place.schema, progress));
    report.webhooks_held = TRY(mend(all, clock.now()));
    return name_finished(partial, folder);
  }();
  if (!restored) {
    std::error_code ignored;
    fs::remove_all(partial, ignored);
    return std::unexpected(restored.error());
  }
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  return report;
}

}  // namespace handschlag::app
