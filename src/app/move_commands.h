// The commands that move customers between regions.
#pragma once

#include <optional>

#include "app/commands.h"

namespace handschlag::app {

// Nothing, where the command is none of these.
std::optional<Result<int>> run_move_command(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
