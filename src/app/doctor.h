// `handschlag doctor`: looks whether everything is in order, and says what to do where it is not.
#pragma once

#include "app/commands.h"

namespace handschlag::app {

// One part, and how it is.
struct Finding {
  std::string part;  // "region eu: vault"
  bool good = true;
  std::string detail;  // what is wrong and what to do; or what was found
};

std::vector<Finding> examine(App& app);
// Prints the findings; the exit code is 1 where one is bad.
Result<int> run_doctor(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
