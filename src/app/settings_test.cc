#include "app/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

class SettingsTest : public testing::Test {
 protected:
  Result<Settings> load(std::string_view toml) {
    auto file = folder_.path() / "handschlag.toml";
    std::ofstream(file) << toml;
    return load_settings("/srv/handschlag", file);
  }
  db::testing::TemporaryFolder folder_;
};

TEST_F(SettingsTest, DefaultsNeedNoFile) {
  auto settings = load_settings("/srv/handschlag", "");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->server.address, "127.0.0.1");
  EXPECT_EQ(settings->regions.home, "eu");
  EXPECT_EQ(settings->regions.key_folder, "/srv/handschlag.keys");
}

TEST_F(SettingsTest, FileOverridesDefaults) {
  auto settings = load(R"(
[server]
listen = "0.0.0.0:9000"
trusted_proxies = ["10.0.0.0/8"]
[storage]
url = "postgresql://db/handschlag"
[regions]
home = "ch"
list = [{id = "ch", countries = ["CH"]}, {id = "de", countries = ["DE", "AT"]}]
[identity]
identities_per_value = 3
)");
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->server.address, "0.0.0.0");
  EXPECT_EQ(settings->server.port, 9000);
  EXPECT_EQ(settings->server.trusted_proxies, std::vector<std::string>{"10.0.0.0/8"});
  EXPECT_EQ(settings->regions.postgres_url, "postgresql://db/handschlag");
  ASSERT_EQ(settings->regions.regions.size(), 2u);
  EXPECT_EQ(settings->regions.regions[1].countries, (std::vector<std::string>{"DE", "AT"}));
  EXPECT_EQ(settings->identity.identities_per_value, 3u);
}

TEST_F(SettingsTest, EveryWrongKeyIsNamed) {
  auto settings = load("[server]\nlisten = \"nowhere\"\nworker_threads = 0\ntypo = 1\n[log]\nlevel = \"loud\"\n");
  ASSERT_FALSE(settings);
  std::vector<std::string> pointers;
  for (const FieldError& field : settings.error().fields) pointers.push_back(field.pointer);
  std::sort(pointers.begin(), pointers.end());
  EXPECT_EQ(pointers,
            (std::vector<std::string>{"/log/level", "/server/listen", "/server/typo", "/server/worker_threads"}));
}

TEST_F(SettingsTest, KeysInsideTheDataFolderAreRefused) {
  auto settings = load("[storage]\nkey_folder = \"/srv/handschlag/keys\"\n");
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, "key_folder_inside");
}

TEST_F(SettingsTest, ARelativeKeyFolderIsNoWayInside) {
  auto file = folder_.path() / "handschlag.toml";
  std::ofstream(file) << "[storage]\nkey_folder = \"house/keys\"\n";
  auto settings = load_settings(std::filesystem::absolute("house"), file);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code, "key_folder_inside");
}

TEST_F(SettingsTest, ChangesSayWhichNeedARestart) {
  auto before = load("[log]\nlevel = \"info\"\n[server]\nio_threads = 1\n");
  auto after = load("[log]\nlevel = \"debug\"\n[server]\nio_threads = 2\n[limits]\nrequests_per_second = 5\n");
  ASSERT_TRUE(before && after);
  SettingChanges changes = changes_between(*before, *after);
  EXPECT_EQ(changes.live, (std::vector<std::string>{"limits.requests_per_second", "log.level"}));
  EXPECT_EQ(changes.restart, std::vector<std::string>{"server.io_threads"});
  EXPECT_TRUE(changes_between(*after, *after).live.empty());
}

