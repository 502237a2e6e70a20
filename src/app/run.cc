#include "app/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app/app.h"
#include "app/bounce_command.h"
#include "app/commands.h"
#include "app/control.h"
#include "app/notify.h"
#include "app/upkeep_commands.h"

namespace handschlag::app {
namespace {

std::atomic<bool> interrupted{false};  // set by SIGINT and SIGTERM
int wake_write = -1;                   // the end of a pipe that the handler writes to

constexpr char kStop = 'x';
constexpr char kReload = 'r';

void on_signal(int signal) {
  const char what = signal == SIGHUP ? kReload : kStop;
  if (what == kStop) interrupted = true;
  if (wake_write >= 0) (void)!::write(wake_write, &what, 1);
}

void reload(App& app) {
  auto changes = app.reload();
  if (!changes) {
    log::error("the settings were not reloaded; everything stays as it was", {{"detail", changes.error().detail}});
    for (const FieldError& field : changes.error().fields) {
      log::error("a setting is wrong", {{"setting", field.pointer}, {"detail", field.reason}});
    }
  }
}

void listen_for(int signal) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  ::sigaction(signal, &action, nullptr);
}

class Terminal final : public Console {
 public:
  void out(std::string_view text) override {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  void err(std::string_view text) override { std::fwrite(text.data(), 1, text.size(), stderr); }
  bool cancelled() override { return interrupted; }
};

// The password of a member of staff: from a file, from standard input, or typed without being shown.
Result<std::string> read_password(const CommandLine& line) {
  std::string password;
  if (!line.password_file.empty() && line.password_file != "-") {
    std::ifstream file(line.password_file);
    if (!std::getline(file, password)) {
      return fail(ErrorKind::not_found, "file_unreadable", fmt::format("{} can't be read.", line.password_file));
    }
    return password;
  }
  termios shown{};
  bool terminal = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    std::fputs("Password: ", stderr);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  }
  std::getline(std::cin, password);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    std::fputs("\n", stderr);
  }
  return password;
}

// A link that makes an admin is for the person at the terminal, not for a journal that others read.
void welcome_first_admin(App& app, const std::string& url, Console& console) {
  if (app.staff().admins().value_or(1) > 0) return;
  if (::isatty(STDOUT_FILENO) != 1) {
    console.out("There is no admin yet; make the first one with: handschlag staff link\n");
  } else if (auto code = app.staff().first_admin_link()) {
    console.out(
        fmt::format("Make yourself the first admin of the desk, once, within a day: {}/first#{}\n", url, *code));
  }
}

void print_listening(const CommandLine& line, App& app, Console& console) {
  std::string url = base_url(app);
  if (line.json) {
    console.out(json::dump({{"listening", url}}) + "\n");
  } else {
    console.out(fmt::format("Handschlag listens on {}\n", url));
    if (line.command == "serve") welcome_first_admin(app, url, console);
  }
}

int serve(const CommandLine& line, const Settings& settings, Console& console) {
  SystemClock clock;
  int wake[2];
  if (::pipe(wake) != 0) return 1;
  wake_write = wake[1];
  auto app = App::open(settings, clock);
  if (!app) return print_error(line, app.error(), console);
  auto commands = ControlSocket::listen(**app);
  if (!commands) return print_error(line, commands.error(), console);
  if (auto started = (*app)->serve(); !started) {
    Error error = started.error();
    if (error.code == "port_unavailable") error.detail += " Name another by --listen, or as server.listen.";
    return print_error(line, error, console);
  }
  print_listening(line, **app, console);
  notify_service_manager("READY=1");
  if (line.command == "demo") {
    int code = run_demo(line, **app, console);
    if (code != 0) return code;
    if (!line.json) console.out("\nCtrl-C stops it.\n");
  }
  listen_for(SIGHUP);
  char what = 0;
  while (!interrupted) {
    if (::read(wake[0], &what, 1) == 1 && what == kReload) reload(**app);
  }
  notify_service_manager("STOPPING=1");
  console.err("Stopping: finishing what was accepted.\n");
  commands->reset();
  (*app)->stop();
  return 0;
}

int fill_demo(const CommandLine& line, const Settings& settings, Console& console) {
  if (auto made = App::initialize(settings); !made) return print_error(line, made.error(), console);
  if (!line.no_serve) return serve(line, settings, console);
  SystemClock clock;
  auto app = App::open(settings, clock);
  return app ? run_demo(line, **app, console) : print_error(line, app.error(), console);
}

