// The keys of backups, each in a file of its own (ID.key) in a folder apart from data and backups. Private to the
// slice.
#pragma once

#include <filesystem>
#include <string>

#include "features/backup/backup.h"

namespace handschlag::backup {

struct KeyFile {
  KeyInfo info;
  crypto::Key key;
};

// Errors: unavailable.
Result<void> add_key(const std::filesystem::path& key_ring, const KeyFile& key);
// Errors: not_found "file_unreadable"; invalid "backup_key_malformed".
Result<KeyFile> read_key(const std::filesystem::path& file);
std::filesystem::path key_path(const std::filesystem::path& key_ring, const std::string& id);

}  // namespace handschlag::backup
