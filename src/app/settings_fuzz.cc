// The file of settings, any text: settings within their bounds, or an error that names what is wrong.
#include <sys/mman.h>
#include <unistd.h>

#include "app/settings.h"
#include "platform/base/testing/fuzz.h"

namespace {

using namespace handschlag;
using fuzz::require;

// load_settings reads a file; this one lies in memory.
std::string file_of(std::string_view text) {
  static const int file = ::memfd_create("settings", MFD_CLOEXEC);
  require(file >= 0 && ::ftruncate(file, 0) == 0);
  require(::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return "/proc/self/fd/" + std::to_string(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto settings = app::load_settings("/srv/fuzz/data", file_of(fuzz::text_of(data, size)));
  if (!settings) {
    require(settings.error().kind == ErrorKind::invalid && !settings.error().detail.empty());
    return 0;
  }
  const http::ServerOptions& server = settings->server;
  require(server.io_threads >= 1 && server.io_threads <= 64 && server.worker_threads >= 1);
  require(server.body_timeout >= std::chrono::seconds{1} && server.max_connections >= 1);
  require(settings->identity.identities_per_customer >= 2);
  require(settings->regions.key_folder.is_absolute());
  require(!settings->regions.key_folder.string().starts_with("/srv/fuzz/data/"));
  return 0;
}
