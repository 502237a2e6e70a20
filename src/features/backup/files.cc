#include "features/backup/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace handschlag::backup {
namespace {

constexpr std::size_t kMaxSmall = 1 << 20;

std::unexpected<Error> not_written(const std::filesystem::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return fail(ErrorKind::unavailable, "target_full",
                fmt::format("There is no room for {}; make some, or name another folder.", path.string()));
  }
  return fail(ErrorKind::unavailable, "target_not_writable",
              fmt::format("{} can't be written: {}. It is written by the user of the server, where one runs.",
                          path.string(), std::strerror(error)));
}

std::unexpected<Error> unreadable(const std::filesystem::path& path, int error) {
  return fail(ErrorKind::not_found, "file_unreadable",
              fmt::format("{} can't be read: {}.", path.string(), std::strerror(error)));
}

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return not_written(path, errno);
  return OutputFile(path, file);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
}

Result<void> OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return not_written(path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> OutputFile::finish() {
  if (::fsync(file_) != 0) return not_written(path_, errno);
  ::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED);
  if (::close(std::exchange(file_, -1)) != 0) return not_written(path_, errno);
  return {};
}

Result<InputFile> InputFile::open(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unreadable(path, errno);
  return InputFile(path, file);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}

InputFile::~InputFile() {
  if (file_ >= 0) ::close(file_);
}

Result<std::string> InputFile::read(std::size_t bytes) {
  std::string out(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    ssize_t got = ::read(file_, out.data() + have, bytes - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path_, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  return out;
}

Result<std::string> read_small(const std::filesystem::path& path) {
  auto file = TRY(InputFile::open(path));
  std::string text = TRY(file.read(kMaxSmall + 1));
  return text.size() > kMaxSmall ? unreadable(path, EFBIG) : Result<std::string>(std::move(text));
}

Result<void> write_small(const std::filesystem::path& path, std::string_view text) {
  auto file = TRY(OutputFile::create(path));
  TRY(file.write(text));
  return file.finish();
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = file >= 0 && ::fsync(file) == 0;
  int error = errno;
  if (file >= 0) ::close(file);
  return synced ? Result<void>{} : not_written(folder, error);
}

bool destroy_file(const std::filesystem::path& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  if (!error) {
    int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    std::string zeros(static_cast<std::size_t>(size), '0');
    bool overwritten = file >= 0 && ::write(file, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()) &&
                       ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!overwritten) return false;
  }
  return (::unlink(path.c_str()) == 0 || errno == ENOENT) && sync_folder(path.parent_path()).has_value();
}

}  // namespace handschlag::backup
