#include "app/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include "app/data_folder.h"
#include "app/upkeep.h"

namespace handschlag::app {
namespace {

constexpr int kGuardWaits = 20;
constexpr std::chrono::milliseconds kGuardWait{50};

}  // namespace

Result<void> App::initialize(const Settings& settings) {
  const auto& folder = settings.regions.data_folder;
  std::error_code error;
  bool foreign = settings.regions.postgres_url.empty() && std::filesystem::is_directory(folder, error) &&
                 !std::filesystem::is_empty(folder, error) && !std::filesystem::exists(folder / "lock", error) &&
                 !std::filesystem::exists(unfinished_mark(settings), error);
  if (foreign) {
    return fail(ErrorKind::conflict, "folder_not_empty",
                fmt::format("{} holds something else already; name a new or empty folder.", folder.string()));
  }
  TRY(regions::claim_key_folder(settings.regions));
  bool made = std::filesystem::create_directories(folder, error);
  if (!error && made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) {
    return fail(
        ErrorKind::unavailable, "folder_not_writable",
        fmt::format("The data folder {} can't be made: {}.", settings.regions.data_folder.string(), error.message()));
  }
  TRY(check_regions(settings));
  TRY(check_nothing_lost(settings));
  const bool complete = check_files(settings).has_value();
  if (!complete && !std::ofstream(unfinished_mark(settings))) {
    return fail(ErrorKind::unavailable, "folder_not_writable", fmt::format("{} can't be written.", folder.string()));
  }
  TRY(regions::Regions::create_keys(settings.regions));
  SystemClock clock;
  TRY(open_or_make(settings, clock));
  std::filesystem::remove(unfinished_mark(settings), error);
  return {};
}

Result<std::unique_ptr<App>> App::open(const Settings& settings, const Clock& clock) {
  const auto& folder = settings.regions.data_folder;
  std::error_code error;
  const bool there = std::filesystem::is_directory(folder, error);
  const bool closed = error == std::errc::permission_denied || (there && ::access(folder.c_str(), R_OK | X_OK) != 0);
  if (closed) {
    return fail(ErrorKind::forbidden, "folder_of_another_user",
                fmt::format("{} belongs to another user, and you may not look into it; run this as that user.",
                            folder.string()));
  }
  if (!there) {
    return fail(
        ErrorKind::invalid, "not_initialized",
        fmt::format("There is no data folder {}. Make it with: handschlag init {}", folder.string(), where(settings)));
  }
  TRY(check_regions(settings));  // settings that are not those of this folder explain the rest
  TRY(check_files(settings));
  return open_or_make(settings, clock);
}

Result<std::unique_ptr<App>> App::open_or_make(const Settings& settings, const Clock& clock) {
  log::set_level(settings.log_level);
  auto lock = TRY(FolderLock::take(settings.regions.data_folder));
  std::unique_ptr<App> app(new App(settings, clock, std::move(lock)));
  std::error_code ignored;
  std::filesystem::remove_all(scratch_folder(settings), ignored);  // of a backup that was cut short
  TRY(app->open_databases());
  TRY(app->open_control());
  TRY(app->open_regions());
  return app;
}

Result<void> App::open_databases() {
  control_ = TRY(db::Database::open(control_options(settings_)));
  regions::Schemas schemas = region_schemas();
  regions_ = TRY(regions::Regions::open(settings_.regions, schemas, [&](regions::Regions& regions) -> Result<void> {
    auto control = TRY(control_->schema_state(control_schema()));
    bool upgrade = (control.applied > 0 && control.missing > 0) || TRY(regions.needs_migration(schemas));
    if (upgrade) TRY(back_up_before_migrating(settings_, *control_, regions, clock_));
    return {};
  }));
  return control_->migrate(control_schema());
}

Result<void> App::open_control() {
  staff::Settings staff_settings;
  staff_settings.secure_cookie =
      !settings_.server.tls_certificate_file.empty() || !settings_.server.trusted_proxies.empty();
  staff_ = staff::Staff::create(*control_, clock_, staff_settings);
  TRY(staff_->set_four_eyes(settings_.four_eyes));
  approvals_ = approvals::Approvals::create(*control_, *staff_, clock_);
  rulebook_ = TRY(rulebook::Rulebook::open(*control_, *staff_, clock_));
  notices_ = TRY(notices::Notices::open(*control_, *staff_, clock_));
  sources_ = TRY(sources::Sources::open(*control_, clock_));
  sources_->set_usual_quota(settings_.limits.source_events);
  return {};
}

Result<void> App::open_regions() {
  std::vector<events::Cell> cells;
  std::vector<ledger::Ledger*> ledgers;
  std::vector<subjects::Place> subject_places;
  words_ = customers::create_digest_holder();
  addresses_ = consent::create_digest_holder();
  for (const auto& region : regions_->all()) {
    Place place;
    auto read_keys = [this, id = region->id()]() -> Result<vault::RegionKeys> {
      const regions::Keys keys = TRY(regions::read_keys(settings_.regions, id));
      return vault::RegionKeys(keys.current, keys.former);
    };
    place.vault = TRY(vault::Vault::open(region->vault(), region->id(), {region->key(), region->former_key()},
                                         erasure_list(settings_, region->id()), std::move(read_keys)));
    place.identities = std::make_unique<identity::Identities>(*place.vault, settings_.identity);
    place.ledger = ledger::Ledger::create(*region, *place.vault);
    place.consents = std::make_unique<consent::Consents>(*place.vault, *place.identities);
    place.digests =
        std::make_unique<identity::DigestRotation>(*place.identities, region->data(), region->writer(),
                                                   std::vector{words_.get(), addresses_.get()}, events::hold_order);
    TRY(start_above_known(*region, place));
    cells.push_back({region.get(), place.identities.get(), place.consents.get()});
    ledgers.push_back(place.ledger.get());
    subject_places.push_back(
        {region.get(), place.vault.get(), [this, id = region->id()](IdentityId identity) -> Result<void> {
           TRY(events::settle(*events_->cell(id), identity));
           return {};
         }});
    if (region.get() == &regions_->home()) {
      answers_ = std::make_unique<idempotency::Keeper>(*control_, TRY(place.vault->secret("idempotency")));
      staff_->set_key(TRY(place.vault->secret("second_factor")));
    }
    places_.push_back(std::move(place));
  }
  names_ = customers::create_name_index();
  answers_to_banners_ = std::make_unique<banner::Answers>(
      [this](std::string_view id, std::int64_t version) {
        auto notice = notices_->find(id, version);
        return notice ? *std::move(notice) : nullptr;
      },
      *rulebook_);
  events_ = events::Events::create(std::move(cells), *regions_, *sources_, *rulebook_, metrics_, {names_.get()},
                                   *notices_, answers_to_banners_.get());
  health_ = std::make_unique<Health>(*control_, *regions_, metrics_, !settings_.regions.postgres_url.empty());
  customers_ = customers::Customers::create(*events_, *sources_, *rulebook_, *staff_, ledgers, clock_, *notices_);
  subject_data_.push_back(customers::create_subject_data());
  subject_data_.push_back(outreach::create_subject_data());
  subject_data_.push_back(events::create_subject_data());
  subject_data_.push_back(consent::create_subject_data(clock_));
  subject_data_.push_back(identity::create_subject_data());
  std::vector<subjects::SubjectData*> slices;
  for (const auto& data : subject_data_) slices.push_back(data.get());
  subjects_ = subjects::Subjects::create(std::move(subject_places), std::move(slices), *control_, clock_);
  preferences_ = preferences::Preferences::create({events_.get(), sources_.get(), rulebook_.get(), customers_.get(),
                                                   staff_.get(), notices_.get(), consents(), &clock_});
  open_moves(ledgers);
  outbound_ = TRY(http_client::Client::create(settings_.outbound));
  TRY(open_outreach());
  TRY(open_portal());
  feed_ = feed::Feed::create(*events_, *sources_, *rulebook_, std::move(ledgers), clock_, *notices_);
  webhooks_ = webhooks::Webhooks::create(*control_, *feed_, *events_, *sources_, *staff_, *outbound_, clock_, metrics_);
  test_data_ = test_data::TestData::create(*events_, *sources_, *subjects_, *staff_, *control_, clock_);
  test_data_->set_retention(settings_.test_retention);
  bind_approved_actions();
  return subjects_->settle();
}

void App::open_moves(std::vector<ledger::Ledger*> ledgers) {
  moves_ = moves::Moves::create({events_.get(), sources_.get(), rulebook_.get(), customers_.get(), subjects_.get(),
                                 staff_.get(), regions_.get(), std::move(ledgers), consents(), control_.get(), &clock_},
                                {});
  // A backup copies one region after the other: who went meanwhile would be in it twice, or not at all.
  moves_->set_guard([this](const moves::Moves::Body& body) -> Result<void> {
    for (int waits = 0; waits < kGuardWaits; ++waits) {
      std::unique_lock upkeep(upkeep_, std::try_to_lock);
      if (upkeep) return body();
      std::this_thread::sleep_for(kGuardWait);
    }
    return jobs::Lease::interrupted();
  });
}

// No number of an identity is given out twice, whatever was restored.
Result<void> App::start_above_known(regions::Region& region, Place& place) {
  auto highest = std::max(TRY(place.vault->highest_identity()), TRY(place.ledger->highest_identity()));
  std::int64_t last = 0;
  TRY(region.data().read([&](db::Transaction& tx) -> Result<void> {
    last = TRY(identity::last_id(tx));
    return {};
  }));
  if (last >= highest) return {};
  return region.data().write([&](db::Transaction& tx) { return identity::start_above(tx, highest); });
}

App::~App() {
  stop();
}

Result<void> App::start_jobs() {
  // The lock on the folder says that whoever held a lease in its files is gone. On PostgreSQL it may live elsewhere.
  if (settings_.regions.postgres_url.empty()) {
    TRY(control_->write([](db::Transaction& tx) -> Result<void> {
      TRY(jobs::end_leases(tx));
      return {};
    }));
  }
  jobs_ = std::make_unique<jobs::Runner>(*control_, jobs::Options{});
  jobs_->every("events_forget_refused", std::chrono::hours{1},
               [this](jobs::Lease&) { return events_->forget_refused(clock_.now()); });
  jobs_->every("events_close_segments", std::chrono::seconds{10}, [this](jobs::Lease& lease) {
    return events_->close_segments([&lease] { return lease.should_stop(); });
  });
  subjects_->bind_jobs(*jobs_);
  test_data_->bind_jobs(*jobs_);
  moves_->bind_jobs(*jobs_);
  approvals_->bind_jobs(*jobs_);
  reach_->bind_jobs(*jobs_);
  jobs_->every("idempotency_purge", std::chrono::hours{1},
               [this](jobs::Lease& lease) { return answers_->purge([&lease] { return lease.should_stop(); }); });
  jobs_->every("backup_prune", std::chrono::hours{1}, [this](jobs::Lease&) { return prune_backups(); });
  jobs_->every("consent_release", std::chrono::minutes{1},
               [this](jobs::Lease& lease) { return release_proofs(lease); });
  jobs_->every("signups_look_after", std::chrono::seconds{30},
               [this](jobs::Lease& lease) { return signups_->look_after([&lease] { return lease.should_stop(); }); });
  jobs_->every("portal_purge", std::chrono::minutes{10}, [this](jobs::Lease&) { return portal_->purge(); });
  jobs_->every("linking_purge", std::chrono::minutes{10}, [this](jobs::Lease&) { return linking_->purge(); });
  jobs_->on(std::string(kRewrapJob), [this](jobs::Lease& lease) { return rewrap(lease); });
  jobs_->on(std::string(kRedigestJob), [this](jobs::Lease& lease) {
    return finish_digest_key(lease.job().payload, [&] { return lease.should_stop(); });
  });
  TRY(resume_rotations());
  return jobs_->start();
}

Result<void> App::serve() {
  TRY(bind_routes());
  health_->start();
  server_ = TRY(http::Server::start(settings_.server, *router_, metrics_));
  TRY(start_jobs());
  TRY(webhooks_->start());
  outreach_->start();
  housekeeping_ = std::jthread([this](const std::stop_token& stopping) { keep_house(stopping); });
  return {};
}

// Uses of tokens and sessions are counted in each process's memory, so each writes down its own: no job could.
void App::keep_house(const std::stop_token& stopping) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, stopping, std::chrono::minutes{1}, [&] { return stopping.stop_requested(); })) {
    if (auto kept = staff_->maintain(); !kept) log::warning("housekeeping failed", {{"code", kept.error().code}});
    auto renewed = server_->refresh_certificate();
    if (!renewed) log::error("the new certificate is not used", {{"detail", renewed.error().detail}});
    if (renewed && *renewed) log::info("the certificate was read anew");
  }
}

