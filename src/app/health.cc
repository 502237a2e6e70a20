#include "app/health.h"

#include <fmt/format.h>

#include <condition_variable>

#include "platform/jobs/jobs.h"
#include "platform/log/log.h"

namespace handschlag::app {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenLooks{2};
constexpr std::chrono::seconds kSilence{10};     // without an answer for so long, a part is not ready
constexpr std::chrono::seconds kSlowWriter{10};  // a write that waits so long
constexpr std::chrono::seconds kClockJump{30};   // more than any correction of a running clock
constexpr std::chrono::minutes kClockAlarm{10};  // how long a jump is told
constexpr std::chrono::seconds kRetryAfter{5};

// Sleeps until the next look, or the stop.
void pause(const std::stop_token& stopping) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stopping, kBetweenLooks, [] { return false; });
}

std::int64_t whole_seconds(steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

std::string gibibytes(std::uint64_t bytes) {
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / (1ULL << 30U));
}

}  // namespace

std::string_view name_of(Standing standing) {
  switch (standing) {
    case Standing::ready:
      return "ready";
    case Standing::degraded:
      return "degraded";
    case Standing::not_ready:
      break;
  }
  return "not ready";
}

Health::Health(db::Database& control, regions::Regions& regions, metrics::Registry& metrics, bool is_remote)
    : control_(control), regions_(regions), metrics_(metrics), is_remote_(is_remote) {
  const auto now = steady_clock::now();
  watched_.push_back({"control", &control, now, {}});
  for (const auto& region : regions.all()) {
    watched_.push_back({region->id() + ".data", &region->data(), now, {}});
    watched_.push_back({region->id() + ".vault", &region->vault(), now, {}});
    watched_.push_back({region->id() + ".ledger", &region->ledger(), now, {}});
  }
}

void Health::look() {
  for (std::size_t i = 0; i < watched_.size(); ++i) ask(i);
  ask_jobs();
  (void)regions_.room();
  watch_clock();
  tell();
}

void Health::start() {
  look();
  asking_ = std::jthread([this](const std::stop_token& stopping) { ask_in_turn(stopping); });
  watching_ = std::jthread([this](const std::stop_token& stopping) { watch(stopping); });
}

void Health::stop() {
  asking_.request_stop();
  watching_ = {};
  asking_ = {};
}

// A thread of its own, since a database may take long to answer.
void Health::ask_in_turn(const std::stop_token& stopping) {
  constexpr int kJobsEvery = 15;
  for (int turn = 1; !stopping.stop_requested(); ++turn) {
    pause(stopping);
    for (std::size_t i = 0; i < watched_.size() && !stopping.stop_requested(); ++i) ask(i);
    if (turn % kJobsEvery == 0 && !stopping.stop_requested()) ask_jobs();
  }
}

void Health::watch(const std::stop_token& stopping) {
  while (!stopping.stop_requested()) {
    pause(stopping);
    (void)regions_.room();
    watch_clock();
    tell();
  }
}

void Health::ask(std::size_t index) {
  auto answer = watched_[index].database->ping();
  std::lock_guard lock(mutex_);
  watched_[index].answered = steady_clock::now();
  watched_[index].error = answer ? std::nullopt : std::optional(answer.error());
}

void Health::ask_jobs() {
  std::vector<jobs::KindStatus> kinds;
  auto read = control_.read([&](db::Transaction& tx) -> Result<void> {
    kinds = TRY(jobs::status(tx));
    return {};
  });
  PartHealth out{"jobs", Standing::ready, "", ""};
  if (!read) out = {"jobs", Standing::not_ready, read.error().code, "Jobs can't be read."};
  for (const jobs::KindStatus& kind : kinds) {
    metrics_.gauge("handschlag_jobs", "Jobs by kind and state", {{"kind", kind.kind}, {"state", "waiting"}})
        .set(static_cast<double>(kind.waiting));
    metrics_.gauge("handschlag_jobs", "Jobs by kind and state", {{"kind", kind.kind}, {"state", "dead"}})
        .set(static_cast<double>(kind.dead));
    if (kind.dead == 0) continue;
    out = {"jobs", Standing::degraded, "jobs_dead",
           fmt::format("{} jobs of the kind {} failed too often and are not tried again; the log says why.", kind.dead,
                       kind.kind)};
  }
  std::lock_guard lock(mutex_);
  jobs_ = std::move(out);
}

