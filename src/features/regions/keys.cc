#include "features/regions/keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace handschlag::regions {
namespace {

bool write_synced(const std::filesystem::path& path, const std::string& text) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return written;
}

bool sync_folder(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return synced;
}

std::unexpected<Error> not_written(const std::filesystem::path& path) {
  return fail(ErrorKind::unavailable, "key_not_written", fmt::format("{} can't be written.", path.string()));
}

std::string variable_of(std::string_view region) {
  std::string variable = "HANDSCHLAG_KEY_";
  for (char c : region) variable += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return variable;
}

std::filesystem::path former_file(const Settings& settings, std::string_view region) {
  return settings.key_folder / fmt::format("{}.key.former", region);
}

Result<crypto::Key> decode(const std::string& encoded, const std::string& region) {
  auto bytes = crypto::from_base64(encoded);
  auto key = bytes ? crypto::Key::from_bytes(*bytes) : Result<crypto::Key>(std::unexpected(bytes.error()));
  if (!key) {
    return fail(ErrorKind::invalid, "region_key_malformed",
                fmt::format("The key of region '{}' is not 32 bytes in base64.", region));
  }
  return key;
}

std::string read_word(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

constexpr char kOverwritten = '0';

// Overwritten before it goes, as far as the disk does as it is told.
bool destroy_file(const std::filesystem::path& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  if (!error && !write_synced(path, std::string(size, kOverwritten))) return false;
  return (::unlink(path.c_str()) == 0 || errno == ENOENT) && sync_folder(path.parent_path());
}

}  // namespace

Result<void> claim_key_folder(const Settings& settings) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::create_directories(settings.key_folder, error)) {
    fs::permissions(settings.key_folder, fs::perms::owner_all, error);
  }
  if (error) {
    return fail(ErrorKind::unavailable, "folder_not_writable",
                fmt::format("The key folder {} can't be made: {}.", settings.key_folder.string(), error.message()));
  }
  if (!settings.postgres_url.empty()) return {};
  const fs::path file = settings.key_folder / "data-folder";
  const fs::path own = fs::weakly_canonical(settings.data_folder, error);
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  const fs::path other = line;
  if (other == own) return {};
  // One that was moved, or lost and restored elsewhere, has left its keys to us.
  if (!other.empty() && fs::exists(other / "control.db", error)) {
    return fail(ErrorKind::conflict, "key_folder_in_use",
                fmt::format("The keys in {} are those of the data folder {}. Each has a key folder of its own: name "
                            "another one (storage.key_folder), or move that data folder away first.",
                            settings.key_folder.string(), other.string()));
  }
  (void)write_synced(file, own.string() + "\n");  // one that can't be written to can't lose a key either
  return {};
}

std::filesystem::path key_file(const Settings& settings, std::string_view region) {
  return settings.key_folder / fmt::format("{}.key", region);
}

