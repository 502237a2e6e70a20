#include "app/upkeep.h"

#include <fmt/format.h>

#include <thread>

#include "app/version.h"
#include "features/imports/imports.h"

namespace handschlag::app {
namespace {

// Between two steps of a rotation, for those who wait for the vault.
constexpr std::chrono::milliseconds kPause{5};

void append(std::vector<db::Migration>& to, std::span<const db::Migration> from) {
  to.insert(to.end(), from.begin(), from.end());
}

// What a database's file has now; 0 on PostgreSQL.
std::uintmax_t size_of(const db::Options& options) {
  std::uintmax_t bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    std::error_code error;
    auto size = std::filesystem::file_size(options.location + suffix, error);
    if (!error) bytes += size;
  }
  return bytes;
}

std::unexpected<Error> upkeep_running() {
  return fail(ErrorKind::conflict, "upkeep_running",
              "A backup is being taken, or the key of a region rotated; wait until that is done.");
}

class Silent final : public backup::Progress {
 public:
  void report(const std::string&, std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() override { return false; }
};

}  // namespace

std::vector<db::Migration> control_schema() {
  std::vector<db::Migration> out;
  append(out, jobs::migrations());
  append(out, idempotency::migrations());
  append(out, staff::migrations());
  append(out, approvals::migrations());
  append(out, rulebook::migrations());
  append(out, notices::migrations());
  append(out, sources::migrations());
  append(out, imports::migrations());
  append(out, moves::migrations());
  append(out, webhooks::migrations());
  append(out, templates::migrations());
  return out;
}

db::Options control_options(const Settings& settings) {
  db::Options options;
  if (settings.regions.postgres_url.empty()) {
    options.location = (settings.regions.data_folder / "control.db").string();
  } else {
    options.location = settings.regions.postgres_url;
    options.schema = "handschlag_control";
  }
  return options;
}

std::filesystem::path backup_keys(const Settings& settings) {
  return settings.regions.key_folder / "backups";
}

std::filesystem::path erasure_list(const Settings& settings, const std::string& region) {
  return settings.regions.key_folder / "erasures" / (region + ".list");
}

std::filesystem::path scratch_folder(const Settings& settings) {
  return settings.regions.data_folder / "backup.tmp";
}

backup::Job backup_job(const Settings& settings, db::Database& control, regions::Regions& regions,
                       std::function<std::vector<RegionSecret>()> keys) {
  backup::Job job;
  job.key_ring = backup_keys(settings);
  job.scratch = scratch_folder(settings);
  job.program = kVersion;
  job.storage = settings.regions.postgres_url.empty() ? "sqlite" : "postgresql";
  auto add = [&](const std::string& region, const std::string& name, db::Database& database) {
    job.parts.push_back(
        {region + "-" + name, &database, size_of(regions::database_options(settings.regions, region, name))});
  };
  for (const auto& region : regions.all()) {
    add(region->id(), "data", region->data());
    add(region->id(), "vault", region->vault());
    add(region->id(), "ledger", region->ledger());
  }
  job.parts.push_back({"control", &control, size_of(control_options(settings))});
  job.secrets = [keys = std::move(keys)]() -> Result<std::map<std::string, std::string>> {
    std::map<std::string, std::string> out;
    for (const RegionSecret& secret : keys()) {
      out[secret.region] = secret.keys.current.bytes();
      if (secret.keys.former) out[secret.region + ".former"] = secret.keys.former->bytes();
    }
    return out;
  };
  return job;
}

Result<void> back_up_before_migrating(const Settings& settings, db::Database& control, regions::Regions& regions,
                                      const Clock& clock) {
  auto job = backup_job(settings, control, regions, [&] {
    std::vector<RegionSecret> out;
    for (const auto& region : regions.all()) out.push_back({region->id(), {region->key(), region->former_key()}});
    return out;
  });
  std::filesystem::path folder = settings.regions.data_folder.string() + ".backups";
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  std::string moment = format_time(clock.now()).substr(0, 19);
  std::erase(moment, ':');
  const std::string name = fmt::format("before-{}-{}", kVersionNumber, moment);
  job.to = folder / name;
  // Of a start in the same second, which was cut short or waits for us.
  for (int next = 2; std::filesystem::exists(job.to, error); ++next) job.to = folder / fmt::format("{}-{}", name, next);
  log::info("the databases are of an older version: backing them up before they are brought up to date",
            {{"folder", job.to.string()}});
  Silent progress;
  auto report = backup::create(job, clock, progress);
  if (report) {
    log::info("backed up", {{"folder", job.to.string()}, {"bytes", static_cast<std::int64_t>(report->bytes)}});
    return {};
  }
  Error failed = report.error();
  failed.detail = fmt::format(
      "The databases are of an older version and could not be backed up before they are "
      "brought up to date, so nothing was changed. {}",
      failed.detail);
  return std::unexpected(std::move(failed));
}

Result<backup::Report> App::back_up(const std::filesystem::path& to, std::chrono::days key_life,
                                    backup::Progress& progress) {
  std::unique_lock upkeep(upkeep_, std::try_to_lock);
  if (!upkeep) return upkeep_running();
  auto job = backup_job(settings_, *control_, *regions_, [this] {
    std::vector<RegionSecret> out;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      (void)places_[i].vault->refresh();  // a key that another node has destroyed has no place in a backup
      out.push_back({regions_->all()[i]->id(), places_[i].vault->region_keys()});
    }
    return out;
  });
  job.to = to;
  job.key_life = key_life;
  const std::int64_t before = TRY(departures());
  auto report = backup::create(job, clock_, progress);
  // No move of this node comes between (see open_moves()); one of another node may.
  if (report && TRY(departures()) != before) {
    std::error_code ignored;
    std::filesystem::remove_all(to, ignored);
    report = fail(ErrorKind::conflict, "backup_crossed_by_move",
                  "A customer was moved to another region meanwhile, so the backup was not kept; take it again.");
  }
  (void)staff_->record({"cli", "backup", report ? "backup:" + report->manifest.id : "", "",
                        report ? staff::Outcome::ok : staff::Outcome::failed});
  return report;
}

