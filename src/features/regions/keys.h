// The files that hold the regions' key-encryption keys. Private to the slice.
//
//   eu.key          the key; 32 bytes in base64
//   eu.key.former   the one before it, as long as something in the vault is wrapped by it
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "features/regions/regions.h"

namespace handschlag::regions {

std::filesystem::path key_file(const Settings& settings, std::string_view region);

// The key comes to stand under its name whole or not at all, whenever the power goes; and an existing one is never
// overwritten, for what it sealed would be lost.
Result<void> create_key(const std::filesystem::path& path, const crypto::Key& key);

// From HANDSCHLAG_KEY_EU (base64) or the key file.
Result<crypto::Key> load_key(const Settings& settings, const std::string& region);
// Destroys the former key's file, where there is one and the key does not come from the environment. Errors:
// unavailable "key_not_written".
Result<void> drop_former_key(const Settings& settings, const std::string& region);

// From HANDSCHLAG_KEY_EU_FORMER or the former key's file; nothing where the key is not being rotated. The
// same as the key of now where the program ended before a rotation had begun.
Result<std::optional<crypto::Key>> load_former_key(const Settings& settings, const std::string& region);

}  // namespace handschlag::regions
