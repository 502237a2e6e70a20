// The folder in which an installation keeps its databases: who uses it, and whether all that belongs there is there.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "app/settings.h"
#include "platform/base/result.h"

namespace handschlag::app {

// The options that name this data folder and its settings to a command: "--data /var/lib/handschlag --config ...".
std::string where(const Settings& settings);

// The exclusive use of a data folder by one process, as long as the object lives.
class FolderLock {
 public:
  // Errors: conflict, code "folder_in_use".
  static Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

// A database that is gone must not be made anew in silence: the new one would know nobody, and give out the old ids
// again. Errors: invalid "not_initialized"; unavailable "database_missing".
Result<void> check_files(const Settings& settings);

// People of a region that the settings do not name would be strangers: met again in another region, and missing from a
// backup. Errors: invalid "region_not_named".
Result<void> check_regions(const Settings& settings);

// While a folder is being made.
std::filesystem::path unfinished_mark(const Settings& settings);

// That nothing is made anew in the place of something lost: what a lost database held would be taken for new, and what
// was numbered in it would be numbered again. Errors: unavailable "database_missing".
Result<void> check_nothing_lost(const Settings& settings);

}  // namespace handschlag::app
