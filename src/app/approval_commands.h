// The commands of approvals: ask, list, approve, decline, withdraw; see features/approvals.
#pragma once

#include "app/commands.h"

namespace handschlag::app {

// A command whose name begins with "approvals ".
Result<int> run_approval_command(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
