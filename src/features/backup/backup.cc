#include "features/backup/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "features/backup/files.h"
#include "features/backup/key_ring.h"
#include "features/backup/manifest.h"
#include "features/backup/sealed_file.h"

namespace handschlag::backup {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr double kSpareRoom = 1.05;

std::string part_context(const std::string& id, const std::string& part) {
  return fmt::format("backup-part|{}|{}", id, part);
}

std::string secret_context(const std::string& id, const std::string& name) {
  return fmt::format("backup-secret|{}|{}", id, name);
}

// "20261122T021300Z-5f0e9a": sorts by time, and no two are the same.
std::string new_id(Time now) {
  std::string id;
  for (char c : format_time(now).substr(0, 19)) {
    if (c != '-' && c != ':') id += c;
  }
  return id + "Z-" + crypto::to_hex(crypto::random_bytes(3));
}

// A folder that goes away unless it is kept.
class Folder {
 public:
  explicit Folder(fs::path path) : path_(std::move(path)) {}
  ~Folder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Result<void> make() const {
    std::error_code error;
    fs::remove_all(path_, error);  // of one that was cut short
    if (!error) fs::create_directories(path_, error);
    if (!error) fs::permissions(path_, fs::perms::owner_all, error);
    if (!error) return {};
    return fail(ErrorKind::unavailable, "target_not_writable",
                fmt::format("{} can't be made: {}. It is written by the user of the server, where one runs.",
                            path_.string(), error.message()));
  }
  void keep() { kept_ = true; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool kept_ = false;
};

// The new backup's key; destroyed unless the backup was completed.
class NewKey {
 public:
  NewKey(const Job& job, Time now) : path_(job.key_ring) {
    file_.info = {new_id(now), now, now + job.key_life};
    file_.key = crypto::Key::random();
  }
  ~NewKey() {
    if (added_ && !kept_) (void)destroy_file(key_path(path_, file_.info.id));
  }
  NewKey(const NewKey&) = delete;
  NewKey& operator=(const NewKey&) = delete;
  Result<void> add() {
    added_ = true;
    return add_key(path_, file_);
  }
  void keep() { kept_ = true; }
  const KeyFile& file() const { return file_; }

