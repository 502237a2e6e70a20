// `handschlag demo`: fills a made-up company, says whom to look up and how to come in.
#include <fmt/format.h>

#include <cstdlib>
#include <tuple>

#include "app/commands.h"
#include "app/progress_line.h"
#include "features/demo/demo.h"

namespace handschlag::app {
namespace {

staff::Actor demo_actor() {
  return {"cli", ""};
}

// Who may sign in to the demo's desk. Their password is no secret: the demo is made up, and listens on this machine.
constexpr std::string_view kDemoPassword = "moewe-und-moos";
constexpr std::tuple<std::string_view, std::string_view, staff::Role, std::string_view> kDemoStaff[] = {
    {"mia", "Mia Brandt", staff::Role::agent, ""},
    {"jonas", "Jonas Petri", staff::Role::supervisor, ""},
    {"lea", "Lea Sommer", staff::Role::experience_manager, ""},
    {"karim", "Karim Haddad", staff::Role::executive, ""},
    {"bea", "Bea Lorenz", staff::Role::sales, "branches"},
    {"okan", "Okan Demir", staff::Role::agent, "online"}};

Result<void> open_demo_desk(App& app, Console& console) {
  const std::string base = base_url(app);
  console.out(fmt::format("\nThe desk is at {}. Sign in, with the password {}, as\n\n", base, kDemoPassword));
  for (const auto& [login, name, role, unit] : kDemoStaff) {
    auto member = app.staff().add_member(
        demo_actor(), {std::string(login), std::string(name), role, std::string(kDemoPassword), std::string(unit)});
    if (!member && member.error().code != "login_taken") return std::unexpected(member.error());
    console.out(fmt::format("  {:<6} {}{}{}\n", login, staff::name_of(role), unit.empty() ? "" : ", of ", unit));
  }
  auto code = app.staff().first_admin_link();
  if (code) console.out(fmt::format("\nor make yourself its admin: {}/first#{}\n", base, *code));
  return {};
}

// The language of the terminal, as POSIX says it.
bool in_german() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets the environment
    if (value != nullptr && *value != '\0') return std::string_view(value).starts_with("de");
  }
  return false;
}

// What people said before the year began.
Result<void> bring_along(App& app, std::size_t people, Time until) {
  const consent_imports::By by{demo_actor().principal, "admin", "importConsents", ""};
  for (std::string& part : demo::declarations(people, until)) {
    TRY(app.consent_imports().take({"shop", consent_imports::Format::json_lines, std::move(part)}, by));
  }
  return {};
}

class DemoProgress final : public demo::Progress {
 public:
  explicit DemoProgress(Console& console) : console_(console), line_(console) {}
  void report(std::size_t done, std::size_t total) override {
    line_.show(total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0, static_cast<std::int64_t>(done),
               "events");
  }
  bool cancelled() override { return console_.cancelled(); }
  void end() { line_.end(); }

 private:
  Console& console_;
  ProgressLine line_;
};

}  // namespace

int run_demo(const CommandLine& line, App& app, Console& console) {
  DemoProgress progress(console);
  auto summary = demo::fill(app.events(), app.sources(), app.clock(), progress,
                            {static_cast<std::size_t>(line.people),
                             [&app] { return demo::disclose(app.notices(), demo_actor(), app.clock()); }});
  progress.end();
  if (!summary) return print_error(line, summary.error(), console);
  if (!summary->finished) return kInterrupted;
  if (auto taken = bring_along(app, static_cast<std::size_t>(line.people), summary->until); !taken) {
    return print_error(line, taken.error(), console);
  }
  // What was counted at the start was nobody.
  if (auto begun = app.reach().begin(); !begun) return print_error(line, begun.error(), console);
  console.out(fmt::format("Möwe & Moos, a made-up company: {} customers, {} events from {} to {}.\n", summary->people,
                          summary->events, format_day(summary->from), format_day(summary->until)));
  for (const auto& key : summary->write_keys)
    console.out(fmt::format("  write key of {:<12} {}\n", key.source, key.write_key));
  auto issued =
      app.staff().add_token(demo_actor(), {"demo", staff::Role::admin, "", app.clock().now() + std::chrono::days{30}});
  if (!issued) return print_error(line, issued.error(), console);
  std::string base = base_url(app);
  if (app.server() == nullptr) {
    console.out(
        fmt::format("\nServe it with: handschlag serve --data {}\n", app.settings().regions.data_folder.string()));
  }
  if (auto desk = open_demo_desk(app, console); !desk) return print_error(line, desk.error(), console);
  console.out(fmt::format("\nOr try, in another terminal:\n\n  TOKEN={}\n", issued->text));
  for (const auto& suggestion : summary->suggestions) {
    console.out(fmt::format("\n  # {}\n  curl -H \"Authorization: Bearer $TOKEN\" '{}/api/v1/customers?key={}'\n",
                            in_german() ? suggestion.german : suggestion.english, base, suggestion.key));
  }
  console.out(fmt::format("\nThen, with an id from there: {}/api/v1/customers/ID and .../ID/timeline\n", base));
  return kGood;
}

}  // namespace handschlag::app
