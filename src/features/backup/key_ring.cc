#include "features/backup/key_ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/backup/files.h"
#include "platform/json/json.h"

namespace handschlag::backup {
namespace {

std::unexpected<Error> malformed(const std::filesystem::path& file) {
  return fail(ErrorKind::invalid, "backup_key_malformed", fmt::format("{} is no key of a backup.", file.string()));
}

Result<std::vector<std::filesystem::path>> key_files(const std::filesystem::path& key_ring) {
  std::vector<std::filesystem::path> out;
  std::error_code error;
  if (!std::filesystem::exists(key_ring, error)) return out;
  for (auto entry = std::filesystem::directory_iterator(key_ring, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".key") out.push_back(entry->path());
  }
  if (error) {
    return fail(ErrorKind::unavailable, "key_ring_unreadable",
                fmt::format("{} can't be read: {}.", key_ring.string(), error.message()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::filesystem::path key_path(const std::filesystem::path& key_ring, const std::string& id) {
  return key_ring / (id + ".key");
}

Result<void> add_key(const std::filesystem::path& key_ring, const KeyFile& key) {
  std::error_code error;
  if (std::filesystem::create_directories(key_ring, error)) {
    std::filesystem::permissions(key_ring, std::filesystem::perms::owner_all, error);
  }
  json::Value value = {{"backup", key.info.id},
                       {"created_at", format_time(key.info.created_at)},
                       {"expires_at", format_time(key.info.expires_at)},
                       {"key", crypto::to_base64(key.key.bytes())}};
  TRY(write_small(key_path(key_ring, key.info.id), json::dump(value) + "\n"));
  return sync_folder(key_ring);
}

Result<KeyFile> read_key(const std::filesystem::path& file) {
  std::string text = TRY(read_small(file));
  auto value = json::parse(text);
  if (!value) return malformed(file);
  json::Reader reader(*value);
  KeyFile out;
  out.info.id = reader.text("backup");
  auto created = parse_time(reader.text("created_at"));
  auto expires = parse_time(reader.text("expires_at"));
  auto bytes = crypto::from_base64(reader.text("key"));
  if (!reader.finish() || !created || !expires || !bytes) return malformed(file);
  auto key = crypto::Key::from_bytes(*bytes);
  if (!key) return malformed(file);
  out.info.created_at = *created;
  out.info.expires_at = *expires;
  out.key = *key;
  return out;
}

Result<std::vector<KeyInfo>> keys(const std::filesystem::path& key_ring) {
  std::vector<KeyInfo> out;
  for (const auto& file : TRY(key_files(key_ring))) out.push_back(TRY(read_key(file)).info);
  return out;
}

Result<std::size_t> prune(const std::filesystem::path& key_ring, const Clock& clock) {
  std::size_t destroyed = 0;
  for (const auto& file : TRY(key_files(key_ring))) {
    auto key = read_key(file);
    // One that can't be read (cut short by a loss of power, or no key at all) opens no backup, and stays to be seen.
    if (!key || key->info.expires_at > clock.now()) continue;
    if (!destroy_file(file)) {
      return fail(ErrorKind::unavailable, "key_not_destroyed",
                  fmt::format("{} has expired and can't be destroyed; remove it.", file.string()));
    }
    ++destroyed;
  }
  return destroyed;
}

}  // namespace handschlag::backup
