#include "app/upkeep_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "app/control.h"
#include "app/upkeep.h"
#include "platform/json/json.h"

namespace handschlag::app {
namespace {

constexpr std::chrono::milliseconds kProgressEvery{500};
constexpr std::chrono::milliseconds kLookEvery{100};

double gigabytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1e9;
}

class BackupProgress final : public backup::Progress {
 public:
  explicit BackupProgress(Console& console) : console_(console) {}
  void report(const std::string& part, std::string_view step, std::uint64_t done, std::uint64_t total) override {
    auto now = std::chrono::steady_clock::now();
    if (now - last_ < kProgressEvery) return;
    last_ = now;
    std::string share = total == 0 ? "" : fmt::format(" of {:.2f}", gigabytes(total));
    console_.err(fmt::format("\r{:<12} {:.2f}{} GB {:<10}", part, gigabytes(done), share, step));
    shown_ = true;
  }
  bool cancelled() override { return console_.cancelled(); }
  void end() {
    if (shown_) console_.err("\n");
    shown_ = false;
  }

 private:
  Console& console_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool shown_ = false;
};

json::Value to_json(const backup::Manifest& manifest) {
  json::Value parts = json::Value::array();
  for (const backup::PartInfo& part : manifest.parts) {
    parts.push_back({{"name", part.name},
                     {"bytes", part.bytes},
                     {"sealed_bytes", part.sealed_bytes},
                     {"copied_at", format_time(part.copied_at)}});
  }
  return {{"id", manifest.id},
          {"program", manifest.program},
          {"created_at", format_time(manifest.created_at)},
          {"expires_at", format_time(manifest.expires_at)},
          {"parts", parts}};
}

// Files made by root would lock the server out of its own folder.
Result<void> check_owner(const std::filesystem::path& folder) {
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0 || info.st_uid == ::geteuid()) return {};
  return fail(ErrorKind::forbidden, "folder_of_another_user",
              fmt::format("{} belongs to another user; run this as that user.", folder.string()));
}

bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::error_code error;
  const auto way = std::filesystem::weakly_canonical(path, error)
                       .lexically_relative(std::filesystem::weakly_canonical(folder, error));
  return !error && !way.empty() && *way.begin() != "..";
}

// Who steals or loses one of these folders must not have the backup with it.
Result<void> check_apart(const std::filesystem::path& to, const Settings& settings) {
  for (const auto& folder : {settings.regions.data_folder, settings.regions.key_folder}) {
    if (!is_inside(to, folder)) continue;
    return fail(ErrorKind::invalid, "target_inside",
                fmt::format("A backup must lie outside of {}; name another folder.", folder.string()));
  }
  return {};
}

Result<int> take_backup(const CommandLine& line, App& app, Console& console) {
  TRY(check_owner(app.settings().regions.data_folder));
  TRY(check_apart(line.to, app.settings()));
  BackupProgress progress(console);
  auto taken = app.back_up(line.to, std::chrono::days{line.backup_days}, progress);
  progress.end();
  if (!taken && taken.error().code == "backup_cancelled") {
    console.err("Interrupted; nothing of it was kept.\n");
    return kInterrupted;
  }
  backup::Report report = TRY(std::move(taken));
  if (line.json) {
    json::Value out = to_json(report.manifest);
    out["bytes"] = report.bytes;
    out["seconds"] = static_cast<double>(report.took.count()) / 1e3;
    out["longest_hold_microseconds"] = report.longest_hold.count();
    console.out(json::dump(out) + "\n");
    return kGood;
  }
  console.out(fmt::format(
      "Backed up to {}: {:.2f} GB in {:.1f} s, read back and found good.\n"
      "Its key is {}: keep a copy of it apart from the backup. It is destroyed on {}; from then on nobody can read "
      "this backup.\n",
      line.to, gigabytes(report.bytes), static_cast<double>(report.took.count()) / 1e3,
      (backup_keys(app.settings()) / (report.manifest.id + ".key")).string(), format_day(report.manifest.expires_at)));
  return kGood;
}

