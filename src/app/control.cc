#include "app/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <typeinfo>

#include "platform/log/log.h"

namespace handschlag::app {
namespace {

constexpr std::size_t kMaxCallers = 16;
constexpr int kAcceptPauseMs = 100;
constexpr std::size_t kMaxRequest = 1 << 20;
constexpr std::size_t kMaxAnswer = 64 << 20;  // one line of output
constexpr const char* kSocketName = "handschlag.sock";

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

// A socket's path has 108 bytes at most, a folder's may have more: it is reached through an open descriptor of the
// folder.
struct Address {
  explicit Address(const std::filesystem::path& folder)
      : descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    value.sun_family = AF_UNIX;
    std::string path = fmt::format("/proc/self/fd/{}/{}", descriptor.get(), kSocketName);
    std::memcpy(value.sun_path, path.c_str(), path.size() + 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
  Descriptor descriptor;
  sockaddr_un value{};
};

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// One line, without its end; nothing when the other side hung up or sent too much. `interrupted` is called when a
// signal came.
std::optional<std::string> receive_line(int socket, std::string& buffer, std::size_t limit,
                                        const std::function<void()>& interrupted = {}) {
  std::size_t end = 0;
  while ((end = buffer.find('\n')) == std::string::npos) {
    char part[4096];
    ssize_t got = ::recv(socket, part, sizeof(part), 0);
    if (got < 0 && errno == EINTR) {
      if (interrupted) interrupted();
      continue;
    }
    if (got <= 0 || buffer.size() > limit) return std::nullopt;
    buffer.append(part, static_cast<std::size_t>(got));
  }
  std::string line = buffer.substr(0, end);
  buffer.erase(0, end + 1);
  return line;
}

// Prints to the caller; a caller that is gone cancels.
class RemoteConsole final : public Console {
 public:
  RemoteConsole(int socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}
  void out(std::string_view text) override { send("out", std::string(text)); }
  void err(std::string_view text) override { send("err", std::string(text)); }
  bool cancelled() override {
    if (stopping_ || gone_) return true;
    pollfd waiting{socket_, POLLIN | POLLRDHUP, 0};
    if (::poll(&waiting, 1, 0) > 0) gone_ = true;  // the caller sends nothing more, so this is its end
    return gone_;
  }
  void send(const char* name, const json::Value& value) {
    if (!send_all(socket_, json::dump({{name, value}}) + "\n")) gone_ = true;
  }

