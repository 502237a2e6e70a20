// manifest.json: what a backup consists of, readable by anyone, and changed by nobody who does not have its key.
// Private to the slice.
#pragma once

#include <string>
#include <string_view>

#include "features/backup/backup.h"

namespace handschlag::backup {

inline constexpr const char* kManifestFile = "manifest.json";

std::string write_manifest(const Manifest& manifest, const crypto::Key& key);

struct SignedManifest {
  Manifest manifest;
  std::string text;  // what the seal is over
  std::string seal;
};
// Errors: invalid "manifest_damaged", "backup_newer".
Result<SignedManifest> read_manifest(std::string_view text);
bool is_true(const SignedManifest& manifest, const crypto::Key& key);

}  // namespace handschlag::backup
