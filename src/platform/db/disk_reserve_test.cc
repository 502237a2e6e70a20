#include "platform/db/disk_reserve.h"

#include <gtest/gtest.h>

#include <thread>

namespace handschlag::db {
namespace {

using namespace std::chrono_literals;

// A disk with as much room as a test says.
struct Disk {
  std::optional<std::uint64_t> free = 1'000;
  int looks = 0;
  DiskReserve::Look look() {
    return [this] {
      ++looks;
      return free;
    };
  }
};

bool has_room(DiskReserve& reserve) {
  std::this_thread::sleep_for(210ms);  // it looks five times a second
  return reserve.room().has_value();
}

TEST(DiskReserve, BelowTheReserveThereIsNoRoomUntilATenthMoreIsFree) {
  Disk disk;
  DiskReserve reserve(500, disk.look());
  EXPECT_TRUE(has_room(reserve));
  disk.free = 500;
  EXPECT_TRUE(has_room(reserve));
  disk.free = 499;
  EXPECT_FALSE(has_room(reserve));
  disk.free = 549;
  EXPECT_FALSE(has_room(reserve));
  disk.free = 550;
  EXPECT_TRUE(has_room(reserve));
  disk.free = 500;
  EXPECT_TRUE(has_room(reserve));
}

TEST(DiskReserve, SaysWhatIsWrongAndWhenToComeAgain) {
  Disk disk{.free = 0};
  DiskReserve reserve(1, disk.look());
  auto room = reserve.room();
  ASSERT_FALSE(room.has_value());
  EXPECT_EQ(room.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(room.error().code, "disk_nearly_full");
  EXPECT_GT(room.error().retry_after, 0s);
}

TEST(DiskReserve, WithoutAReserveThereIsAlwaysRoom) {
  Disk disk{.free = 0};
  DiskReserve reserve(0, disk.look());
  EXPECT_TRUE(reserve.room().has_value());
}

TEST(DiskReserve, ManyQuestionsAreOneLook) {
  Disk disk;
  DiskReserve reserve(500, disk.look());
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(reserve.room().has_value());
  EXPECT_LT(disk.looks, 100);
}

TEST(DiskReserve, ADiskThatCannotBeLookedAtLeavesThingsAsTheyWere) {
  Disk disk;
  DiskReserve reserve(500, disk.look());
  disk.free = 1;
  EXPECT_FALSE(has_room(reserve));
  disk.free = std::nullopt;
  EXPECT_FALSE(has_room(reserve));
}

TEST(DiskReserve, ARealFolderHasSpaceAndAMissingOneHasNone) {
  EXPECT_GT(DiskReserve::space_of("/")().value_or(0), 0U);
  EXPECT_FALSE(DiskReserve::space_of("/nonexistent/folder")().has_value());
}

}  // namespace
}  // namespace handschlag::db