Result<std::int64_t> App::departures() {
  std::int64_t sum = 0;
  for (const auto& region : regions_->all()) {
    TRY(region->data().read([&](db::Transaction& tx) -> Result<void> {
      sum += TRY(subjects::departures(tx));
      return {};
    }));
  }
  return sum;
}

Result<void> App::prune_backups() {
  auto destroyed = TRY(backup::prune(backup_keys(settings_), clock_));
  if (destroyed > 0) log::info("keys of old backups were destroyed", {{"keys", static_cast<std::int64_t>(destroyed)}});
  return {};
}

Result<void> App::release_proofs(jobs::Lease& lease) {
  constexpr std::int64_t kAtOnce = 50;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    IdentityId after;
    do {
      if (lease.should_stop()) return jobs::Lease::interrupted();
      const IdentityId from = after;
      TRY(regions_->all()[i]->writer().run([&](db::Transaction& tx) -> Result<void> {
        after = TRY(places_[i].consents->release(tx, clock_.now(), from, kAtOnce));
        return {};
      }));
    } while (after);
  }
  return {};
}

App::Place* App::place_of(std::string_view region) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (regions_->all()[i]->id() == region) return &places_[i];
  }
  return nullptr;
}

Result<App::Place*> App::known_place(std::string_view region) {
  if (Place* place = place_of(region)) return place;
  return fail(ErrorKind::not_found, "region_unknown", fmt::format("There is no region '{}'.", region));
}

Result<void> App::enqueue_rotation(std::string_view job, const std::string& region) {
  if (!jobs_) return {};
  TRY(control_->write([&](db::Transaction& tx) -> Result<void> {
    TRY(jobs::enqueue(tx, {.kind = job, .payload = region, .unique_key = region}));
    return {};
  }));
  jobs_->wake();
  return {};
}

