#include "platform/metrics/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace handschlag::metrics {
namespace {

double processor_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_files() {
  std::error_code error;
  std::filesystem::directory_iterator files("/proc/self/fd", error);
  return error ? 0 : static_cast<double>(std::distance(files, {})) - 1;  // less the one that looks
}

double max_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

ProcessMeters::ProcessMeters(Registry& registry)
    : processor_seconds_(registry.counter("process_cpu_seconds_total", "Processor time used, in seconds.")),
      resident_bytes_(registry.gauge("process_resident_memory_bytes", "Memory held, in bytes.")),
      open_files_(registry.gauge("process_open_fds", "Open file descriptors.")),
      max_files_(registry.gauge("process_max_fds", "File descriptors that may be open.")) {
  std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  registry.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.").set(now.count());
}

void ProcessMeters::refresh() {
  std::lock_guard lock(mutex_);
  double seconds = processor_seconds();
  processor_seconds_.add(seconds - counted_seconds_);
  counted_seconds_ = seconds;
  resident_bytes_.set(resident_bytes());
  open_files_.set(open_files());
  max_files_.set(max_files());
}

}  // namespace handschlag::metrics