int initialize(const CommandLine& line, const Settings& settings, Console& console) {
  if (auto made = App::initialize(settings); !made) return print_error(line, made.error(), console);
  std::vector<std::string> regions;
  for (const auto& region : settings.regions.regions) regions.push_back(region.id);
  const auto& keys = settings.regions.key_folder;
  if (line.json) {
    console.out(
        json::dump({{"data", settings.regions.data_folder.string()}, {"keys", keys.string()}, {"regions", regions}}) +
        "\n");
    return 0;
  }
  console.out(
      fmt::format("Data folder {} is ready, with {} regions.\nKeys are in {}: keep a copy of them elsewhere; without "
                  "them the data can't be read.\nNext: handschlag source add {} --help\n",
                  settings.regions.data_folder.string(), regions.size(), keys.string(), where(settings)));
  return 0;
}

// A server may have a /tmp of its own, as under systemd, and what it writes there goes with it.
int check_backup_is_here(const CommandLine& line, Console& console) {
  std::error_code unknown;
  if (std::filesystem::exists(line.to, unknown) || unknown) return 0;
  return print_error(
      line,
      Error{ErrorKind::invalid, "folder_elsewhere",
            fmt::format("The server wrote the backup to a {} that this command does not see, and that goes when the "
                        "server is restarted. Name a folder that both see, as in /var/lib/handschlag.exchange.",
                        line.to)},
      console);
}

int command(CommandLine line, std::vector<std::string> arguments, const Settings& settings, Console& console) {
  if (line.command == "staff add" || (line.command.starts_with("approvals ") && !line.login.empty())) {
    auto password = read_password(line);
    if (!password) return print_error(line, password.error(), console);
    line.password = *std::move(password);
  }
  auto folder = std::filesystem::current_path();
  bool reads_input = line.file == "-";  // which a server could not: its standard input is another
  auto remote = reads_input ? std::nullopt
                            : run_remotely(settings.regions.data_folder,
                                           {std::move(arguments), folder.string(), line.password}, console);
  if (remote && *remote == 0 && line.command == "backup") {
    resolve_paths(line, folder);
    return check_backup_is_here(line, console);
  }
  if (remote) return *remote;
  SystemClock clock;
  auto app = App::open(settings, clock);
  if (!app) {
    Error error = app.error();
    if (reads_input && error.code == "folder_in_use") {
      error.detail = fmt::format("A server runs on {}, and it can't read this standard input; give a file.",
                                 settings.regions.data_folder.string());
    }
    return print_error(line, error, console);
  }
  resolve_paths(line, folder);
  return run_command(line, **app, console);
}

int dispatch(std::vector<std::string> arguments) {
  Terminal console;
  ParsedCommandLine parsed = parse_command_line(arguments);
  const CommandLine& line = parsed.line;
  if (line.command.empty()) {
    parsed.exit_code == 0 ? console.out(parsed.output) : console.err(parsed.output);
    return parsed.exit_code;
  }
  auto data = std::filesystem::absolute(line.data).lexically_normal();
  if (!data.has_filename()) data = data.parent_path();  // "data/", as shells complete it
  auto settings = load_settings(data, line.config.empty() ? "" : std::filesystem::absolute(line.config), line.listen);
  if (!settings) {
    const int code = print_error(line, settings.error(), console);
    return line.command == "bounce" ? kTryLater : code;
  }
  log::set_level(line.command == "serve" ? settings->log_level : log::Level::warning);
  if (line.command == "serve") return serve(line, *settings, console);
  if (line.command == "demo") return fill_demo(line, *settings, console);
  if (line.command == "restore" || line.command == "backup-check") {
    return run_without_data(parsed.line, *settings, std::filesystem::current_path(), console);
  }
  if (line.command == "init") return initialize(line, *settings, console);
  if (line.command == "bounce") return hand_over_bounce(line, *settings, console);
  return command(line, std::move(arguments), *settings, console);
}

}  // namespace

int run(std::vector<std::string> arguments) {
  ::umask(077);  // what is made here is for this user alone
  listen_for(SIGINT);
  listen_for(SIGTERM);
  std::signal(SIGPIPE, SIG_IGN);
  crypto::initialize();
  try {
    return dispatch(std::move(arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "handschlag: this should not happen: %s\n", error.what());
  }
  return 1;
}

}  // namespace handschlag::app