Result<int> list_keys(const CommandLine& line, App& app, Console& console) {
  json::Value regions = json::Value::array();
  for (const auto& region : app.regions().all()) {
    bool rotating = app.rotation(region->id()) || TRY(app.rotates_digests(region->id()));
    regions.push_back({{"region", region->id()}, {"rotating", rotating}});
    if (!line.json) console.out(fmt::format("region {:<26} {}\n", region->id(), rotating ? "being rotated" : "in use"));
  }
  json::Value backups = json::Value::array();
  for (const backup::KeyInfo& key : TRY(backup::keys(backup_keys(app.settings())))) {
    backups.push_back(
        {{"id", key.id}, {"created_at", format_time(key.created_at)}, {"expires_at", format_time(key.expires_at)}});
    if (!line.json) console.out(fmt::format("backup {:<26} until {}\n", key.id, format_day(key.expires_at)));
  }
  if (line.json) console.out(json::dump({{"regions", regions}, {"backups", backups}}) + "\n");
  return kGood;
}

Result<int> prune_keys(const CommandLine& line, App& app, Console& console) {
  auto destroyed = TRY(backup::prune(backup_keys(app.settings()), app.clock()));
  if (line.json) {
    console.out(json::dump({{"destroyed", destroyed}}) + "\n");
  } else {
    console.out(fmt::format("{} keys of expired backups were destroyed.\n", destroyed));
  }
  return kGood;
}

Result<int> say_rotated(const CommandLine& line, Console& console, const std::string& text) {
  console.out(line.json ? json::dump({{"region", line.region}, {"kind", line.kind}, {"rotated", true}}) + "\n" : text);
  return kGood;
}

Result<int> server_goes_on(Console& console) {
  console.err("The server goes on with it.\n");
  return kInterrupted;
}

Result<int> rotate_digest_key(const CommandLine& line, App& app, Console& console) {
  TRY(app.rotate_digest_key(line.region, {"cli", ""}));
  bool serving = app.server() != nullptr;
  if (!serving) TRY(app.finish_digest_key(line.region, [&] { return console.cancelled(); }));
  while (serving && TRY(app.rotates_digests(line.region))) {
    if (console.cancelled()) return server_goes_on(console);
    std::this_thread::sleep_for(kLookEvery);
  }
  return say_rotated(line, console, fmt::format("Look-ups of region {} go by a new key.\n", line.region));
}

Result<int> rotate_region_key(const CommandLine& line, App& app, Console& console) {
  TRY(app.rotate_region_key(line.region, {"cli", ""}));
  bool serving = app.server() != nullptr;
  if (!serving) TRY(app.finish_region_key(line.region, [&] { return console.cancelled(); }));
  auto last = std::chrono::steady_clock::now();
  while (serving && app.rotation(line.region)) {
    if (console.cancelled()) return server_goes_on(console);
    std::this_thread::sleep_for(kLookEvery);
    if (std::chrono::steady_clock::now() - last < kProgressEvery) continue;
    last = std::chrono::steady_clock::now();
    console.err(fmt::format("\r{} keys ", app.rotation(line.region).value_or(0)));
  }
  return say_rotated(line, console,
                     fmt::format("Region {} has a new key, and the one before it is destroyed. Copy the key folder to "
                                 "where you keep it.\n",
                                 line.region));
}

Result<bool> under_way(App& app) {
  auto deletions = TRY(app.test_data().deletions());
  return std::any_of(deletions.begin(), deletions.end(), [](const auto& one) { return !one.finished_at; });
}

