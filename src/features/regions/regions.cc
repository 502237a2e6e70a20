#include "features/regions/regions.h"

#include <fmt/format.h>

#include <set>

#include "features/regions/keys.h"
#include "platform/text/text.h"

namespace handschlag::regions {
namespace {

constexpr std::size_t kWriterQueue = 4096;  // tasks; ingest and ledger gather their own groups before this

bool is_region_id(std::string_view id) {
  if (id.empty() || id.size() > 16) return false;
  return id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

}  // namespace

Result<void> check_settings(const Settings& settings) {
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

namespace {

Result<std::unique_ptr<db::Database>> open_database(const Settings& settings, const std::string& region,
                                                    const std::string& name) {
  if (settings.postgres_url.empty()) {
    auto folder = settings.data_folder / "regions" / region;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return fail(ErrorKind::unavailable, "folder_not_writable",
                  fmt::format("{} can't be made: {}.", folder.string(), error.message()));
    }
  }
  return db::Database::open(database_options(settings, region, name));
}

// Whether a key was in use already, which a new one must not stand in for. Where that can't be found out: as if so.
bool has_vault(const Settings& settings, const std::string& region) {
  const db::Options options = database_options(settings, region, "vault");
  std::error_code error;
  if (settings.postgres_url.empty() && !std::filesystem::exists(options.location, error)) return false;
  auto database = db::Database::open(options);
  if (!database) return true;
  auto state = (*database)->schema_state({});
  return !state || state->unknown > 0;
}

}  // namespace

db::Options database_options(const Settings& settings, const std::string& region, const std::string& name) {
  db::Options options;
  options.secure_delete = name == "vault";
  if (settings.postgres_url.empty()) {
    options.location = (settings.data_folder / "regions" / region / (name + ".db")).string();
  } else {
    options.location = settings.postgres_url;
    options.schema = fmt::format("handschlag_{}_{}", region, name);
  }
  return options;
}

std::vector<RegionSettings> default_regions() {
  return {
      {"eu", {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IS", "IE", "IT",
              "LV", "LI", "LT", "LU", "MT", "NL", "NO", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "CH"}},
      {"uk", {"GB", "GG", "JE", "IM"}},
      {"us", {"US", "PR"}},
  };
}

Result<void> Regions::create_keys(const Settings& settings) {
  TRY(check_settings(settings));
  TRY(claim_key_folder(settings));
  for (const RegionSettings& region : settings.regions) {
    auto key = load_key(settings, region.id);
    if (key || key.error().code != "region_key_missing") continue;  // what is wrong with it is told at opening
    if (has_vault(settings, region.id)) {
      return fail(
          ErrorKind::invalid, "region_key_missing",
          fmt::format("Region '{}' has data and its key is gone; no other one can read it. Put {} back from your "
                      "copy.",
                      region.id, key_file(settings, region.id).string()));
    }
    TRY(create_key(key_file(settings, region.id), crypto::Key::random()));
  }
  return {};
}

Result<std::unique_ptr<Regions>> Regions::open(const Settings& settings, const Schemas& schemas,
                                               const BeforeMigrating& before_migrating) {
  TRY(check_settings(settings));
  TRY(claim_key_folder(settings));
  auto regions = std::make_unique<Regions>();
  const bool embedded = settings.postgres_url.empty();  // else the disk is that of another program
  regions->disk_ = std::make_unique<db::DiskReserve>(embedded ? settings.disk_reserve : 0,
                                                     db::DiskReserve::space_of(settings.data_folder));
  for (const RegionSettings& entry : settings.regions) {
    auto region = std::make_unique<Region>();
    region->id_ = entry.id;
    region->key_ = TRY(load_key(settings, entry.id));
    region->former_key_ = TRY(load_former_key(settings, entry.id));
    const bool begun = region->former_key_ && !crypto::equal(region->former_key_->bytes(), region->key_.bytes());
    if (!begun) {
      region->former_key_.reset();
      // Left by a program that was killed before a rotation began, or while it destroyed the key. Not where another
      // node may be about to begin one.
      if (embedded) (void)drop_former_key(settings, entry.id);
    }
    region->data_ = TRY(open_database(settings, entry.id, "data"));
    region->vault_ = TRY(open_database(settings, entry.id, "vault"));
    region->ledger_ = TRY(open_database(settings, entry.id, "ledger"));
    region->writer_ = std::make_unique<db::Writer>(*region->data_, kWriterQueue);
    region->ledger_writer_ = std::make_unique<db::Writer>(*region->ledger_, kWriterQueue);
    for (const std::string& country : entry.countries) regions->by_country_[country] = region.get();
    if (entry.id == settings.home) regions->home_ = region.get();
    regions->regions_.push_back(std::move(region));
  }
  if (before_migrating) TRY(before_migrating(*regions));
  for (const auto& region : regions->regions_) {
    TRY(region->data_->migrate(schemas.data));
    TRY(region->vault_->migrate(schemas.vault));
    TRY(region->ledger_->migrate(schemas.ledger));
  }
  return regions;
}

Result<bool> Regions::needs_migration(const Schemas& schemas) const {
  for (const auto& region : regions_) {
    for (auto& [database, schema] :
         {std::pair{region->data_.get(), &schemas.data}, std::pair{region->vault_.get(), &schemas.vault},
          std::pair{region->ledger_.get(), &schemas.ledger}}) {
      auto state = TRY(database->schema_state(*schema));
      if (state.applied > 0 && state.missing > 0) return true;
    }
  }
  return false;
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
