#include "platform/db/sqlite_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "platform/db/sqlite.h"

namespace handschlag::db {
namespace {

using Steady = std::chrono::steady_clock;

// A step aims at this time, and between two of them the writer has twice as long for itself.
constexpr std::chrono::microseconds kStepTime{2'000};
constexpr int kFirstStepPages = 64;
constexpr int kMinStepPages = 8;
constexpr int kMaxStepPages = 4'096;
constexpr int kPauseFactor = 2;
constexpr std::uint64_t kMaxRestarts = 20;
constexpr std::size_t kPieceBytes = 1 << 20;

// A file that goes away with the object.
class ScratchFile {
 public:
  ScratchFile(std::string path, bool wipe) : path_(std::move(path)), wipe_(wipe) { std::filesystem::remove(path_); }
  ~ScratchFile() {
    if (wipe_) overwrite();
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path_ + suffix).c_str());
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  void overwrite() const {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat info{};
    const std::string zeros(kPieceBytes, '\0');
    if (::fstat(file, &info) == 0) {
      for (off_t at = 0; at < info.st_size; at += static_cast<off_t>(zeros.size())) {
        const auto rest = static_cast<std::size_t>(info.st_size - at);
        (void)!::pwrite(file, zeros.data(), std::min(rest, zeros.size()), at);
      }
    }
    ::fsync(file);
    ::close(file);
  }

  const std::string path_;
  const bool wipe_;
};

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  bool close() {
    if (descriptor_ < 0) return true;
    return ::close(std::exchange(descriptor_, -1)) == 0;
  }

 private:
  int descriptor_;
};

std::unexpected<Error> file_failed() {
  if (errno == ENOSPC || errno == EDQUOT) {
    return fail(ErrorKind::unavailable, "disk_full", "The disk is full; make room and try again.");
  }
  return fail(ErrorKind::unavailable, "disk_failed", fmt::format("A file could not be written (error {}).", errno));
}

// The running backup. All of it happens while the writer's turn is ours.
class Steps {
 public:
  Steps(SqliteConnection& from, SqliteConnection& to, FairMutex& turn) : from_(from), to_(to), turn_(turn) {}
  ~Steps() {
    std::lock_guard guard(turn_);
    finish();
  }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  // Copies some pages; answers whether that was all.
  Result<bool> step() {
    std::lock_guard guard(turn_);
    const auto begin = Steady::now();
    if (handle_ == nullptr) handle_ = sqlite3_backup_init(to_.handle(), "main", from_.handle(), "main");
    if (handle_ == nullptr) return std::unexpected(to_.error(sqlite3_errcode(to_.handle())));
    const int remaining = sqlite3_backup_remaining(handle_);
    const int code = sqlite3_backup_step(handle_, pages_);
    const int left = sqlite3_backup_remaining(handle_);
    if (code == SQLITE_OK && total() > 0 && left > remaining && remaining > 0) ++report_.restarts;
    if (code == SQLITE_DONE) finish();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begin);
    report_.longest_hold = std::max(report_.longest_hold, took);
    pause_ = std::max(took, std::chrono::microseconds{100}) * kPauseFactor;
    pages_ = std::clamp(static_cast<int>(pages_ * kStepTime / std::max(took, std::chrono::microseconds{50})),
                        kMinStepPages, kMaxStepPages);
    if (code == SQLITE_DONE) return true;
    if (code != SQLITE_OK) return std::unexpected(to_.error(code));
    return false;
  }

  std::uint64_t total() const { return handle_ == nullptr ? 0 : count(sqlite3_backup_pagecount(handle_)); }
  std::uint64_t done() const {
    return handle_ == nullptr ? 0 : total() - std::min(total(), count(sqlite3_backup_remaining(handle_)));
  }
  std::chrono::microseconds pause() const { return pause_; }
  const CopyReport& report() const { return report_; }

 private:
  static std::uint64_t count(int pages) { return static_cast<std::uint64_t>(std::max(pages, 0)); }
  void finish() {
    if (handle_ != nullptr) sqlite3_backup_finish(handle_);
    handle_ = nullptr;
  }

