#include "platform/db/testing/postgres_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace handschlag::db::testing {
namespace {

// Runs `with_postgres --until-eof`, which answers with the server's address and ends the server when our end of its
// input closes: at the end of this process, also when it crashes.
class Server {
 public:
  Server() {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (pipe2(input.data(), O_CLOEXEC) != 0 || pipe2(output.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], 0);
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    std::string program = HANDSCHLAG_WITH_POSTGRES;
    std::string option = "--until-eof";
    std::array<char*, 3> arguments{program.data(), option.data(), nullptr};
    const int failed = posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    keep_alive_ = input[1];
    if (failed == 0) address_ = read_line(output[0]);
    close(output[0]);
    if (failed != 0) process_ = 0;
  }

  ~Server() {
    close(keep_alive_);
    if (process_ != 0) waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& address() const { return address_; }

 private:
  static std::string read_line(int file) {
    std::string line;
    char c = 0;
    while (::read(file, &c, 1) == 1 && c != '\n') line += c;
    return line;
  }

  pid_t process_ = 0;
  int keep_alive_ = -1;
  std::string address_;
};

}  // namespace

std::optional<std::string> postgres_address() {
  const char* given = std::getenv("HANDSCHLAG_TEST_POSTGRES");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (given != nullptr && *given != '\0') return given;
  static const Server server;
  if (server.address().empty()) return std::nullopt;
  return server.address();
}

}  // namespace handschlag::db::testing
