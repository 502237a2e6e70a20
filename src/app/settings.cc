#include "app/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "platform/config/toml.h"
#include "platform/db/db.h"
#include "platform/http/proxies.h"
#include "platform/http_client/webhook.h"

namespace handschlag::app {
namespace {

constexpr std::size_t kMaxFile = 1 << 20;
constexpr std::size_t kMostSecrets = 2;  // while one takes the place of the other

// Whether a change is taken over while the server runs.
enum class When { live, restart };

// One setting: how it is read from its table's reader into the settings.
struct Setting {
  const char* table;
  const char* name;
  std::function<void(json::Reader&, Settings&)> read;
  When when = When::restart;
};

void take_text(json::Reader& reader, const char* name, std::string& out) {
  if (auto value = reader.optional_text(name, {.min_length = 0})) out = *value;
}

template <class Number>
void take_number(json::Reader& reader, const char* name, std::int64_t min, std::int64_t max, Number& out) {
  if (auto value = reader.optional_integer(name, min, max)) out = static_cast<Number>(*value);
}

void take_seconds(json::Reader& reader, const char* name, std::chrono::seconds& out) {
  if (auto value = reader.optional_integer(name, 1, 86'400)) out = std::chrono::seconds{*value};
}

void take_texts(json::Reader& reader, const char* name, std::vector<std::string>& out) {
  const json::Value* given = reader.any(name);
  if (given != nullptr) out = reader.texts(name, 100);
}

void take_proxies(json::Reader& reader, Settings& settings) {
  take_texts(reader, "trusted_proxies", settings.server.trusted_proxies);
  for (const std::string& proxy : settings.server.trusted_proxies) {
    if (auto good = http::TrustedProxies::create({proxy}); !good) reader.error("trusted_proxies", good.error().detail);
  }
}

void take_origins(json::Reader& reader, Settings& settings) {
  take_texts(reader, "cors_origins", settings.server.cors_origins);
  for (std::string_view origin : settings.server.cors_origins) {
    const std::size_t scheme = origin.find("://");
    const bool is_origin = (origin.starts_with("https://") || origin.starts_with("http://")) &&
                           origin.size() > scheme + 3 &&
                           origin.find_first_of("/?#@ *", scheme + 3) == std::string_view::npos;
    if (origin == "*" || is_origin) continue;
    reader.error("cors_origins", fmt::format("'{}' is neither * nor an origin such as https://shop.example", origin));
  }
}

void take_tls_key(json::Reader& reader, Settings& settings) {
  take_text(reader, "tls_key", settings.server.tls_key_file);
  if (settings.server.tls_key_file.empty() != settings.server.tls_certificate_file.empty()) {
    reader.error("tls_key", "must be given together with tls_certificate, or neither");
  }
}

void take_rate(json::Reader& reader, const char* name, std::int64_t& per_second) {
  take_number(reader, name, 0, 1'000'000'000, per_second);
}

void take_burst(json::Reader& reader, const char* name, http::Rate& rate) {
  take_number(reader, name, 1, 1'000'000'000, rate.burst);
}

void take_ports(json::Reader& reader, Settings& settings) {
  const json::Value* ports = reader.array("ports", 100);
  if (ports == nullptr) return;
  settings.outbound.ports.clear();
  for (const json::Value& port : *ports) {
    if (!port.is_number_integer() || port < 1 || port > 65'535) {
      reader.error("ports", "must be whole numbers from 1 to 65535");
      return;
    }
    settings.outbound.ports.push_back(port.get<std::uint16_t>());
  }
}

void take_mail_security(json::Reader& reader, Settings& settings) {
  auto text = reader.optional_text("security");
  if (!text || *text == "starttls") return;
  if (*text == "tls") {
    settings.mail.security = mail::Security::tls;
    settings.mail.port = 465;
  } else if (*text == "none") {
    settings.mail.security = mail::Security::none;
    settings.mail.port = 25;
  } else {
    reader.error("security", "must be starttls, tls or none");
  }
}

void take_sender(json::Reader& reader, Settings& settings) {
  take_text(reader, "sender_address", settings.sender.address);
  if (!settings.sender.address.empty() && !mail::is_address(settings.sender.address)) {
    reader.error("sender_address", "must be an address that mail can come from, as in shop@example.com");
  }
}

// A tag of 49 letters comes into it before the "@", of 64 that may stand there.
void take_bounces(json::Reader& reader, Settings& settings) {
  constexpr std::size_t kMostLetters = 15;
  take_text(reader, "bounces", settings.bounces);
  const std::string& address = settings.bounces;
  const std::size_t at = address.find('@');
  const bool good = mail::is_address(address) && at <= kMostLetters && address.find('+') == std::string::npos &&
                    address.size() <= 200;
  if (!address.empty() && !good) {
    reader.error("bounces",
                 "must be an address with at most 15 letters before the @ and no plus sign, as in "
                 "bounces@mail.example.org");
  }
}

void take_base_url(json::Reader& reader, Settings& settings) {
  take_text(reader, "base_url", settings.base_url);
  std::string& url = settings.base_url;
  while (url.ends_with('/')) url.pop_back();
  if (url.empty()) return;
  const std::size_t scheme = url.find("://");
  const bool good = (url.starts_with("https://") || url.starts_with("http://")) && url.size() > scheme + 3 &&
                    url.size() <= 500 && url.find_first_of("?#@ <>\"\r\n", scheme + 3) == std::string::npos;
  if (!good) reader.error("base_url", "must be where customers reach this server, as in https://shop.example");
}

// The whole of [mail], when all of it was read.
void check_mail(json::Reader& reader, Settings& settings, const std::string& password_file) {
  mail::Server& server = settings.mail;
  server.internal_networks = settings.outbound.internal_networks;
  server.ca_file = settings.outbound.ca_file;
  if (const char* password = std::getenv("HANDSCHLAG_MAIL_PASSWORD")) server.password = password;
  if (!password_file.empty()) {
    std::ifstream stream(password_file);
    if (!std::getline(stream, server.password)) reader.error("password_file", "can't be read");
  }
  if (server.host.empty()) return;
  if (settings.sender.address.empty()) reader.error("sender_address", "is needed where host is given");
  if (settings.base_url.empty()) reader.error("base_url", "is needed where host is given");
  if (!server.user.empty() && server.password.empty()) {
    reader.error("password_file", "or HANDSCHLAG_MAIL_PASSWORD is needed where user is given");
  }
  if (auto mailer = mail::Mailer::create(server); !mailer) reader.error("host", mailer.error().detail);
}

// Takes the place of all caps of that kind. None at all is no setting: whoever is to be written to ever so often would
// be without protection by a slip.
void take_caps(json::Reader& reader, const char* name, outreach::Kind kind, std::vector<outreach::Cap>& caps) {
  std::vector<std::string> texts;
  if (reader.any(name) == nullptr) return;
  take_texts(reader, name, texts);
  std::erase_if(caps, [&](const outreach::Cap& cap) { return cap.kind == kind; });
  if (texts.empty() || texts.size() > outreach::kMostCaps) {
    reader.error(name, fmt::format("must have one to {} caps, as in [\"3/14d\"]", outreach::kMostCaps));
  }
  for (const std::string& text : texts) {
    if (auto cap = outreach::parse_cap(kind, text)) {
      caps.push_back(*cap);
    } else {
      reader.error(name, fmt::format("'{}' is no cap: 1 to {} in 1m (minutes), h or d to {}d, as in 3/14d", text,
                                     outreach::kMostOfCap, outreach::kLongestCap.count()));
    }
  }
}

void take_gateway_channels(json::Reader& reader, Settings& settings) {
  std::vector<std::string> names;
  take_texts(reader, "channels", names);
  if (names.empty()) return;
  settings.gateway.channels.clear();
  for (const std::string& name : names) {
    const auto channel = law::find_channel(name);
    const auto known = std::find(std::begin(outreach::kCarried), std::end(outreach::kCarried), channel);
    if (known == std::end(outreach::kCarried)) {
      reader.error("channels", "must be of sms and email");
      return;
    }
    settings.gateway.channels.push_back(*known);
  }
}

// The whole of [gateway], when all of it was read.
void check_gateway(json::Reader& reader, Settings& settings, const std::string& secret_file) {
  outreach::GatewaySettings& gateway = settings.gateway;
  if (const char* secret = std::getenv("HANDSCHLAG_GATEWAY_SECRET")) gateway.secrets = {secret};
  if (!secret_file.empty()) {
    gateway.secrets.clear();
    std::ifstream stream(secret_file);
    for (std::string line; std::getline(stream, line) && gateway.secrets.size() <= kMostSecrets;) {
      if (!line.empty()) gateway.secrets.push_back(line);
    }
    if (gateway.secrets.empty()) reader.error("secret_file", "can't be read, or is empty");
  }
  if (gateway.url.empty()) return;
  if (auto good = http_client::check_url(gateway.url, settings.outbound); !good)
    reader.error("url", good.error().detail);
  if (gateway.secrets.empty() || gateway.secrets.size() > kMostSecrets) {
    reader.error("secret_file", "or HANDSCHLAG_GATEWAY_SECRET is needed where url is given, with at most two secrets");
  }
  for (const std::string& secret : gateway.secrets) {
    if (!http_client::is_secret(secret)) reader.error("secret_file", "must have whsec_ and what follows in base64");
  }
}

void take_level(json::Reader& reader, Settings& settings) {
  auto text = reader.optional_text("level");
  if (!text) return;
  if (*text == "debug") {
    settings.log_level = log::Level::debug;
  } else if (*text == "info") {
    settings.log_level = log::Level::info;
  } else if (*text == "warning") {
    settings.log_level = log::Level::warning;
  } else if (*text == "error") {
    settings.log_level = log::Level::error;
  } else {
    reader.error("level", "must be debug, info, warning or error");
  }
}

void take_listen(json::Reader& reader, Settings& settings) {
  auto text = reader.optional_text("listen");
  if (text && !set_listen(settings.server, *text)) reader.error("listen", "must be ADDRESS:PORT, as in 127.0.0.1:8080");
}

// Never quoted: it may hold a password.
void take_database(json::Reader& reader, Settings& settings) {
  take_text(reader, "url", settings.regions.postgres_url);
  const std::string& url = settings.regions.postgres_url;
  if (url.empty() || db::is_postgres_address(url)) return;
  reader.error("url",
               "must be the address of a PostgreSQL database, as in postgresql://USER:PASSWORD@HOST/DATABASE; "
               "without it the data folder is used");
}

std::vector<Setting> house_settings() {
  return {
      {"server", "listen", take_listen},
      {"server", "io_threads", [](auto& r, auto& s) { take_number(r, "io_threads", 1, 64, s.server.io_threads); }},
      {"server", "worker_threads",
       [](auto& r, auto& s) { take_number(r, "worker_threads", 1, 256, s.server.worker_threads); }},
      {"server", "max_connections",
       [](auto& r, auto& s) { take_number(r, "max_connections", 1, 1'000'000, s.server.max_connections); }},
      {"server", "max_waiting_requests",
       [](auto& r, auto& s) { take_number(r, "max_waiting_requests", 1, 1'000'000, s.server.max_waiting_requests); }},
      {"server", "header_timeout_seconds",
       [](auto& r, auto& s) { take_seconds(r, "header_timeout_seconds", s.server.header_timeout); }},
      {"server", "body_timeout_seconds",
       [](auto& r, auto& s) { take_seconds(r, "body_timeout_seconds", s.server.body_timeout); }},
      {"server", "idle_timeout_seconds",
       [](auto& r, auto& s) { take_seconds(r, "idle_timeout_seconds", s.server.idle_timeout); }},
      {"server", "stop_timeout_seconds",
       [](auto& r, auto& s) { take_seconds(r, "stop_timeout_seconds", s.server.stop_timeout); }},
      {"server", "trusted_proxies", [](auto& r, auto& s) { take_proxies(r, s); }, When::live},
      {"server", "cors_origins", [](auto& r, auto& s) { take_origins(r, s); }, When::live},
      {"server", "tls_certificate",
       [](auto& r, auto& s) { take_text(r, "tls_certificate", s.server.tls_certificate_file); }, When::live},
      {"server", "tls_key", [](auto& r, auto& s) { take_tls_key(r, s); }, When::live},
      {"limits", "source_events_per_second",
       [](auto& r, auto& s) { take_rate(r, "source_events_per_second", s.limits.source_events.per_second); },
       When::live},
      {"limits", "source_events_burst",
       [](auto& r, auto& s) { take_burst(r, "source_events_burst", s.limits.source_events); }, When::live},
      {"limits", "requests_per_second",
       [](auto& r, auto& s) { take_rate(r, "requests_per_second", s.limits.requests.per_second); }, When::live},
      {"limits", "requests_burst", [](auto& r, auto& s) { take_burst(r, "requests_burst", s.limits.requests); },
       When::live},
      {"limits", "refusals_per_second",
       [](auto& r, auto& s) { take_rate(r, "refusals_per_second", s.limits.refusals.per_second); }, When::live},
      {"limits", "refusals_burst", [](auto& r, auto& s) { take_burst(r, "refusals_burst", s.limits.refusals); },
       When::live},
      {"storage", "url", take_database},
      {"storage", "key_folder",
       [](auto& r, auto& s) {
         if (auto value = r.optional_text("key_folder")) s.regions.key_folder = *value;
       }},
      {"storage", "reserve_mb",
       [](auto& r, auto& s) {
         if (auto value = r.optional_integer("reserve_mb", 0, 10'000'000)) {
           s.regions.disk_reserve = static_cast<std::uint64_t>(*value) << 20U;
         }
       }},
      {"regions", "home", [](auto& r, auto& s) { take_text(r, "home", s.regions.home); }},
      {"identity", "identities_per_customer",
       [](auto& r, auto& s) {
         take_number(r, "identities_per_customer", 2, 10'000, s.identity.identities_per_customer);
       }},
      {"identity", "identities_per_value",
       [](auto& r, auto& s) { take_number(r, "identities_per_value", 1, 1'000, s.identity.identities_per_value); }},
      {"outbound", "internal_networks",
       [](auto& r, auto& s) { take_texts(r, "internal_networks", s.outbound.internal_networks); }},
      {"outbound", "ports", take_ports},
      {"outbound", "ca_file", [](auto& r, auto& s) { take_text(r, "ca_file", s.outbound.ca_file); }},
      {"retention", "test_days",
       [](auto& r, auto& s) {
         if (auto days = r.optional_integer("test_days", 0, 3'650)) s.test_retention = std::chrono::days{*days};
       },
       When::live},
      {"security", "four_eyes",
       [](auto& r, auto& s) { s.four_eyes = r.optional_boolean("four_eyes").value_or(s.four_eyes); }, When::live},
      {"log", "level", take_level, When::live},
  };
}

const std::vector<Setting>& mail_settings() {
  static const std::vector<Setting> kSettings = {
      {"mail", "host", [](auto& r, auto& s) { take_text(r, "host", s.mail.host); }},
      {"mail", "security", take_mail_security},
      {"mail", "port", [](auto& r, auto& s) { take_number(r, "port", 1, 65'535, s.mail.port); }},
      {"mail", "user", [](auto& r, auto& s) { take_text(r, "user", s.mail.user); }},
      {"mail", "sender_name", [](auto& r, auto& s) { take_text(r, "sender_name", s.sender.name); }},
      {"mail", "sender_address", take_sender},
      {"mail", "bounces", take_bounces},
      {"mail", "base_url", take_base_url},
      {"mail", "password_file",
       [](auto& r, auto& s) {  // the last of them: it looks at all
         std::string file;
         take_text(r, "password_file", file);
         check_mail(r, s, file);
       }},
      {"outreach", "marketing_caps",
       [](auto& r, auto& s) { take_caps(r, "marketing_caps", outreach::Kind::marketing, s.caps); }},
      {"outreach", "survey_caps",
       [](auto& r, auto& s) { take_caps(r, "survey_caps", outreach::Kind::survey, s.caps); }},
      {"outreach", "service_caps",
       [](auto& r, auto& s) { take_caps(r, "service_caps", outreach::Kind::service, s.caps); }},
      {"gateway", "url", [](auto& r, auto& s) { take_text(r, "url", s.gateway.url); }},
      {"gateway", "channels", take_gateway_channels},
      {"gateway", "secret_file",
       [](auto& r, auto& s) {  // likewise
         std::string file;
         take_text(r, "secret_file", file);
         check_gateway(r, s, file);
       }},
  };
  return kSettings;
}

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> kSettings = [] {
    std::vector<Setting> all = house_settings();
    all.insert(all.end(), mail_settings().begin(), mail_settings().end());
    return all;
  }();
  return kSettings;
}

// [[regions.list]] id = "eu", countries = ["AT", "DE"]
void read_region_list(json::Reader& table, Settings& settings) {
  const json::Value* list = table.array("list", 100);
  if (list == nullptr) return;
  settings.regions.regions.clear();
  for (std::size_t i = 0; i < list->size(); ++i) {
    json::Reader region((*list)[i], fmt::format("/regions/list/{}", i));
    regions::RegionSettings entry;
    entry.id = region.text("id");
    entry.countries = region.texts("countries", 300);
    table.merge(region);
    settings.regions.regions.push_back(std::move(entry));
  }
}

Result<void> read_tables(const json::Value& file, Settings& settings) {
  json::Reader root(file);
  const json::Value empty = json::Value::object();
  for (const char* table : {"server", "limits", "storage", "regions", "identity", "outbound", "mail", "outreach",
                            "gateway", "retention", "security", "log"}) {
    const json::Value* value = root.object(table);
    json::Reader reader(value == nullptr ? empty : *value, fmt::format("/{}", table));
    for (const Setting& setting : all_settings()) {
      if (std::string_view(setting.table) == table) setting.read(reader, settings);
    }
    if (std::string_view(table) == "regions") read_region_list(reader, settings);
    root.merge(reader);
  }
  return root.finish();
}

}  // namespace

Result<void> set_listen(http::ServerOptions& server, std::string_view listen) {
  std::size_t colon = listen.rfind(':');
  unsigned port = 0;
  std::string_view digits = colon == std::string_view::npos ? listen : listen.substr(colon + 1);
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port > 65'535) {
    return fail(ErrorKind::invalid, "listen_malformed",
                fmt::format("'{}' is not ADDRESS:PORT, as in 127.0.0.1:8080.", listen));
  }
  std::string_view address = colon == std::string_view::npos ? "" : listen.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  if (!address.empty()) server.address = address;
  server.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<Settings> load_settings(const std::filesystem::path& data, const std::filesystem::path& file,
                               const std::string& listen) {
  Settings settings;
  settings.file = file;
  settings.listen = listen;
  settings.given = json::Value::object();
  settings.regions.data_folder = data;
  settings.regions.key_folder = data.string() + ".keys";
  settings.regions.regions = regions::default_regions();
  settings.regions.home = "eu";
  if (!file.empty()) {
    std::error_code error;
    bool readable =
        std::filesystem::is_regular_file(file, error) && std::filesystem::file_size(file, error) <= kMaxFile;
    std::ifstream stream(readable ? file : "");
    std::stringstream text;
    text << stream.rdbuf();
    if (!stream || text.str().size() > kMaxFile) {
      return fail(ErrorKind::invalid, "config_unreadable", fmt::format("{} can't be read.", file.string()));
    }
    settings.given = TRY(config::parse_toml(text.str(), file.string()));
    TRY(read_tables(settings.given, settings));
  }
  TRY(regions::check_settings(settings.regions));
  if (!listen.empty()) TRY(set_listen(settings.server, listen));
  settings.regions.key_folder = std::filesystem::absolute(settings.regions.key_folder).lexically_normal();
  if (settings.regions.key_folder.string().starts_with(
          (std::filesystem::absolute(data) / "").lexically_normal().string())) {
    return fail(ErrorKind::invalid, "key_folder_inside",
                "storage.key_folder must lie outside the data folder, or a stolen data folder could be read.");
  }
  return settings;
}

SettingChanges changes_between(const Settings& before, const Settings& after) {
  auto value = [](const Settings& settings, const char* table, const char* name) {
    const json::Value here = settings.given.value(table, json::Value::object());
    return here.is_object() ? here.value(name, json::Value()) : json::Value();
  };
  SettingChanges out;
  for (const Setting& setting : all_settings()) {
    if (value(before, setting.table, setting.name) == value(after, setting.table, setting.name)) continue;
    auto& list = setting.when == When::live ? out.live : out.restart;
    list.push_back(fmt::format("{}.{}", setting.table, setting.name));
  }
  if (value(before, "regions", "list") != value(after, "regions", "list")) out.restart.emplace_back("regions.list");
  return out;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> out;
  for (const Setting& setting : all_settings()) out.push_back(fmt::format("{}.{}", setting.table, setting.name));
  out.emplace_back("regions.list");
  return out;
}

}  // namespace handschlag::app
