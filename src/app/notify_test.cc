#include "app/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/db/testing/testing.h"

namespace handschlag::app {
namespace {

// A service manager that listens at `name`, which stands in the environment meanwhile.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }
  std::string told() const {
    char text[64];
    ssize_t got = ::recv(socket_, text, sizeof text, MSG_DONTWAIT);
    return got < 0 ? std::string() : std::string(text, static_cast<std::size_t>(got));
  }

 private:
  const int socket_;
};

TEST(NotifyServiceManager, TellsTheSocketInTheEnvironment) {
  db::testing::TemporaryFolder folder;
  for (const std::string& name : {(folder.path() / "notify").string(), "@handschlag-test-" + folder.path().string()}) {
    Manager manager(name);
    notify_service_manager("READY=1");
    EXPECT_EQ(manager.told(), "READY=1") << name;
  }
}

TEST(NotifyServiceManager, IsSilentWhereNobodyListens) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_service_manager("READY=1");
  for (const std::string& name : {std::string("/nowhere/notify"), std::string("vsock:2:1"), std::string(200, '/')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    notify_service_manager("READY=1");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace handschlag::app