  SqliteConnection& from_;
  SqliteConnection& to_;
  FairMutex& turn_;
  sqlite3_backup* handle_ = nullptr;
  int pages_ = kFirstStepPages;
  std::chrono::microseconds pause_{0};
  CopyReport report_;
};

Result<CopyReport> copy_pages(const SqliteCopySource& source, SqliteConnection& to, const CopyOptions& options) {
  constexpr std::uint64_t kPageBytes = 4096;
  Steps steps(source.writer, to, source.turn);
  while (!TRY(steps.step())) {
    TRY(options.progress(steps.done() * kPageBytes, steps.total() * kPageBytes));
    if (steps.report().restarts > kMaxRestarts) {
      return fail(ErrorKind::unavailable, "database_busy",
                  "The copy began anew again and again; try again when less is being written.");
    }
    std::this_thread::sleep_for(steps.pause());
  }
  return steps.report();
}

Result<void> check_integrity(SqliteConnection& connection) {
  std::string answer;
  SqliteTransaction tx(connection);
  TRY(tx.query("PRAGMA integrity_check(1)", {}, [&](const Row& row) { answer = row.text(0); }));
  if (answer == "ok") return {};
  return fail(ErrorKind::internal, "database_corrupt",
              "The database is damaged: it did not pass SQLite's integrity check; restore a backup.");
}

Result<void> hand_over(const std::string& path, const CopyOptions& options) {
  File file(path, O_RDONLY);
  if (!file.open()) return file_failed();
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0) return file_failed();
    if (got == 0) return {};
    TRY(options.write(std::string_view(piece).substr(0, static_cast<std::size_t>(got))));
  }
}

Result<void> write_file(const std::string& path, const ReadCopy& read) {
  File file(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.open() && errno == EEXIST) {
    return fail(ErrorKind::conflict, "database_exists", fmt::format("{} is there already.", path));
  }
  if (!file.open()) return file_failed();
  for (std::string piece = TRY(read()); !piece.empty(); piece = TRY(read())) {
    for (std::string_view rest = piece; !rest.empty();) {
      const ssize_t written = ::write(file.get(), rest.data(), rest.size());
      if (written < 0) return file_failed();
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  if (::fsync(file.get()) != 0 || !file.close()) return file_failed();
  return {};
}

Result<void> check_restored(const Options& options, std::span<const Migration> migrations) {
  {
    auto connection = TRY(SqliteConnection::open(options.location, SqliteAccess::write, options.secure_delete));
    TRY(check_integrity(*connection));
  }
  auto database = TRY(open_sqlite(options));
  return check_steps(TRY(applied_steps(*database)), migrations);
}

}  // namespace

Result<CopyReport> copy_sqlite(const SqliteCopySource& source, const CopyOptions& options) {
  std::unique_lock copying(source.copying, std::try_to_lock);
  if (!copying) return fail(ErrorKind::conflict, "copy_running", "This database is being copied already.");
  const ScratchFile scratch(options.scratch_folder + "/copy.db", source.wipe);
  CopyReport report;
  {
    const File made(scratch.path(), O_WRONLY | O_CREAT | O_EXCL);  // for this user only
    if (!made.open()) return file_failed();
    auto to = TRY(SqliteConnection::open_scratch(scratch.path()));
    report = TRY(copy_pages(source, *to, options));
    TRY(to->run("PRAGMA journal_mode=DELETE"));  // one file, whole without a WAL
    TRY(check_integrity(*to));
  }
  TRY(hand_over(scratch.path(), options));
  return report;
}

Result<void> restore_sqlite(const Options& options, std::span<const Migration> migrations, const ReadCopy& read) {
  auto written = write_file(options.location, read);
  if (!written && written.error().code == "database_exists") return written;
  auto restored = written ? check_restored(options, migrations) : written;
  if (restored) return {};
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((options.location + suffix).c_str());
  if (restored.error().code == "not_a_database" || restored.error().code == "database_corrupt") {
    return fail(ErrorKind::invalid, "copy_damaged", "The copy is damaged; use another one.");
  }
  return restored;
}

}  // namespace handschlag::db
