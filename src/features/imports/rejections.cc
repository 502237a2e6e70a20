#include "features/imports/rejections.h"

#include <fmt/format.h>

#include <filesystem>

namespace handschlag::imports {

namespace {

constexpr std::string_view kHeader = "line,reason";

// Whether that is a report of ours, or nothing yet: no other file is ever written over.
bool may_replace(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown) && !unknown) return true;
  if (!std::filesystem::is_regular_file(path, unknown)) return false;
  if (std::filesystem::file_size(path, unknown) == 0) return true;
  std::ifstream file(path, std::ios::binary);
  std::string first;
  return std::getline(file, first) && first.starts_with(kHeader);
}

}  // namespace

Rejections::Rejections(std::string path, bool eager) : path_(std::move(path)), foreign_(!may_replace(path_)) {
  if (foreign_) return;
  std::error_code ignored;  // there was none
  std::filesystem::remove(path_, ignored);
  if (eager) open();
}

void Rejections::open() {
  opened_ = true;
  if (foreign_) return;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  file_ << kHeader << '\n';
}

void Rejections::add(std::int64_t line, std::string_view reason, std::string_view detail) {
  if (!opened_) open();
  ++lines_;
  ++reasons_[std::string(reason)];
  if (detail.empty()) {
    file_ << line << ',' << reason << '\n';
    return;
  }
  std::string quoted;
  for (char c : detail) quoted += c == '"' ? "\"\"" : std::string(1, c);
  file_ << line << ",\"" << reason << ": " << quoted << "\"\n";
}

Result<void> Rejections::check() {
  if (foreign_) {
    return fail(ErrorKind::invalid, "report_exists",
                fmt::format("'{}' is there and no report of rejected lines; name another place with --report.", path_));
  }
  if (!opened_ || file_.good()) return {};
  return fail(
      ErrorKind::unavailable, "report_unwritable",
      fmt::format("The report of rejected lines can't be written to '{}'; name another place with --report.", path_));
}

Result<void> Rejections::finish() {
  if (opened_) file_.flush();
  return check();
}

}  // namespace handschlag::imports