// Leases, sessions and what is kept for a time go by the wall clock; somebody should know when it was moved.
void Health::watch_clock() {
  const auto now = steady_clock::now();
  const std::chrono::nanoseconds offset = std::chrono::system_clock::now().time_since_epoch() - now.time_since_epoch();
  std::lock_guard lock(mutex_);
  if (clock_offset_ && std::chrono::abs(offset - *clock_offset_) > kClockJump) {
    clock_jump_ = std::chrono::duration_cast<std::chrono::seconds>(offset - *clock_offset_);
    clock_jumped_ = now;
  }
  clock_offset_ = offset;
}

PartHealth Health::health_of(const Watched& watched, SteadyTime now) const {
  const auto silent = now - watched.answered;
  if (silent > kSilence) {
    return {watched.part, Standing::not_ready, "no_answer",
            fmt::format("It has not answered for {} seconds.", whole_seconds(silent))};
  }
  if (watched.error) return {watched.part, Standing::not_ready, watched.error->code, watched.error->detail};
  return {watched.part, Standing::ready, "", ""};
}

PartHealth Health::disk() const {
  if (auto room = regions_.room(); !room) {
    return {"disk", Standing::not_ready, room.error().code,
            fmt::format("{} are free, less than the reserve of {}. Events are refused until there is more; looking and "
                        "erasing go on. Make room.",
                        gibibytes(regions_.disk().free_bytes()), gibibytes(regions_.disk().reserve()))};
  }
  return {"disk", Standing::ready, "", ""};
}

PartHealth Health::clock(SteadyTime now) const {
  if (clock_jump_.count() == 0 || now - clock_jumped_ > kClockAlarm) return {"clock", Standing::ready, "", ""};
  return {"clock", Standing::degraded, "clock_jumped",
          fmt::format("The clock of this machine was set {} by {} seconds, {} seconds ago. See that it is right.",
                      clock_jump_.count() > 0 ? "forward" : "back", std::abs(clock_jump_.count()),
                      whole_seconds(now - clock_jumped_))};
}

PartHealth Health::writer(regions::Region& region) {
  const auto wait = std::max(region.writer().oldest_wait(), region.ledger_writer().oldest_wait());
  if (wait < kSlowWriter) return {region.id() + ".writer", Standing::ready, "", ""};
  return {region.id() + ".writer", Standing::not_ready, "writer_slow",
          fmt::format("A write has waited for {} seconds: the disk or the database is slow.", whole_seconds(wait))};
}

std::vector<PartHealth> Health::parts() const {
  std::vector<PartHealth> out;
  const auto now = steady_clock::now();
  std::lock_guard lock(mutex_);
  for (const Watched& watched : watched_) out.push_back(health_of(watched, now));
  for (const auto& region : regions_.all()) out.push_back(writer(*region));
  out.push_back(disk());
  out.push_back(clock(now));
  out.push_back(jobs_);
  return out;
}

// Logs what has changed, and sets the gauges and what admit() goes by.
void Health::tell() {
  bool gone = false;
  for (const PartHealth& part : parts()) {
    gone = gone || part.code == "no_answer" || part.code == "database_gone";
    metrics_.gauge("handschlag_part_ready", "Whether a part can serve: 1, or 0", {{"part", part.part}})
        .set(part.standing == Standing::not_ready ? 0 : 1);
    std::string& told = told_[part.part];  // only this function uses it, on one thread at a time
    if (told == part.code) continue;
    told = part.code;
    const log::Fields fields = {{"part", std::string_view(part.part)},
                                {"standing", name_of(part.standing)},
                                {"code", std::string_view(part.code)},
                                {"reason", std::string_view(part.reason)}};
    log::write(part.standing == Standing::ready ? log::Level::info : log::Level::warning, "health", fields);
  }
  is_gone_ = gone && is_remote_;
  metrics_.gauge("handschlag_disk_free_bytes", "What may still be written on the data folder's disk")
      .set(static_cast<double>(regions_.disk().free_bytes()));
  metrics_.gauge("handschlag_disk_reserve_bytes", "Below this nothing more is taken in; 0: no reserve is kept")
      .set(static_cast<double>(regions_.disk().reserve()));
  for (const auto& region : regions_.all()) {
    metrics_
        .gauge("handschlag_writer_oldest_wait_seconds", "How long the oldest write that is not done has waited",
               {{"region", region->id()}})
        .set(std::chrono::duration<double>(region->writer().oldest_wait()).count());
  }
}

Result<void> Health::admit(const http::Operation& operation) {
  if (operation.storage == http::Storage::none) return {};
  if (is_gone_) {
    Error error{ErrorKind::unavailable, "database_gone", "The database does not answer; try again soon."};
    error.retry_after = kRetryAfter;
    return std::unexpected(std::move(error));
  }
  return operation.storage == http::Storage::grow ? regions_.room() : Result<void>();
}

}  // namespace handschlag::app