 private:
  const int socket_;
  const std::atomic<bool>& stopping_;
  bool gone_ = false;
};

Result<RemoteCommand> decode(const std::string& text) {
  json::Value value = TRY(json::parse(text));
  json::Reader reader(value);
  RemoteCommand command;
  command.arguments = reader.texts("arguments", 1'000, {.min_length = 0, .max_length = 64 * 1024});
  command.folder = reader.text("folder", {.max_length = 4096});
  command.password = reader.optional_text("password", {.min_length = 0}).value_or("");
  TRY(reader.finish());
  return command;
}

}  // namespace

void resolve_paths(CommandLine& line, const std::filesystem::path& folder) {
  for (std::string* path : {&line.plan, &line.file, &line.report, &line.to, &line.from, &line.key}) {
    if (!path->empty() && *path != "-") *path = (folder / *path).lexically_normal().string();
  }
  for (std::string& path : line.erasures) path = (folder / path).lexically_normal().string();
  // "daily/", as shells complete it.
  if (line.to.size() > 1 && line.to.ends_with('/')) line.to.pop_back();
  // A mapping is a file or a name. The folder may be one that a server may not look into.
  std::error_code unknown;
  if (!line.mapping.empty() && std::filesystem::exists(folder / line.mapping, unknown)) {
    line.mapping = (folder / line.mapping).string();
  }
}

Result<std::unique_ptr<ControlSocket>> ControlSocket::listen(App& app) {
  const auto& folder = app.settings().regions.data_folder;
  std::error_code ignored;
  std::filesystem::remove(folder / kSocketName, ignored);  // of a server that was killed; the folder's lock is ours
  Address address(folder);
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int wake[2] = {-1, -1};
  bool good = listener.get() >= 0 && ::bind(listener.get(), address.get(), sizeof(address.value)) == 0 &&
              ::chmod((folder / kSocketName).c_str(), 0600) == 0 && ::listen(listener.get(), 16) == 0 &&
              ::pipe2(wake, O_CLOEXEC) == 0;
  if (!good) {
    return fail(ErrorKind::unavailable, "control_socket",
                fmt::format("The socket for commands can't be made in {}: {}.", folder.string(), std::strerror(errno)));
  }
  std::unique_ptr<ControlSocket> socket(new ControlSocket(app, listener.release(), wake[0], wake[1]));
  socket->thread_ = std::thread([raw = socket.get()] { raw->loop(); });
  return socket;
}

ControlSocket::~ControlSocket() {
  stopping_ = true;
  (void)!::write(wake_write_, "x", 1);
  if (thread_.joinable()) thread_.join();
  reap(true);
  for (int descriptor : {listener_, wake_read_, wake_write_}) ::close(descriptor);
  std::error_code ignored;
  std::filesystem::remove(app_.settings().regions.data_folder / kSocketName, ignored);
}

void ControlSocket::reap(bool all) {
  std::erase_if(callers_, [all](Caller& caller) {
    if (!all && !*caller.done) return false;
    caller.thread.join();
    return true;
  });
}

void ControlSocket::loop() {
  while (!stopping_) {
    pollfd waiting[2] = {{listener_, POLLIN, 0}, {wake_read_, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0 || stopping_) continue;
    int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) {
      // Out of descriptors, as a rule: the caller still waits, so poll() would come back at once.
      ::poll(&waiting[1], 1, kAcceptPauseMs);
      continue;
    }
    reap(false);
    if (callers_.size() >= kMaxCallers) {
      (void)send_all(connection, json::dump({{"err", "handschlag: too many commands at once; try again.\n"}}) + "\n" +
                                     json::dump({{"exit", 1}}) + "\n");
      ::close(connection);
      continue;
    }
    auto done = std::make_shared<std::atomic<bool>>(false);
    callers_.push_back({std::thread([this, connection, done] {
                          serve(connection);
                          *done = true;
                        }),
                        done});
  }
}

// Whatever goes wrong in a command must not end the server.
int ControlSocket::run(const RemoteCommand& command, Console& console) {
  ParsedCommandLine parsed = parse_command_line(command.arguments);
  parsed.line.password = command.password;
  try {
    resolve_paths(parsed.line, command.folder);
    return run_command(parsed.line, app_, console);
  } catch (const std::exception& exception) {
    // what() may quote what the command was given.
    log::error("a command threw", {{"command", std::string_view(parsed.line.command)},
                                   {"exception", std::string_view(typeid(exception).name())}});
    console.err(
        "handschlag: this should not have happened: the command failed inside the server; its log says where.\n");
    return 1;
  }
}

void ControlSocket::serve(int connection) {
  Descriptor guard(connection);
  timeval patience{5, 0};  // for the request; afterwards only we send
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  std::string buffer;
  auto text = receive_line(connection, buffer, kMaxRequest);
  if (!text) return;
  RemoteConsole console(connection, stopping_);
  auto command = decode(*text);
  int code = 2;
  if (!command) {
    code = print_error({}, command.error(), console);
  } else {
    code = run(*command, console);
  }
  console.send("exit", code);
}

std::optional<int> run_remotely(const std::filesystem::path& data, const RemoteCommand& command, Console& console) {
  Address address(data);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), address.get(), sizeof(address.value)) != 0) return std::nullopt;
  json::Value request = {{"arguments", command.arguments}, {"folder", command.folder}, {"password", command.password}};
  (void)send_all(socket.get(), json::dump(request) + "\n");  // a server that is too busy says so before it reads
  std::string buffer;
  // Our silence cancels the command; what it then says is still read.
  auto interrupted = [&] {
    if (console.cancelled()) ::shutdown(socket.get(), SHUT_WR);
  };
  while (auto line = receive_line(socket.get(), buffer, kMaxAnswer, interrupted)) {
    auto answer = json::parse(*line);
    if (!answer || !answer->is_object()) break;
    if (answer->contains("exit")) return answer->value("exit", 1);
    console.out(answer->value("out", ""));
    console.err(answer->value("err", ""));
  }
  console.err("handschlag: the server ended before the command did.\n");
  return 1;
}

}  // namespace handschlag::app