TEST_F(SettingsTest, WrongProxiesOriginsAndHalfACertificateAreNamed) {
  auto settings = load(
      "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]\ncors_origins = [\"https://a.example/\"]\n"
      "tls_certificate = \"cert.pem\"\n");
  ASSERT_FALSE(settings);
  std::vector<std::string> pointers;
  for (const FieldError& field : settings.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/server/trusted_proxies", "/server/cors_origins", "/server/tls_key"}));
  EXPECT_NE(settings.error().fields[0].reason.find("'proxy'"), std::string::npos);
}

TEST_F(SettingsTest, MailIsWholeOrItIsNamedWhatIsMissing) {
  const std::string whole =
      "[mail]\nhost = \"mail.example\"\nsender_address = \"shop@example.com\"\nbase_url = \"https://shop.example/\"\n";
  auto settings = load(whole);
  ASSERT_TRUE(settings) << settings.error().detail;
  EXPECT_EQ(settings->mail.port, 587);
  EXPECT_EQ(settings->base_url, "https://shop.example");
  EXPECT_EQ(load(whole + "security = \"tls\"\n")->mail.port, 465);
  EXPECT_EQ(load(whole + "security = \"tls\"\nport = 2465\n")->mail.port, 2465);
  std::ofstream(folder_.path() / "password") << "secret\n";
  auto logged_in =
      load(fmt::format("{}user = \"shop\"\npassword_file = \"{}\"\n", whole, (folder_.path() / "password").string()));
  ASSERT_TRUE(logged_in) << logged_in.error().detail;
  EXPECT_EQ(logged_in->mail.password, "secret");
  auto pointers = [&](const std::string& toml) {
    auto wrong = load(toml);
    std::vector<std::string> out;
    if (!wrong) {
      for (const FieldError& field : wrong.error().fields) out.push_back(field.pointer);
    }
    return out;
  };
  EXPECT_EQ(pointers("[mail]\nhost = \"mail.example\"\n"),
            (std::vector<std::string>{"/mail/sender_address", "/mail/base_url"}));
  EXPECT_EQ(pointers(whole + "user = \"shop\"\n"), std::vector<std::string>{"/mail/password_file"});
  EXPECT_EQ(pointers(whole + "security = \"none\"\n"), std::vector<std::string>{"/mail/host"});
  EXPECT_EQ(pointers(whole + "security = \"ssl\"\n"), std::vector<std::string>{"/mail/security"});
  EXPECT_EQ(load(whole + "bounces = \"bounces@mail.example\"\n")->bounces, "bounces@mail.example");
  for (const char* bad : {"bounces", "a+b@mail.example", "sixteen-letters-@mail.example"}) {
    EXPECT_EQ(pointers(fmt::format("{}bounces = \"{}\"\n", whole, bad)), std::vector<std::string>{"/mail/bounces"});
  }
  EXPECT_TRUE(load("[outbound]\ninternal_networks = [\"127.0.0.1\"]\n" + whole + "security = \"none\"\n"));
}

TEST_F(SettingsTest, CapsOfAKindTakeThePlaceOfTheUsualOnes) {
  using outreach::Kind;
  auto settings = load("[outreach]\nmarketing_caps = [\"2/7d\", \"1/90m\"]\n");
  ASSERT_TRUE(settings) << settings.error().detail;
  std::vector<outreach::Cap> expected = outreach::usual_caps();
  std::erase_if(expected, [](const outreach::Cap& cap) { return cap.kind == Kind::marketing; });
  ASSERT_LT(expected.size(), outreach::usual_caps().size());
  expected.push_back({Kind::marketing, 2, std::chrono::days{7}});
  expected.push_back({Kind::marketing, 1, std::chrono::minutes{90}});
  EXPECT_EQ(settings->caps, expected);
}

TEST_F(SettingsTest, WhatIsNoCapIsNamed) {
  const std::string nine = R"("1/1d", "1/1d", "1/1d", "1/1d", "1/1d", "1/1d", "1/1d", "1/1d", "1/1d")";
  for (const std::string& bad : {std::string(), nine, std::string(R"("3 in 14 days")"), std::string("3")}) {
    auto settings = load(fmt::format("[outreach]\nsurvey_caps = [{}]\n", bad));
    ASSERT_FALSE(settings) << bad;
    EXPECT_EQ(settings.error().fields.front().pointer.substr(0, 21), "/outreach/survey_caps") << bad;
  }
  EXPECT_FALSE(load("[outreach]\nsurvey_caps = \"1/1d\"\n"));
  auto settings = load("[outreach]\nservice_caps = [\"5/1h\", \"0/1d\"]\n");
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().fields.front().reason.find("'0/1d'"), std::string::npos);
}