Result<int> delete_test_data(const CommandLine& line, App& app, Console& console) {
  TRY(app.test_data().delete_all({"cli", ""}));
  auto cancelled = [&] { return console.cancelled(); };
  if (app.server() == nullptr) {
    auto done = app.test_data().run(cancelled);
    if (!done && !cancelled()) return std::unexpected(done.error());
  }
  while (TRY(under_way(app)) && !cancelled()) std::this_thread::sleep_for(kLookEvery);
  if (TRY(under_way(app))) {
    console.err("Interrupted; the server goes on with it, or begins with it when it starts.\n");
    return kInterrupted;
  }
  json::Value items = json::Value::array();
  std::int64_t events = 0;
  std::int64_t people = 0;
  for (const test_data::Deletion& deletion : TRY(app.test_data().deletions())) {
    items.push_back(test_data::to_json(deletion));
    events += deletion.events;
    people += deletion.people;
  }
  if (line.json) {
    console.out(json::dump({{"items", items}}) + "\n");
  } else {
    console.out(fmt::format("Deleted what test sources made up: {} events, {} identities.\n", events, people));
  }
  return kGood;
}

Result<int> check_backup(const CommandLine& line, const Settings& settings, const Clock& clock, Console& console) {
  auto opened = TRY(backup::open(line.from, backup_keys(settings), line.key, clock));
  BackupProgress progress(console);
  auto checked = backup::check(opened, progress);
  progress.end();
  TRY(std::move(checked));
  if (line.json) {
    console.out(json::dump(to_json(opened.manifest)) + "\n");
  } else {
    console.out(fmt::format("{} is whole: taken on {} by {}, readable until {}.\n", line.from,
                            format_time(opened.manifest.created_at), opened.manifest.program,
                            format_day(opened.manifest.expires_at)));
  }
  return kGood;
}

Result<int> restore_backup(const CommandLine& line, const Settings& settings, const Clock& clock, Console& console) {
  RestoreRequest request{line.from, line.key, {line.erasures.begin(), line.erasures.end()}};
  BackupProgress progress(console);
  auto restored = restore(settings, request, clock, progress);
  progress.end();
  RestoreReport report = TRY(std::move(restored));
  if (line.json) {
    json::Value out = to_json(report.manifest);
    out["data"] = settings.regions.data_folder.string();
    out["rewrap"] = report.regions_to_rewrap;
    out["webhooks_held"] = report.webhooks_held;
    console.out(json::dump(out) + "\n");
    return kGood;
  }
  console.out(fmt::format("{} is ready, as of {}.\n", settings.regions.data_folder.string(),
                          format_time(report.manifest.created_at)));
  if (!report.regions_to_rewrap.empty()) {
    console.out(fmt::format("The keys of {} were rotated since; the server brings the data over.\n",
                            fmt::join(report.regions_to_rewrap, ", ")));
  }
  if (report.webhooks_held > 0) {
    console.out(
        fmt::format("Webhooks that are held, so that nothing is sent twice: {}. Where this server takes over, "
                    "let each go on: handschlag webhook enable --id ID\n",
                    report.webhooks_held));
  }
  console.out(
      "Tokens and write keys that were taken back since the backup hold again: look at token list and source list.\n"
      "Erasures since the backup hold as far as the lists in the key folder go.\n");
  return kGood;
}

}  // namespace

std::optional<Result<int>> run_upkeep(const CommandLine& line, App& app, Console& console) {
  if (line.command == "backup") return take_backup(line, app, console);
  if (line.command == "keys list") return list_keys(line, app, console);
  if (line.command == "keys prune") return prune_keys(line, app, console);
  if (line.command == "keys rotate") {
    return line.kind == "digest" ? rotate_digest_key(line, app, console) : rotate_region_key(line, app, console);
  }
  if (line.command == "test-data delete") return delete_test_data(line, app, console);
  return std::nullopt;
}

int run_without_data(CommandLine line, const Settings& settings, const std::filesystem::path& folder,
                     Console& console) {
  resolve_paths(line, folder);
  SystemClock clock;
  auto result = line.command == "restore" ? restore_backup(line, settings, clock, console)
                                          : check_backup(line, settings, clock, console);
  return result ? *result : print_error(line, result.error(), console);
}

}  // namespace handschlag::app
