#include "platform/base/cursor.h"

#include <gtest/gtest.h>

#include <limits>

namespace handschlag {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Cursor, GivesBackItsPositions) {
  auto positions = decode_cursor(encode_cursor("timeline", {kMin, -1, 0, 42, kMax}), "timeline", 5);
  ASSERT_TRUE(positions.has_value());
  EXPECT_EQ(*positions, (std::vector<std::int64_t>{kMin, -1, 0, 42, kMax}));
}

TEST(Cursor, IsSafeInUrls) {
  EXPECT_EQ(encode_cursor("timeline", {1, 2}).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Cursor, OfAnotherFilterOrCountIsRefused) {
  std::string cursor = encode_cursor("timeline|shop", {7});
  for (auto [filter, count] : {std::pair{"timeline|till", 1}, {"timeline|shop", 2}, {"timeline|shop", 0}}) {
    auto positions = decode_cursor(cursor, filter, static_cast<std::size_t>(count));
    ASSERT_FALSE(positions.has_value()) << filter;
    EXPECT_EQ(positions.error().kind, ErrorKind::invalid);
    EXPECT_EQ(positions.error().code, "cursor_invalid");
  }
}

TEST(Cursor, EveryDamagedCharacterIsNoticed) {
  const std::string cursor = encode_cursor("timeline", {1234567});
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string damaged = cursor;
    damaged[i] = damaged[i] == '0' ? '1' : '0';
    EXPECT_FALSE(decode_cursor(damaged, "timeline", 1).has_value()) << i;
  }
  for (const std::string& text :
       {std::string(), std::string("x"), cursor + "0", cursor.substr(1), std::string(32, 'F')}) {
    EXPECT_FALSE(decode_cursor(text, "timeline", 1).has_value()) << text;
  }
}

}  // namespace
}  // namespace handschlag