TEST_F(SettingsTest, EverySettingIsDocumented) {
  std::ifstream file(std::string(HANDSCHLAG_SOURCE_DIR) + "/docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const std::string& name : setting_names()) {
    EXPECT_NE(text.str().find("`" + name + "`"), std::string::npos) << name << " is missing in docs/configuration.md";
  }
}

std::string printed(const Settings& settings) {
  const http::ServerOptions& server = settings.server;
  std::string out =
      fmt::format("{}:{} {} {} {} {} {}s {}s {}s {}s [{}] [{}] '{}' '{}'", server.address, server.port,
                  server.io_threads, server.worker_threads, server.max_connections, server.max_waiting_requests,
                  server.header_timeout.count(), server.body_timeout.count(), server.idle_timeout.count(),
                  server.stop_timeout.count(), fmt::join(server.trusted_proxies, " "),
                  fmt::join(server.cors_origins, " "), server.tls_certificate_file, server.tls_key_file);
  out += fmt::format(" '{}' {} {}", settings.regions.postgres_url, settings.regions.key_folder.string(),
                     settings.regions.home);
  for (const auto& region : settings.regions.regions) {
    out += fmt::format(" {}: {}", region.id, fmt::join(region.countries, " "));
  }
  for (const http::Rate& rate : {settings.limits.source_events, settings.limits.requests, settings.limits.refusals}) {
    out += fmt::format(" {}/{}", rate.per_second, rate.burst);
  }
  out += fmt::format(" '{}' {} {} '{}' '{}' '{}' '{}' '{}' '{}'", settings.mail.host, settings.mail.port,
                     static_cast<int>(settings.mail.security), settings.mail.user, settings.mail.password,
                     settings.sender.name, settings.sender.address, settings.bounces, settings.base_url);
  for (const outreach::Cap& cap : settings.caps) {
    out += fmt::format(" {}:{}", static_cast<int>(cap.kind), outreach::to_text(cap));
  }
  return out + fmt::format(" {} {} {}", settings.identity.identities_per_customer,
                           settings.identity.identities_per_value, static_cast<int>(settings.log_level));
}

// packaging/handschlag.toml shows every setting with its default behind a single #; prose stands behind "# ".
TEST_F(SettingsTest, TheExampleHasEverySettingAndItsDefault) {
  std::ifstream file(std::string(HANDSCHLAG_SOURCE_DIR) + "/packaging/handschlag.toml");
  auto as_installed = load_settings("/var/lib/handschlag", HANDSCHLAG_SOURCE_DIR "/packaging/handschlag.toml");
  ASSERT_TRUE(as_installed) << as_installed.error().detail;
  std::string line;
  std::string text;
  std::set<std::string> shown;
  std::string table;
  while (std::getline(file, line)) {
    if (line.starts_with("# ")) continue;
    if (line.starts_with('#')) line.erase(0, 1);
    text += line + "\n";
    if (line.starts_with("[[")) shown.insert(line.substr(2, line.find(']') - 2));
    if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1);
    if (line.find(" = ") != std::string::npos) shown.insert(table + "." + line.substr(0, line.find(' ')));
  }
  for (const std::string& name : setting_names()) EXPECT_TRUE(shown.contains(name)) << name << " is not in the example";
  auto path = folder_.path() / "example.toml";
  std::ofstream(path) << text;
  auto example = load_settings("/var/lib/handschlag", path);
  ASSERT_TRUE(example) << example.error().detail;
  EXPECT_EQ(printed(*example), printed(load_settings("/var/lib/handschlag", "").value()));
  EXPECT_EQ(printed(*as_installed), printed(*example));
}

TEST(SetListen, TakesAddressAndPort) {
  http::ServerOptions server;
  ASSERT_TRUE(set_listen(server, "[::1]:0"));
  EXPECT_EQ(server.address, "::1");
  EXPECT_EQ(server.port, 0);
  ASSERT_TRUE(set_listen(server, "localhost:81"));
  EXPECT_EQ(server.address, "127.0.0.1");
  EXPECT_FALSE(set_listen(server, "127.0.0.1"));
  EXPECT_FALSE(set_listen(server, "127.0.0.1:70000"));
  EXPECT_FALSE(set_listen(server, ""));
}

}  // namespace
}  // namespace handschlag::app
