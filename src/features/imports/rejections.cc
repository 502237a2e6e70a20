#include "features/imports/rejections.h"

#include <fmt/format.h>

#include <filesystem>

namespace handschlag::imports {

Rejections::Rejections(std::string path, bool eager) : path_(std::move(path)) {
  std::error_code ignored;  // there was none
  std::filesystem::remove(path_, ignored);
  if (eager) open();
}

void Rejections::open() {
  opened_ = true;
  file_.open(path_, std::ios::binary | std::ios::trunc);
  file_ << "line,reason\n";
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
