// The settings: one TOML file, every key documented in docs/configuration.md (a test holds the two against each other).
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "app/admission.h"
#include "features/identity/identity.h"
#include "features/outreach/outreach.h"
#include "features/regions/regions.h"
#include "platform/base/result.h"
#include "platform/http/server.h"
#include "platform/http_client/http_client.h"
#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/mail/smtp.h"

namespace handschlag::app {

struct Settings {
  regions::Settings regions;
  identity::Limits identity;
  http::ServerOptions server;
  Limits limits;
  bool four_eyes = false;  // what is in approvals::operations() takes two people
  http_client::Policy outbound;
  mail::Server mail;     // no host: no mail is sent
  mail::Mailbox sender;  // of mail
  std::string bounces;   // of which the envelope senders of messages are made; "": none
  std::vector<outreach::Cap> caps = outreach::usual_caps();
  outreach::GatewaySettings gateway;    // no url: no text messages
  std::string base_url;                 // of the pages for customers, without "/" at its end
  std::chrono::days test_retention{0};  // of what test sources made up; 0: until it is deleted
  log::Level log_level = log::Level::info;

  // Where they came from, to read them again.
  std::filesystem::path file;                 // "" for none
  std::string listen;                         // of the command line; wins over the file
  json::Value given = json::Value::object();  // what the file says, by table
};

// What differs between two readings, by name ("server.listen").
struct SettingChanges {
  std::vector<std::string> live;     // can be taken over while the server runs
  std::vector<std::string> restart;  // hold from the next start on
};
SettingChanges changes_between(const Settings& before, const Settings& after);

// Reads `file` ("" for none) over the defaults, for the data folder `data`; `listen` ("" for none) wins over the file.
// Errors: invalid, each wrong key named.
Result<Settings> load_settings(const std::filesystem::path& data, const std::filesystem::path& file,
                               const std::string& listen = "");

// "127.0.0.1:8080", "[::1]:8080", ":8080" into `server`. Errors: invalid.
Result<void> set_listen(http::ServerOptions& server, std::string_view listen);

// The names of all settings ("server.listen"), for the test of the documentation.
std::vector<std::string> setting_names();

}  // namespace handschlag::app
