#include "platform/db/disk_reserve.h"

#include <sys/statvfs.h>

#include "platform/log/log.h"

namespace handschlag::db {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};
constexpr std::chrono::seconds kRetryAfter{30};

}  // namespace

DiskReserve::Look DiskReserve::space_of(std::filesystem::path folder) {
  return [folder = std::move(folder)]() -> std::optional<std::uint64_t> {
    struct statvfs space{};
    if (::statvfs(folder.c_str(), &space) != 0) return std::nullopt;
    return std::uint64_t{space.f_bavail} * space.f_frsize;
  };
}

Result<void> DiskReserve::room() {
  if (std::chrono::steady_clock::now().time_since_epoch().count() >= next_look_.load()) look_again();
  if (!low_.load()) return {};
  Error error{ErrorKind::unavailable, "disk_nearly_full",
              "The disk is nearly full, so nothing more is taken in for now; try again later."};
  error.retry_after = kRetryAfter;
  return std::unexpected(std::move(error));
}

void DiskReserve::look_again() {
  const std::unique_lock turn(looking_, std::try_to_lock);
  if (!turn.owns_lock()) return;  // somebody else is at it
  auto free = look_();
  next_look_ = (std::chrono::steady_clock::now() + kBetweenLooks).time_since_epoch().count();
  if (!free) return;
  free_ = *free;
  const bool low = *free < (low_.load() ? reserve_ + reserve_ / 10 : reserve_);
  if (low_.exchange(low) == low) return;
  const log::Fields fields = {{"free_bytes", static_cast<std::int64_t>(*free)},
                              {"reserve_bytes", static_cast<std::int64_t>(reserve_)}};
  if (low) {
    log::error("the disk is nearly full: nothing more is taken in until there is room", fields);
  } else {
    log::info("the disk has room again", fields);
  }
}

}  // namespace handschlag::db
