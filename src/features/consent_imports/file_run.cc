#include "features/consent_imports/file_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>

#include "features/imports/rejections.h"

namespace handschlag::consent_imports {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kStandardInput = "-";
constexpr int kTries = 5;  // where the region is busy
constexpr std::chrono::milliseconds kShortestPause{20};
constexpr std::chrono::milliseconds kLongestPause{2'000};

std::string report_path(const Job& job) {
  if (!job.report.empty()) return job.report;
  return job.file == kStandardInput ? "consents.rejected.csv" : job.file + ".rejected.csv";
}

class Run {
 public:
  Run(const Job& job, imports::Progress& progress, const Take& take)
      : job_(job), progress_(progress), take_(take), rejections_(report_path(job), !job.report.empty()) {}

  Result<FileReport> run(std::istream& in, std::int64_t bytes_total, Time now) {
    const auto started = steady_clock::now();
    TRY(rejections_.check());
    const auto reader = TRY(LineReader::open(in, {}, now));
    while (!progress_.cancelled()) {
      std::vector<Read> lines;
      while (lines.size() < kAtOnce) {
        auto read = reader->next();
        if (!read) break;
        lines.push_back(*std::move(read));
      }
      if (lines.empty()) break;
      auto taken = send(lines);
      if (!taken && progress_.cancelled()) break;
      TRY(std::move(taken));
      progress_.report({reader->bytes(), bytes_total, report_.lines});
    }
    if (reader->failed()) return fail(ErrorKind::unavailable, "file_unreadable", "The file can't be read to its end.");
    return finish(started);
  }

 private:
  Result<void> send(const std::vector<Read>& lines) {
    std::vector<LineReport> told;
    for (int tries = 1;; ++tries) {
      told.assign(lines.size(), {});
      auto taken = take_(lines, told);
      if (taken) break;
      const Error& error = taken.error();
      const bool busy = error.kind == ErrorKind::too_many || error.kind == ErrorKind::unavailable;
      if (!busy || tries == kTries || !pause(error.retry_after)) return taken;
    }
    for (const LineReport& line : told) count(line);
    return rejections_.check();
  }

  void count(const LineReport& line) {
    ++report_.lines;
    if (line.outcome == Outcome::taken) ++report_.taken;
    if (line.outcome == Outcome::there_already) ++report_.there_already;
    if (line.made) ++report_.made;
    if (line.proof_gaps) ++report_.proof_gaps;
    if (line.outcome != Outcome::refused) return;
    ++report_.refused;
    // An object may have a field of any name, and a name may be anything.
    rejections_.add(line.line, is_column(line.field) ? line.field : "line", line.reason);
  }

  // False where it was cancelled meanwhile.
  bool pause(std::chrono::milliseconds time) {
    const auto until = steady_clock::now() + std::clamp(time, kShortestPause, kLongestPause);
    while (steady_clock::now() < until && !progress_.cancelled()) std::this_thread::sleep_for(kShortestPause);
    return !progress_.cancelled();
  }

  Result<FileReport> finish(steady_clock::time_point started) {
    TRY(rejections_.finish());
    report_.cancelled = progress_.cancelled();
    report_.reasons = rejections_.reasons();
    if (rejections_.written()) report_.report_file = report_path(job_);
    report_.took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started);
    return std::move(report_);
  }

  const Job& job_;
  imports::Progress& progress_;
  const Take& take_;
  imports::Rejections rejections_;
  FileReport report_;
};

}  // namespace

Result<FileReport> run_file(const Job& job, Time now, imports::Progress& progress, const Take& take) {
  if (job.file == kStandardInput) return Run(job, progress, take).run(std::cin, 0, now);
  std::error_code unknown;
  std::ifstream file;
  if (std::filesystem::is_regular_file(job.file, unknown)) file.open(job.file, std::ios::binary);
  if (!file.is_open()) {
    return fail(ErrorKind::not_found, "file_not_found",
                fmt::format("There is no readable file '{}'; a pipe is read as standard input, '-'.", job.file));
  }
  if (!job.report.empty() && std::filesystem::equivalent(job.report, job.file, unknown)) {
    return fail(ErrorKind::invalid, "report_is_input",
                fmt::format("--report {} is the file that is read; name another.", job.report));
  }
  const auto size = std::filesystem::file_size(job.file, unknown);
  return Run(job, progress, take).run(file, unknown ? 0 : static_cast<std::int64_t>(size), now);
}

}  // namespace handschlag::consent_imports
