#include "features/vault/erasure_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <utility>

#include "platform/crypto/crypto.h"

namespace handschlag::vault {
namespace {

constexpr std::string_view kMagic = "handschlag-erasures 1 ";

bool sync_folder(const std::filesystem::path& folder) {
  int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return synced;
}

bool parse(std::string_view line, Erasure& out) {
  const char* at = line.data();
  const char* end = at + line.size();
  for (std::int64_t* number : {&out.identity, &out.retention_class, &out.at}) {
    auto parsed = std::from_chars(at, end, *number);
    if (parsed.ec != std::errc{}) return false;
    at = parsed.ptr;
    if (number != &out.at && (at == end || *at++ != ' ')) return false;
  }
  return at == end && out.identity > 0;
}

}  // namespace

ErasureList::ErasureList(ErasureList&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      end_(other.end_),
      id_(std::move(other.id_)),
      fresh_(other.fresh_) {}

ErasureList::~ErasureList() {
  if (file_ >= 0) ::close(file_);
}

std::unexpected<Error> ErasureList::not_written() const {
  return fail(ErrorKind::unavailable, "erasure_list_not_written",
              fmt::format("The list of erasures {} can't be written; without it nothing is erased.", path_.string()));
}

std::unexpected<Error> ErasureList::damaged(std::string_view why) const {
  return fail(ErrorKind::invalid, "erasure_list_damaged",
              fmt::format("The list of erasures {} is damaged: {}. Put a copy of it back.", path_.string(), why));
}

Result<ErasureList> ErasureList::open(const std::filesystem::path& path, std::string_view region) {
  std::error_code error;
  if (std::filesystem::create_directories(path.parent_path(), error)) {
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, error);
  }
  ErasureList list(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (list.file_ < 0) return list.not_written();
  auto size = ::lseek(list.file_, 0, SEEK_END);
  TRY(size == 0 ? list.begin(region) : list.check(region));
  return list;
}

bool ErasureList::is_of(const std::filesystem::path& path, std::string_view region) {
  std::ifstream stream(path, std::ios::binary);
  std::string head;
  return std::getline(stream, head) && head.starts_with(fmt::format("{}{} ", kMagic, region));
}

Result<void> ErasureList::begin(std::string_view region) {
  id_ = crypto::to_hex(crypto::random_bytes(8));
  fresh_ = true;
  std::string head = fmt::format("{}{} {}\n", kMagic, region, id_);
  bool written = ::write(file_, head.data(), head.size()) == static_cast<ssize_t>(head.size()) && ::fsync(file_) == 0 &&
                 sync_folder(path_.parent_path());
  if (!written) return not_written();
  end_ = static_cast<std::int64_t>(head.size());
  return {};
}

Result<void> ErasureList::check(std::string_view region) {
  std::ifstream stream(path_, std::ios::binary);
  std::string head;
  if (!std::getline(stream, head) || stream.eof()) {  // power was lost while it was made
    if (::ftruncate(file_, 0) != 0) return not_written();
    return begin(region);
  }
  std::string expected = fmt::format("{}{} ", kMagic, region);
  if (!head.starts_with(expected) || head.size() == expected.size()) return damaged("it is not one of this region");
  id_ = head.substr(expected.size());
  stream.seekg(0, std::ios::end);
  auto size = static_cast<std::int64_t>(stream.tellg());
  end_ = size;
  // The last line may be cut short.
  char last = '\n';
  for (; end_ > 0; --end_) {
    stream.seekg(end_ - 1);
    if (!stream.get(last)) return damaged("it can't be read");
    if (last == '\n') break;
  }
  if (end_ != size && ::ftruncate(file_, end_) != 0) return not_written();
  return {};
}

Result<void> ErasureList::add(std::span<const Erasure> erasures) {
  std::string lines;
  for (const Erasure& erasure : erasures) {
    lines += fmt::format("{} {} {}\n", erasure.identity, erasure.retention_class, erasure.at);
  }
  bool written =
      ::write(file_, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()) && ::fdatasync(file_) == 0;
  if (!written) {
    (void)!::ftruncate(file_, end_);  // half a line must not stand before the next one
    return not_written();
  }
  end_ += static_cast<std::int64_t>(lines.size());
  return {};
}

Result<std::int64_t> ErasureList::read(std::int64_t from, std::size_t limit,
                                       const std::function<Result<void>(const Erasure&)>& on_erasure) const {
  std::ifstream stream(path_, std::ios::binary);
  std::string line;
  if (from == 0) {
    std::getline(stream, line);  // the head
  } else {
    stream.seekg(from);
  }
  std::int64_t at = from == 0 ? static_cast<std::int64_t>(line.size()) + 1 : from;
  while (limit > 0 && at < end_ && std::getline(stream, line)) {
    at += static_cast<std::int64_t>(line.size()) + 1;
    Erasure erasure;
    // A head in the middle: another list was appended whole.
    if (line.starts_with(kMagic)) continue;
    if (!parse(line, erasure)) return damaged(fmt::format("the line that ends at byte {} is no erasure", at));
    TRY(on_erasure(erasure));
    --limit;
  }
  if (limit > 0 && at < end_) return damaged("it can't be read");
  return at;
}

}  // namespace handschlag::vault