Result<void> App::rotate_region_key(const std::string& region, const staff::Actor& actor) {
  Place* place = TRY(known_place(region));
  TRY(staff_->check_four_eyes(actor, "rotate_region_key", "region:" + region));
  std::unique_lock upkeep(upkeep_, std::try_to_lock);
  if (!upkeep) return upkeep_running();
  auto fresh = TRY(regions::begin_key_rotation(settings_.regions, region));
  place->rewrapped = 0;
  TRY(place->vault->rotate(fresh));
  TRY(staff_->record({actor.principal, "keys rotate region", "region:" + region, actor.trace_id, staff::Outcome::ok}));
  return enqueue_rotation(kRewrapJob, region);
}

Result<void> App::rotate_digest_key(const std::string& region, const staff::Actor& actor) {
  Place* place = TRY(known_place(region));
  TRY(staff_->check_four_eyes(actor, "rotate_digest_key", "region:" + region));
  TRY(place->digests->begin());
  TRY(staff_->record({actor.principal, "keys rotate digest", "region:" + region, actor.trace_id, staff::Outcome::ok}));
  return enqueue_rotation(kRedigestJob, region);
}

Result<bool> App::rotates_digests(const std::string& region) {
  return TRY(known_place(region))->digests->running();
}

Result<void> App::finish_digest_key(const std::string& region, const std::function<bool()>& cancelled) {
  Place* place = TRY(known_place(region));
  if (!TRY(place->digests->running())) return {};
  TRY(place->digests->finish(cancelled));
  return staff_->record({"cli", "digest key rotated", "region:" + region, "", staff::Outcome::ok});
}

std::optional<std::uint64_t> App::rotation(const std::string& region) {
  Place* place = place_of(region);
  if (place != nullptr) (void)place->vault->refresh();  // another node may have ended it
  if (place == nullptr || !place->vault->region_keys().former) return std::nullopt;
  return place->rewrapped.load();
}

Result<void> App::finish_region_key(const std::string& region, const std::function<bool()>& cancelled) {
  return rewrap(region, cancelled);
}

Result<void> App::rewrap(jobs::Lease& lease) {
  return rewrap(lease.job().payload, [&] { return lease.should_stop(); });
}

Result<void> App::rewrap(const std::string& region, const std::function<bool()>& cancelled) {
  Place* place = place_of(region);
  if (place == nullptr) return {};
  TRY(place->vault->refresh());  // another node may have begun it, or ended it
  if (!place->vault->region_keys().former) return {};
  const vault::RegionKeys keys = place->vault->region_keys();
  vault::Vault::Position position;
  while (!TRY(place->vault->rewrap(position))) {
    place->rewrapped = position.done;
    if (cancelled()) return jobs::Lease::interrupted();
    std::this_thread::sleep_for(kPause);
  }
  std::lock_guard upkeep(upkeep_);  // a backup that is being taken names both keys
  // What was brought over is under the key of then; the former one is destroyed for no other.
  if (!crypto::equal(place->vault->region_keys().current.bytes(), keys.current.bytes())) {
    return jobs::Lease::interrupted();
  }
  TRY(place->vault->finish_rotation());
  TRY(regions::finish_key_rotation(settings_.regions, region));
  return staff_->record({"cli", "keys rotated", "region:" + region, "", staff::Outcome::ok});
}

Result<void> App::resume_rotations() {
  std::vector<std::string> redigest;
  for (const auto& region : regions_->all()) {
    if (TRY(rotates_digests(region->id()))) redigest.push_back(region->id());
  }
  return control_->write([&](db::Transaction& tx) -> Result<void> {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const std::string& region = regions_->all()[i]->id();
      if (!places_[i].vault->region_keys().former) continue;
      TRY(jobs::enqueue(tx, {.kind = kRewrapJob, .payload = region, .unique_key = region}));
    }
    for (const std::string& region : redigest) {
      TRY(jobs::enqueue(tx, {.kind = kRedigestJob, .payload = region, .unique_key = region}));
    }
    return {};
  });
}

}  // namespace handschlag::app
