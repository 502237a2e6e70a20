// `handschlag import ...`.
#pragma once

#include "app/commands.h"

namespace handschlag::app {

// Runs one of them; answers the exit code. Errors: those of imports::Importer and consent_imports::ConsentImports.
Result<int> run_import_command(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
