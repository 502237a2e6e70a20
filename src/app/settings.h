// The settings: one TOML file, every key documented in docs/configuration.md (a test holds the two against each other).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "features/identity/identity.h"
#include "features/regions/regions.h"
#include "platform/base/result.h"
#include "platform/http/server.h"
#include "platform/log/log.h"

namespace handschlag::app {

struct Settings {
  regions::Settings regions;
  identity::Limits identity;
  http::ServerOptions server;
  log::Level log_level = log::Level::info;
};

// Reads `file` ("" for none) over the defaults, for the data folder `data`. Errors: invalid, each wrong key named.
Result<Settings> load_settings(const std::filesystem::path& data, const std::filesystem::path& file);

// "127.0.0.1:8080", "[::1]:8080", ":8080" into `server`. Errors: invalid.
Result<void> set_listen(http::ServerOptions& server, std::string_view listen);

// The names of all settings ("server.listen"), for the test of the documentation.
std::vector<std::string> setting_names();

}  // namespace handschlag::app
