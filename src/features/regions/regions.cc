#include "features/regions/regions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "platform/text/text.h"

namespace handschlag::regions {
namespace {

constexpr std::size_t kWriterQueue = 4096;  // tasks; ingest and ledger gather their own groups before this

bool is_region_id(std::string_view id) {
  if (id.empty() || id.size() > 16) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

Result<void> check(const Settings& settings) {
  std::set<std::string> ids;
  std::set<std::string> countries;
  for (const RegionSettings& region : settings.regions) {
    if (!is_region_id(region.id) || !ids.insert(region.id).second) {
      return fail(
          ErrorKind::invalid, "region_invalid",
          fmt::format("Region '{}': an id has lower-case letters and digits, up to 16, and stands once.", region.id));
    }
    for (const std::string& country : region.countries) {
      if (text::country_code(country) != country || !countries.insert(country).second) {
        return fail(ErrorKind::invalid, "region_country_invalid",
                    fmt::format("Region '{}': '{}' is no ISO 3166 country code, or stands in two regions.", region.id,
                                country));
      }
    }
  }
  if (!ids.contains(settings.home)) {
    return fail(ErrorKind::invalid, "region_home_unknown",
                fmt::format("The home region '{}' is not among the regions.", settings.home));
  }
  return {};
}

std::filesystem::path key_file(const Settings& settings, std::string_view region) {
  return settings.key_folder / fmt::format("{}.key", region);
}

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

// The key comes to stand under its name whole or not at all, whenever the power goes; and an existing one is never
// overwritten, for what it sealed would be lost.
Result<void> create_key(const std::filesystem::path& path) {
  std::filesystem::path fresh = path.string() + ".new";
  bool written = write_synced(fresh, crypto::to_base64(crypto::Key::random().bytes()) + "\n");
  bool named = written && (::link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(fresh.c_str());
  if (named && sync_folder(path.parent_path())) return {};
  return fail(ErrorKind::unavailable, "key_not_written", fmt::format("{} can't be written.", path.string()));
}

// From HANDSCHLAG_KEY_EU (base64) or the key file.
Result<crypto::Key> load_key(const Settings& settings, const std::string& region) {
  std::string variable = "HANDSCHLAG_KEY_";
  for (char c : region) variable += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  std::string encoded;
  if (const char* value = std::getenv(variable.c_str())) {
    encoded = value;
  } else {
    std::ifstream file(key_file(settings, region));
    if (!(file >> encoded)) {
      return fail(
          ErrorKind::invalid, "region_key_missing",
          fmt::format("The key of region '{}' is missing: neither {} nor {} has it. Without it the data can't be "
                      "read; put the file back, or run 'handschlag init' for a new installation.",
                      region, variable, key_file(settings, region).string()));
    }
  }
  auto bytes = crypto::from_base64(encoded);
  auto key = bytes ? crypto::Key::from_bytes(*bytes) : Result<crypto::Key>(std::unexpected(bytes.error()));
  if (!key) {
    return fail(ErrorKind::invalid, "region_key_malformed",
                fmt::format("The key of region '{}' is not 32 bytes in base64.", region));
  }
  return key;
}

Result<std::unique_ptr<db::Database>> open_database(const Settings& settings, const std::string& region,
                                                    const std::string& name, const std::vector<db::Migration>& schema) {
  db::Options options;
  options.secure_delete = name == "vault";
  if (settings.postgres_url.empty()) {
    auto folder = settings.data_folder / "regions" / region;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return fail(ErrorKind::unavailable, "folder_not_writable",
                  fmt::format("{} can't be made: {}.", folder.string(), error.message()));
    }
    options.location = (folder / (name + ".db")).string();
  } else {
    options.location = settings.postgres_url;
    options.schema = fmt::format("handschlag_{}_{}", region, name);
  }
  auto database = TRY(db::Database::open(options));
  TRY(database->migrate(schema));
  return database;
}

}  // namespace

std::vector<RegionSettings> default_regions() {
  return {
      {"eu", {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IS", "IE", "IT",
              "LV", "LI", "LT", "LU", "MT", "NL", "NO", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "CH"}},
      {"uk", {"GB", "GG", "JE", "IM"}},
      {"us", {"US", "PR"}},
  };
}

Result<void> Regions::create_keys(const Settings& settings) {
  TRY(check(settings));
  std::error_code error;
  std::filesystem::create_directories(settings.key_folder, error);
  if (!error) {
    std::filesystem::permissions(settings.key_folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return fail(ErrorKind::unavailable, "folder_not_writable",
                fmt::format("The key folder {} can't be made: {}.", settings.key_folder.string(), error.message()));
  }
  for (const RegionSettings& region : settings.regions) TRY(create_key(key_file(settings, region.id)));
  return {};
}

Result<std::unique_ptr<Regions>> Regions::open(const Settings& settings, const Schemas& schemas) {
  TRY(check(settings));
  auto regions = std::make_unique<Regions>();
  for (const RegionSettings& entry : settings.regions) {
    auto region = std::make_unique<Region>();
    region->id_ = entry.id;
    region->key_ = TRY(load_key(settings, entry.id));
    region->data_ = TRY(open_database(settings, entry.id, "data", schemas.data));
    region->vault_ = TRY(open_database(settings, entry.id, "vault", schemas.vault));
    region->ledger_ = TRY(open_database(settings, entry.id, "ledger", schemas.ledger));
    region->writer_ = std::make_unique<db::Writer>(*region->data_, kWriterQueue);
    region->ledger_writer_ = std::make_unique<db::Writer>(*region->ledger_, kWriterQueue);
    for (const std::string& country : entry.countries) regions->by_country_[country] = region.get();
    if (entry.id == settings.home) regions->home_ = region.get();
    regions->regions_.push_back(std::move(region));
  }
  return regions;
}

Region& Regions::of_country(std::string_view country) {
  auto it = by_country_.find(std::string(country));
  return it == by_country_.end() ? *home_ : *it->second;
}

Region* Regions::find(std::string_view id) {
  for (const auto& region : regions_) {
    if (region->id() == id) return region.get();
  }
  return nullptr;
}

void Regions::stop() {
  for (const auto& region : regions_) {
    region->writer_->stop();
    region->ledger_writer_->stop();
  }
}

}  // namespace handschlag::regions