Result<void> create_key(const std::filesystem::path& path, const crypto::Key& key) {
  std::filesystem::path fresh = path.string() + ".new";
  bool written = write_synced(fresh, crypto::to_base64(key.bytes()) + "\n");
  bool named = written && (::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(fresh.c_str());
  if (named && sync_folder(path.parent_path())) return {};
  return not_written(path);
}

Result<crypto::Key> load_key(const Settings& settings, const std::string& region) {
  std::string variable = variable_of(region);
  const char* value = std::getenv(variable.c_str());
  std::string encoded = value == nullptr ? read_word(key_file(settings, region)) : value;
  if (!encoded.empty()) return decode(encoded, region);
  return fail(ErrorKind::invalid, "region_key_missing",
              fmt::format("The key of region '{}' is missing: neither {} nor {} has it. Without it the data can't be "
                          "read; put the file back, or run 'handschlag init' for a new installation.",
                          region, variable, key_file(settings, region).string()));
}

Result<std::optional<crypto::Key>> load_former_key(const Settings& settings, const std::string& region) {
  const char* value = std::getenv((variable_of(region) + "_FORMER").c_str());
  std::string encoded = value == nullptr ? read_word(former_file(settings, region)) : value;
  if (encoded.find_first_not_of(kOverwritten) == std::string::npos) return std::nullopt;  // none, or being destroyed
  return TRY(decode(encoded, region));
}

Result<Keys> read_keys(const Settings& settings, const std::string& region) {
  Keys keys{TRY(load_key(settings, region)), TRY(load_former_key(settings, region))};
  const bool begun = keys.former && !crypto::equal(keys.former->bytes(), keys.current.bytes());
  if (!begun) keys.former.reset();
  return keys;
}

Result<crypto::Key> begin_key_rotation(const Settings& settings, const std::string& region) {
  if (std::getenv(variable_of(region).c_str()) != nullptr) {
    return fail(ErrorKind::invalid, "region_key_from_environment",
                fmt::format("The key of region '{0}' comes from {1}, which only you can change: set {1}_FORMER to the "
                            "key of now and {1} to a new one (32 random bytes in base64), and start the server again.",
                            region, variable_of(region)));
  }
  crypto::Key current = TRY(load_key(settings, region));
  auto former = TRY(load_former_key(settings, region));
  if (former && !crypto::equal(former->bytes(), current.bytes())) {
    return fail(ErrorKind::conflict, "rotation_running",
                fmt::format("The key of region '{}' is being rotated already; wait until that is done.", region));
  }
  auto path = key_file(settings, region);
  std::filesystem::path next = path.string() + ".next";
  crypto::Key fresh = crypto::Key::random();
  if (!former && !destroy_file(former_file(settings, region))) return not_written(former_file(settings, region));
  // First the former key gets its name, then the new one takes its place: at no moment is one of them missing. Where
  // both are the same, the power went in between, and nothing had begun.
  TRY(create_key(former_file(settings, region), current));
  if (!write_synced(next, crypto::to_base64(fresh.bytes()) + "\n") || std::rename(next.c_str(), path.c_str()) != 0 ||
      !sync_folder(path.parent_path())) {
    return not_written(path);
  }
  return fresh;
}

Result<bool> put_keys(const Settings& settings, const std::string& region, const crypto::Key& key,
                      const std::optional<crypto::Key>& former) {
  std::error_code error;
  if (std::filesystem::create_directories(settings.key_folder, error)) {
    std::filesystem::permissions(settings.key_folder, std::filesystem::perms::owner_all, error);
  }
  auto current = load_key(settings, region);
  if (!current && current.error().code != "region_key_missing") return std::unexpected(current.error());
  if (!current) {
    TRY(create_key(key_file(settings, region), key));
    current = key;
  }
  bool same = crypto::equal(current->bytes(), key.bytes());
  std::optional<crypto::Key> second = same ? former : std::optional(key);
  if (!second) return true;
  auto there = TRY(load_former_key(settings, region));
  bool fits = (same || !former) && (!there || crypto::equal(there->bytes(), second->bytes()));
  if (!fits) {
    return fail(ErrorKind::conflict, "region_keys_differ",
                fmt::format("The key folder {} has keys of region '{}' that are neither those of the backup nor one "
                            "after it; name another key folder, or another data folder.",
                            settings.key_folder.string(), region));
  }
  TRY(create_key(former_file(settings, region), *second));
  return same;
}

Result<void> drop_former_key(const Settings& settings, const std::string& region) {
  const auto former = former_file(settings, region);
  std::error_code error;
  const bool from_environment = std::getenv((variable_of(region) + "_FORMER").c_str()) != nullptr;
  if (from_environment || !std::filesystem::exists(former, error) || destroy_file(former)) return {};
  return not_written(former);
}

Result<void> finish_key_rotation(const Settings& settings, const std::string& region) {
  auto former = former_file(settings, region);
  if (destroy_file(former)) return {};
  return not_written(former);
}

}  // namespace handschlag::regions
