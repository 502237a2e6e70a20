#include "features/staff/totp.h"

#include <gtest/gtest.h>

namespace handschlag::staff::totp {
namespace {

constexpr std::string_view kSecret = "12345678901234567890";

Time at(std::int64_t seconds) {
  return from_millis(seconds * 1'000);
}

// RFC 6238, appendix B, the last six of its eight digits.
TEST(Totp, CodesAreThoseOfTheStandard) {
  const std::pair<std::int64_t, std::string_view> cases[] = {{59, "287082"},
                                                             {1'111'111'109, "081804"},
                                                             {1'111'111'111, "050471"},
                                                             {1'234'567'890, "005924"},
                                                             {2'000'000'000, "279037"},
                                                             {20'000'000'000, "353130"}};
  for (const auto& [seconds, code] : cases) EXPECT_EQ(code_of(kSecret, step_at(at(seconds))), code) << seconds;
}

TEST(Totp, ClocksMayDifferByOneStep) {
  const Time now = at(1'111'111'109);
  const std::int64_t step = step_at(now);
  for (std::int64_t off = -3; off <= 3; ++off) {
    const auto found = find_step(kSecret, code_of(kSecret, step + off), now, 0);
    EXPECT_EQ(found.has_value(), off >= -1 && off <= 1) << off;
  }
}

TEST(Totp, CodeIsGoodOnceAndNeverAfterALaterOne) {
  const Time now = at(1'111'111'109);
  const std::int64_t step = step_at(now);
  EXPECT_FALSE(find_step(kSecret, code_of(kSecret, step), now, step));
  EXPECT_FALSE(find_step(kSecret, code_of(kSecret, step - 1), now, step));
  EXPECT_TRUE(find_step(kSecret, code_of(kSecret, step + 1), now, step));
}

TEST(Totp, WhatIsNoCodeFitsNothing) {
  for (std::string_view text : {"", "0", "2870822", "28708", "abcdef"}) {
    EXPECT_FALSE(find_step(kSecret, text, at(59), 0)) << text;
  }
}

// RFC 4648, 10.
TEST(Totp, SecretIsSpelledInBase32) {
  EXPECT_EQ(to_base32("foobar"), "MZXW6YTBOI");
  EXPECT_EQ(to_base32("foob"), "MZXW6YQ");
  EXPECT_EQ(to_base32(""), "");
  EXPECT_EQ(to_uri("foobar", "ada@example.org"),
            "otpauth://totp/Handschlag:ada%40example.org?secret=MZXW6YTBOI&issuer=Handschlag");
}

}  // namespace
}  // namespace handschlag::staff::totp
