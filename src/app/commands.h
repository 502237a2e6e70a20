// Carries out commands on an open App: in a process of their own, or in the running server on behalf of one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/app.h"
#include "app/command_line.h"

namespace handschlag::app {

// Exit codes of commands; 2, wrong use, is the command line's own.
inline constexpr int kGood = 0;
inline constexpr int kFailed = 1;
inline constexpr int kInterrupted = 130;

// Where a command's words go, and where it learns that nobody waits for it any more.
class Console {
 public:
  virtual ~Console() = default;
  virtual void out(std::string_view text) = 0;  // results
  virtual void err(std::string_view text) = 0;  // errors, progress, advice
  virtual bool cancelled() = 0;
};

// Runs a command other than serve, init and demo; answers the exit code. Paths in `line` must be absolute, or relative
// to this process's own folder. Thread-safe.
int run_command(const CommandLine& line, App& app, Console& console);

// Fills the app with the made-up company and says what to try.
int run_demo(const CommandLine& line, App& app, Console& console);

// Where a serving app is reached: "http://127.0.0.1:8080".
std::string base_url(App& app);

// Prints an error as a person, or a program (--format json), wants to read it; answers the exit code.
int print_error(const CommandLine& line, const Error& error, Console& console);

}  // namespace handschlag::app