 private:
  fs::path path_;
  KeyFile file_;
  bool added_ = false;
  bool kept_ = false;
};

Result<void> check_target(const Job& job) {
  if (job.key_life < std::chrono::days{1} || job.key_life > kLongestKeyLife) {
    return fail(ErrorKind::invalid, "key_life",
                fmt::format("A backup's key lives for 1 to {} days.", kLongestKeyLife.count()));
  }
  std::error_code error;
  bool there = fs::exists(job.to, error);
  if (there && !(fs::is_directory(job.to, error) && fs::is_empty(job.to, error))) {
    return fail(ErrorKind::conflict, "target_exists",
                fmt::format("{} is there already; name a folder that is not.", job.to.string()));
  }
  return {};
}

Result<void> check_room(const fs::path& folder, double bytes, std::string_view code, std::string_view what) {
  std::error_code error;
  auto space = fs::space(folder, error);
  if (error || static_cast<double>(space.available) > bytes * kSpareRoom) return {};
  return fail(ErrorKind::unavailable, std::string(code),
              fmt::format("{} needs about {:.1f} GB in {}, which has {:.1f} GB; make room there.", what, bytes / 1e9,
                          folder.string(), static_cast<double>(space.available) / 1e9));
}

Result<void> check_rooms(const Job& job, const fs::path& target) {
  double all = 0;
  double largest = 0;
  for (const Part& part : job.parts) {
    all += static_cast<double>(part.expected_bytes);
    largest = std::max(largest, static_cast<double>(part.expected_bytes));
  }
  TRY(check_room(target, all, "target_full", "The backup"));
  return check_room(job.scratch, largest, "scratch_full", "The copy that is being taken");
}

Result<void> go_on(Progress& progress) {
  if (!progress.cancelled()) return {};
  return fail(ErrorKind::unavailable, "backup_cancelled", "The backup was cancelled; nothing of it was kept.");
}

Result<PartInfo> copy_part(const Job& job, const Part& part, const KeyFile& key, const fs::path& folder,
                           const Clock& clock, Progress& progress, Report& report) {
  PartInfo info;
  info.name = part.name;
  info.file = part.name + ".sealed";
  info.schema = TRY(db::applied_steps(*part.database));
  auto file = TRY(SealedWriter::create(folder / info.file, key.key, part_context(key.info.id, part.name)));
  db::CopyOptions options;
  options.scratch_folder = job.scratch.string();
  bool writing = false;
  options.write = [&](std::string_view bytes) -> Result<void> {
    if (!writing) info.copied_at = clock.now();
    writing = true;
    TRY(go_on(progress));
    return file.write(bytes);
  };
  options.progress = [&](std::uint64_t done, std::uint64_t total) -> Result<void> {
    progress.report(part.name, "copied", done, total);
    return go_on(progress);
  };
  auto copied = TRY(part.database->copy(options));
  report.longest_hold = std::max(report.longest_hold, copied.longest_hold);
  auto summary = TRY(file.finish());
  info.bytes = summary.bytes;
  info.sealed_bytes = summary.sealed_bytes;
  info.sha256 = summary.sha256;
  report.bytes += summary.sealed_bytes;
  return info;
}

Result<void> check_part(const Opened& backup, const PartInfo& part, Progress& progress) {
  auto path = backup.folder / part.file;
  auto file = TRY(SealedReader::open(path, backup.key, part_context(backup.manifest.id, part.name)));
  std::uint64_t bytes = 0;
  for (std::string piece = TRY(file.read()); !piece.empty(); piece = TRY(file.read())) {
    bytes += piece.size();
    progress.report(part.name, "checked", bytes, part.bytes);
    TRY(go_on(progress));
  }
  if (bytes == part.bytes && file.sealed_bytes() == part.sealed_bytes && file.sha256() == part.sha256) return {};
  return fail(ErrorKind::invalid, "backup_damaged",
              fmt::format("{} is not what the manifest says; use another backup.", path.string()));
}

Result<void> name_finished(const fs::path& partial, const fs::path& to) {
  TRY(sync_folder(partial));
  std::error_code ignored;
  fs::remove(to, ignored);  // an empty folder
  if (std::rename(partial.c_str(), to.c_str()) != 0) {
    return fail(ErrorKind::unavailable, "target_not_writable",
                fmt::format("{} can't be made: {}.", to.string(), std::strerror(errno)));
  }
  return sync_folder(to.parent_path());
}

}  // namespace

Result<Report> create(const Job& job, const Clock& clock, Progress& progress) {
  TRY(check_target(job));
  auto begin = Steady::now();
  Folder partial(job.to.string() + ".partial");
  TRY(partial.make());
  const Folder scratch(job.scratch);
  TRY(scratch.make());
  TRY(check_rooms(job, partial.path()));
  NewKey key(job, clock.now());
  TRY(key.add());
  const KeyInfo& info = key.file().info;
  Report report;
  report.manifest = {info.id, job.program, job.storage, info.created_at, info.expires_at, {}, {}};
  for (const Part& part : job.parts) {
    report.manifest.parts.push_back(TRY(copy_part(job, part, key.file(), partial.path(), clock, progress, report)));
  }
  if (job.secrets) {
    for (const auto& [name, secret] : TRY(job.secrets())) {
      report.manifest.secrets.emplace(name, crypto::seal(key.file().key, secret, secret_context(info.id, name)));
    }
  }
  TRY(write_small(partial.path() / kManifestFile, write_manifest(report.manifest, key.file().key)));
  auto written = open(partial.path(), job.key_ring, {}, clock);
  auto checked = written ? check(*written, progress) : Result<void>(std::unexpected(written.error()));
  if (!checked && checked.error().code == "backup_cancelled") return std::unexpected(checked.error());
  if (!checked) {
    return fail(
        ErrorKind::unavailable, "backup_not_verified",
        fmt::format("What was written could not be read back: {} Look after that disk.", checked.error().detail));
  }
  TRY(name_finished(partial.path(), job.to));
  partial.keep();
  key.keep();
  report.took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
  return report;
}

Result<Opened> open(const fs::path& folder, const fs::path& key_ring, const fs::path& key_file, const Clock& clock) {
  auto text = read_small(folder / kManifestFile);
  if (!text) {
    return fail(ErrorKind::not_found, "backup_unknown",
                fmt::format("{} is no backup: {}", folder.string(), text.error().detail));
  }
  auto manifest = TRY(read_manifest(*text));
  Opened out{folder, manifest.manifest, {}, {}};
  if (out.manifest.expires_at <= clock.now()) {
    return fail(ErrorKind::invalid, "backup_expired",
                fmt::format("This backup expired on {}: its key is destroyed, so that nobody who was erased comes "
                            "back with it. Use a newer one.",
                            format_day(out.manifest.expires_at)));
  }
  auto path = key_file.empty() ? key_path(key_ring, out.manifest.id) : key_file;
  auto key = read_key(path);
  if (!key && key.error().kind == ErrorKind::not_found) {
    return fail(ErrorKind::not_found, "backup_key_missing",
                fmt::format("The key of this backup is not at {}; put it there or name it with --key. Without it "
                            "nobody can read the backup.",
                            path.string()));
  }
  out.key = TRY(std::move(key)).key;
  if (!is_true(manifest, out.key)) {
    return fail(ErrorKind::invalid, "backup_key_wrong",
                fmt::format("{} is not the key of this backup, or manifest.json was changed.", path.string()));
  }
  for (const auto& [name, sealed] : out.manifest.secrets) {
    out.secrets.emplace(name, TRY(crypto::open(out.key, sealed, secret_context(out.manifest.id, name))));
  }
  return out;
}

Result<void> check(const Opened& backup, Progress& progress) {
  for (const PartInfo& part : backup.manifest.parts) TRY(check_part(backup, part, progress));
  return {};
}

Result<void> restore_part(const Opened& backup, const PartInfo& part, const db::Options& to,
                          std::span<const db::Migration> schema, Progress& progress) {
  auto file =
      TRY(SealedReader::open(backup.folder / part.file, backup.key, part_context(backup.manifest.id, part.name)));
  std::uint64_t bytes = 0;
  return db::restore(to, schema, [&]() -> Result<std::string> {
    TRY(go_on(progress));
    std::string piece = TRY(file.read());
    bytes += piece.size();
    progress.report(part.name, "restored", bytes, part.bytes);
    return piece;
  });
}

}  // namespace handschlag::backup
