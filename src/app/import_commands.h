// `handschlag import ...`, and how commands show how far they are.
#pragma once

#include <chrono>
#include <cstdint>

#include "app/commands.h"

namespace handschlag::app {

// Runs one of them; answers the exit code. Errors: those of imports::Importer and consent_imports::ConsentImports.
Result<int> run_import_command(const CommandLine& line, App& app, Console& console);

// Writes a line of progress now and then; over itself on a terminal. Not thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(Console& console) : console_(console) {}
  // `what` is counted, as in "events".
  void show(double share, std::int64_t count, std::string_view what);
  void end();

 private:
  Console& console_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool shown_ = false;
};

}  // namespace handschlag::app
