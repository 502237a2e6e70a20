// The composition root: every part of a running Handschlag as a plain member, in dependency order. The binary, the
// command line and the tests open the same App.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "app/admission.h"
#include "app/data_folder.h"
#include "app/health.h"
#include "app/pages.h"
#include "app/settings.h"
#include "features/approvals/approvals.h"
#include "features/backup/backup.h"
#include "features/banner/banner.h"
#include "features/consent/consent.h"
#include "features/consent_imports/consent_imports.h"
#include "features/customers/customers.h"
#include "features/events/events.h"
#include "features/feed/feed.h"
#include "features/identity/identity.h"
#include "features/ledger/ledger.h"
#include "features/linking/linking.h"
#include "features/moves/moves.h"
#include "features/notices/notices.h"
#include "features/outreach/outreach.h"
#include "features/portal/portal.h"
#include "features/preferences/preferences.h"
#include "features/reach/reach.h"
#include "features/regions/regions.h"
#include "features/rulebook/rulebook.h"
#include "features/signups/signups.h"
#include "features/sources/sources.h"
#include "features/staff/staff.h"
#include "features/subjects/subjects.h"
#include "features/templates/templates.h"
#include "features/test_data/test_data.h"
#include "features/unsubscribe/unsubscribe.h"
#include "features/vault/vault.h"
#include "features/webhooks/webhooks.h"
#include "platform/base/clock.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/http_client/http_client.h"
#include "platform/idempotency/idempotency.h"
#include "platform/jobs/jobs.h"
#include "platform/mail/smtp.h"
#include "platform/metrics/metrics.h"
#include "platform/metrics/process.h"

namespace handschlag::app {

class App {
 public:
  // Makes the data folder, the keys and the databases that are missing. Errors: unavailable, invalid.
  static Result<void> initialize(const Settings& settings);

  // Opens a data folder that was initialized. `clock` must outlive the app. Errors: invalid, conflict (in use, newer
  // schema), unavailable.
  static Result<std::unique_ptr<App>> open(const Settings& settings, const Clock& clock);
  ~App();

  // Starts to answer requests and to run jobs. Errors: unavailable (port taken), internal (routes and API differ).
  Result<void> serve();
  // Reads the settings again and takes over what can change while it runs; the certificate is read anew in any case.
  // All or nothing: where anything is wrong, everything stays as it was. Thread-safe. Errors: invalid (each wrong
  // setting named), conflict (nothing is served here).
  Result<SettingChanges> reload();
  // Stops accepting, finishes what was accepted. Idempotent.
  void stop();

  // Takes a backup of everything into a new folder. Errors: those of backup::create; conflict "upkeep_running" while a
  // region's key is being rotated or another backup is taken.
  Result<backup::Report> back_up(const std::filesystem::path& to, std::chrono::days key_life,
                                 backup::Progress& progress);
  // Begins to rotate the key of a region; see rotation(). Errors: not_found "region_unknown"; conflict
  // "upkeep_running", "rotation_running"; invalid "region_key_from_environment"; forbidden "four_eyes", see
  // features/approvals.
  Result<void> rotate_region_key(const std::string& region, const staff::Actor& actor);
  // How far the rotation of a region's key has come: keys that were looked at in this pass; nothing when it is done.
  std::optional<std::uint64_t> rotation(const std::string& region);
  // Brings everything over to the new key, in small steps, and destroys the former one; for when no server does it.
  Result<void> finish_region_key(const std::string& region, const std::function<bool()>& cancelled);
  // The same for the key of look-up digests; see features/identity/digester.h. Other nodes on the same database go on.
  // Errors: not_found "region_unknown"; conflict "rotation_running", "digest_rotated_too_often"; forbidden as above.
  Result<void> rotate_digest_key(const std::string& region, const staff::Actor& actor);
  Result<bool> rotates_digests(const std::string& region);
  Result<void> finish_digest_key(const std::string& region, const std::function<bool()>& cancelled);

  const Settings& settings() const { return settings_; }  // as at the start
  const Clock& clock() const { return clock_; }
  db::Database& control() { return *control_; }
  regions::Regions& regions() { return *regions_; }
  staff::Staff& staff() { return *staff_; }
  approvals::Approvals& approvals() { return *approvals_; }
  const Pages& pages() const { return *pages_; }  // while it serves
  notices::Notices& notices() { return *notices_; }
  consent_imports::ConsentImports& consent_imports() { return *consent_imports_; }
  sources::Sources& sources() { return *sources_; }
  events::Events& events() { return *events_; }
  customers::Customers& customers() { return *customers_; }
  subjects::Subjects& subjects() { return *subjects_; }
  moves::Moves& moves() { return *moves_; }
  webhooks::Webhooks& webhooks() { return *webhooks_; }
  outreach::Outreach& outreach() { return *outreach_; }
  reach::Reach& reach() { return *reach_; }
  test_data::TestData& test_data() { return *test_data_; }
  metrics::Registry& metrics() { return metrics_; }
  metrics::ProcessMeters& process_meters() { return process_meters_; }
  Health& health() { return *health_; }
  http::Server* server() { return server_.get(); }  // nullptr before serve()