Result<void> App::take_over(const Settings& settings) {
  TRY(staff_->set_four_eyes(settings.four_eyes));
  log::set_level(settings.log_level);
  admission_.set_limits(settings.limits);
  sources_->set_usual_quota(settings.limits.source_events);
  test_data_->set_retention(settings.test_retention);
  return {};
}

Result<SettingChanges> App::reload() {
  std::lock_guard lock(reload_mutex_);
  if (!server_) return fail(ErrorKind::conflict, "not_serving", "No server runs on this data folder.");
  Settings wanted = TRY(load_settings(settings_.regions.data_folder, settings_.file, settings_.listen));
  SettingChanges changes = changes_between(live_, wanted);
  // What needs a restart is told at each reload until there was one.
  changes.restart = changes_between(settings_, wanted).restart;
  const bool switches_tls = settings_.server.tls_certificate_file.empty() != wanted.server.tls_certificate_file.empty();
  if (switches_tls) {
    std::erase_if(changes.live, [](const std::string& name) { return name.starts_with("server.tls_"); });
    changes.restart.emplace_back("server.tls_certificate");
  }
  TRY(server_->reload(wanted.server));
  TRY(take_over(wanted));
  live_ = std::move(wanted);
  log::info("the settings were reloaded", {{"changed", fmt::format("{}", fmt::join(changes.live, ", "))},
                                           {"need_restart", fmt::format("{}", fmt::join(changes.restart, ", "))}});
  return changes;
}

void App::stop() {
  housekeeping_ = {};        // asks it to stop, and waits
  if (feed_) feed_->stop();  // or who waits for events would hold up the server
  if (server_) server_->stop();
  if (webhooks_) webhooks_->stop();
  if (outreach_) outreach_->stop();
  if (jobs_) jobs_->stop();
  if (health_) health_->stop();
  if (events_) events_->stop();
  if (regions_) regions_->stop();  // after the requests: their commits are what they wait for
}

}  // namespace handschlag::app
