// Lets the command line work beside a running server: a socket in the data folder, for the same user only. The
// command's words go in, what it prints comes back line by line. A caller that hangs up cancels its command.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/commands.h"

namespace handschlag::app {

// What is sent: the words, the folder that relative paths start from, and a password that must not stand among the
// words.
struct RemoteCommand {
  std::vector<std::string> arguments;
  std::string folder;
  std::string password;
};

// The server's end.
class ControlSocket {
 public:
  // Errors: unavailable.
  static Result<std::unique_ptr<ControlSocket>> listen(App& app);
  // Cancels what runs and waits for it.
  ~ControlSocket();

 private:
  struct Caller {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };

  ControlSocket(App& app, int listener, int wake_read, int wake_write)
      : app_(app), listener_(listener), wake_read_(wake_read), wake_write_(wake_write) {}
  void loop();
  int run(const RemoteCommand& command, Console& console);  // answers the exit code
  void serve(int connection);
  void reap(bool all);

  App& app_;
  const int listener_;
  const int wake_read_;
  const int wake_write_;
  std::atomic<bool> stopping_{false};
  std::vector<Caller> callers_;  // of the loop's thread
  std::thread thread_;
};

// The caller's end: the exit code, or nothing where no server runs on this data folder.
std::optional<int> run_remotely(const std::filesystem::path& data, const RemoteCommand& command, Console& console);

// Makes the paths of a command absolute.
void resolve_paths(CommandLine& line, const std::filesystem::path& folder);

}  // namespace handschlag::app
