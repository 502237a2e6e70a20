// The commands of upkeep: backup, restore, keys.
#pragma once

#include <filesystem>
#include <optional>

#include "app/commands.h"

namespace handschlag::app {

// Nothing where `line` is another command.
std::optional<Result<int>> run_upkeep(const CommandLine& line, App& app, Console& console);

// The commands that work on a backup alone: restore, backup-check. `folder`: where relative paths start.
int run_without_data(CommandLine line, const Settings& settings, const std::filesystem::path& folder, Console& console);

}  // namespace handschlag::app