 private:
  App(Settings settings, const Clock& clock, FolderLock lock)
      : settings_(std::move(settings)),
        clock_(clock),
        lock_(std::move(lock)),
        admission_(settings_.limits, metrics_),
        live_(settings_) {}

  // What belongs to one region.
  struct Place {
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<identity::Identities> identities;
    std::unique_ptr<ledger::Ledger> ledger;
    std::unique_ptr<consent::Consents> consents;
    std::unique_ptr<identity::DigestRotation> digests;
    std::atomic<std::uint64_t> rewrapped{0};
    Place() = default;
    Place(Place&& other) noexcept
        : vault(std::move(other.vault)),
          identities(std::move(other.identities)),
          ledger(std::move(other.ledger)),
          consents(std::move(other.consents)),
          digests(std::move(other.digests)) {}
  };

  static Result<std::unique_ptr<App>> open_or_make(const Settings& settings, const Clock& clock);
  Result<void> open_databases();
  Result<void> open_control();
  Result<void> start_above_known(regions::Region& region, Place& place);
  Result<void> open_regions();
  Result<void> bind_routes();
  Result<http::Principal> who_asks(const http::Request& request);
  Result<http::Principal> who_asks(const http::Request& request, std::string_view scheme);
  Result<void> take_over(const Settings& settings);
  Result<void> start_jobs();
  Result<void> open_outreach();
  Result<void> open_portal();
  void open_moves(std::vector<ledger::Ledger*> ledgers);
  std::vector<consent::Consents*> consents();
  // How many times customers changed region, in all.
  Result<std::int64_t> departures();
  // What the server does when a second person approved it.
  void bind_approved_actions();
  Result<std::string> digest_layers(const std::string& region);
  Result<void> prune_backups();
  // Proofs of consent of erased people that need not be kept any more.
  Result<void> release_proofs(jobs::Lease& lease);
  // Leaves the rest of a rotation to the server's jobs, where they run.
  Result<void> enqueue_rotation(std::string_view job, const std::string& region);
  Result<void> rewrap(jobs::Lease& lease);
  Result<void> rewrap(const std::string& region, const std::function<bool()>& cancelled);
  // Enqueues what a rotation that was cut short, or a restored backup, has left to do.
  Result<void> resume_rotations();
  Place* place_of(std::string_view region);  // nullptr if there is none
  Result<Place*> known_place(std::string_view region);
  void keep_house(const std::stop_token& stopping);

  const Settings settings_;
  const Clock& clock_;
  FolderLock lock_;
  metrics::Registry metrics_;
  metrics::ProcessMeters process_meters_{metrics_};
  Admission admission_;
  std::mutex reload_mutex_;
  Settings live_;  // as last read
  std::unique_ptr<db::Database> control_;
  std::unique_ptr<staff::Staff> staff_;
  std::unique_ptr<approvals::Approvals> approvals_;
  std::unique_ptr<rulebook::Rulebook> rulebook_;
  std::unique_ptr<notices::Notices> notices_;
  std::unique_ptr<sources::Sources> sources_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<identity::DigestHolder> words_;
  std::unique_ptr<identity::DigestHolder> addresses_;
  std::vector<Place> places_;
  std::unique_ptr<events::Projection> names_;
  std::unique_ptr<banner::Answers> answers_to_banners_;
  std::unique_ptr<events::Events> events_;
  std::unique_ptr<customers::Customers> customers_;
  std::unique_ptr<preferences::Preferences> preferences_;
  std::vector<std::unique_ptr<subjects::SubjectData>> subject_data_;
  std::unique_ptr<subjects::Subjects> subjects_;
  std::unique_ptr<moves::Moves> moves_;
  std::unique_ptr<idempotency::Keeper> answers_;
  std::unique_ptr<feed::Feed> feed_;
  std::unique_ptr<http_client::Client> outbound_;
  std::unique_ptr<outreach::Gateway> gateway_;  // nullptr where none is set
  std::unique_ptr<mail::Mailer> mailer_;        // nullptr where no mail server is set
  std::unique_ptr<templates::Templates> templates_;
  std::unique_ptr<outreach::Facts> facts_;
  std::unique_ptr<outreach::Outreach> outreach_;
  std::unique_ptr<reach::Reach> reach_;
  std::unique_ptr<unsubscribe::Unsubscribe> unsubscribe_;
  std::unique_ptr<signups::Signups> signups_;
  std::unique_ptr<consent_imports::ConsentImports> consent_imports_;
  std::unique_ptr<portal::Portal> portal_;
  std::unique_ptr<linking::Linking> linking_;
  std::unique_ptr<webhooks::Webhooks> webhooks_;
  std::unique_ptr<test_data::TestData> test_data_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<jobs::Runner> jobs_;
  std::optional<Pages> pages_;
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<http::Server> server_;
  std::mutex upkeep_;          // a backup, or the beginning or end of a rotation; one at a time
  std::jthread housekeeping_;  // what every node does for itself, once a minute
};

// /healthz, /readyz, /metrics, the API description, the pages. `router` keeps references to all.
void bind_service_routes(http::Router& router, App& app);

}  // namespace handschlag::app
