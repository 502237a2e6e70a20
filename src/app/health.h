// How every part is. Looked at in the background, so that whoever asks never waits for a part that does not answer.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "features/regions/regions.h"
#include "platform/base/result.h"
#include "platform/db/db.h"
#include "platform/http/router.h"
#include "platform/metrics/metrics.h"

namespace handschlag::app {

// Degraded: serves everything, but somebody should look.
enum class Standing { ready, degraded, not_ready };
std::string_view name_of(Standing standing);

struct PartHealth {
  std::string part;  // "control", "disk", "clock", "jobs", "eu.data", "eu.vault", "eu.ledger", "eu.writer"
  Standing standing = Standing::ready;
  std::string code;    // what is wrong, for programs; "" when ready
  std::string reason;  // the same for people, with the way out; names no file, host or person
};

// Thread-safe.
class Health {
 public:
  // All must outlive this. `is_remote`: the databases are those of a server, which may be gone.
  Health(db::Database& control, regions::Regions& regions, metrics::Registry& metrics, bool is_remote);
  ~Health() { stop(); }
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Looks at everything now, waiting for each part.
  void look();
  // Looks at everything every two seconds from now on. Each change is logged.
  void start();
  void stop();

  // Every part as it was when last looked at. A part that has not answered for ten seconds is not ready.
  std::vector<PartHealth> parts() const;

  // Whether an operation can be carried out: 503 at once is better than waiting for a server that is gone, or
  // filling up the disk. Errors: unavailable "database_gone", "disk_nearly_full".
  Result<void> admit(const http::Operation& operation);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Watched {
    std::string part;
    db::Database* database;
    SteadyTime answered;  // when it last did, well or not
    std::optional<Error> error;
  };

  void ask(std::size_t index);
  void ask_jobs();
  void ask_in_turn(const std::stop_token& stopping);
  void watch(const std::stop_token& stopping);
  void watch_clock();
  void tell();
  PartHealth health_of(const Watched& watched, SteadyTime now) const;
  PartHealth disk() const;
  PartHealth clock(SteadyTime now) const;
  static PartHealth writer(regions::Region& region);

  db::Database& control_;
  regions::Regions& regions_;
  metrics::Registry& metrics_;
  const bool is_remote_;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Watched> watched_;
  PartHealth jobs_{"jobs", Standing::ready, "", ""};
  std::optional<std::chrono::nanoseconds> clock_offset_;  // of the wall clock to the steady one
  std::chrono::seconds clock_jump_{0};
  SteadyTime clock_jumped_;

  std::map<std::string, std::string> told_;  // part to the code that was logged; of tell() alone
  std::atomic<bool> is_gone_{false};         // a database server that everything needs
  std::jthread asking_;
  std::jthread watching_;
};

}  // namespace handschlag::app
