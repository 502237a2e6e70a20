#include "app/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

namespace handschlag::app {

std::string where(const Settings& settings) {
  std::string out = fmt::format("--data {}", settings.regions.data_folder.string());
  if (!settings.file.empty()) out += fmt::format(" --config {}", settings.file.string());
  return out;
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  auto path = folder / "lock";
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorKind::unavailable, "folder_not_writable", fmt::format("{} can't be written.", path.string()));
  }
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return fail(
        ErrorKind::conflict, "folder_in_use",
        fmt::format("{} is in use by another handschlag; stop it, or wait until it has finished.", folder.string()));
  }
  return FolderLock(file);
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

Result<void> check_files(const Settings& settings) {
  if (!settings.regions.postgres_url.empty()) return {};
  const auto& folder = settings.regions.data_folder;
  std::vector<std::filesystem::path> files = {folder / "control.db"};
  for (const auto& region : settings.regions.regions) {
    for (const char* name : {"data.db", "vault.db", "ledger.db"})
      files.push_back(folder / "regions" / region.id / name);
  }
  std::error_code error;
  if (!std::filesystem::exists(files.front(), error) && !std::filesystem::exists(folder / "regions", error)) {
    return fail(
        ErrorKind::invalid, "not_initialized",
        std::filesystem::exists(folder / "lock", error)
            ? fmt::format("There are no databases in {}. If they are in PostgreSQL, name the settings that say "
                          "so by --config; if making the folder was cut short, run: handschlag init {}",
                          folder.string(), where(settings))
            : fmt::format("{} is no data folder. Make one with: handschlag init {}", folder.string(), where(settings)));
  }
  for (const auto& file : files) {
    if (std::filesystem::file_size(file, error) > 0 && !error) continue;
    return fail(
        ErrorKind::unavailable, "database_missing",
        fmt::format("{} is missing or empty. Put it back from a backup; if its region is new, run: handschlag init "
                    "{}",
                    file.string(), where(settings)));
  }
  return {};
}

Result<void> check_regions(const Settings& settings) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(settings.regions.data_folder / "regions", error)) {
    const std::string id = entry.path().filename().string();
    const bool known =
        std::ranges::any_of(settings.regions.regions, [&](const auto& region) { return region.id == id; });
    if (known || !std::filesystem::exists(entry.path() / "data.db", error)) continue;
    return fail(
        ErrorKind::invalid, "region_not_named",
        fmt::format("{} has data, and the settings do not name region '{}'. Name the settings with --config, or "
                    "the region in [[regions.list]]; or move that folder away for good.",
                    entry.path().string(), id));
  }
  return {};
}

std::filesystem::path unfinished_mark(const Settings& settings) {
  return settings.regions.data_folder / "initializing";
}

Result<void> check_nothing_lost(const Settings& settings) {
  std::error_code error;
  const auto& folder = settings.regions.data_folder;
  if (!settings.regions.postgres_url.empty() || std::filesystem::exists(unfinished_mark(settings), error)) return {};
  if (!std::filesystem::exists(folder / "control.db", error) && !std::filesystem::exists(folder / "regions", error)) {
    return {};
  }
  auto lost = [](const std::filesystem::path& file) {
    return fail(ErrorKind::unavailable, "database_missing",
                fmt::format("{} is missing or empty, and others are there. Put it back from a backup. Only to begin a "
                            "region anew, without its people: move its folder and its key file away.",
                            file.string()));
  };
  auto there = [&](const std::filesystem::path& file) { return std::filesystem::file_size(file, error) > 0 && !error; };
  if (!there(folder / "control.db")) return lost(folder / "control.db");
  for (const auto& region : settings.regions.regions) {
    const auto place = folder / "regions" / region.id;
    // A new region has neither a folder nor a key yet.
    const bool is_new = !std::filesystem::exists(place, error) &&
                        !std::filesystem::exists(settings.regions.key_folder / (region.id + ".key"), error);
    if (is_new) continue;
    for (const char* name : {"data.db", "vault.db", "ledger.db"}) {
      if (!there(place / name)) return lost(place / name);
    }
  }
  return {};
}

}  // namespace handschlag::app
