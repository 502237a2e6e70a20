// `handschlag webhook ...`.
#pragma once

#include "app/commands.h"

namespace handschlag::app {

// Runs one of them; answers the exit code. Errors: those of webhooks::Webhooks.
Result<int> run_webhook_command(const CommandLine& line, App& app, Console& console);

}  // namespace handschlag::app
