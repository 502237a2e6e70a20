#include "features/webhooks/signature.h"

#include <gtest/gtest.h>

#include <vector>

#include "features/webhooks/schedule.h"
#include "platform/crypto/crypto.h"

namespace handschlag::webhooks {
namespace {

// The example that the Standard Webhooks libraries test themselves with.
TEST(Signature, AgreesWithThePublishedExample) {
  const std::vector<std::string> secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
  EXPECT_EQ(*sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", from_millis(1'614'265'330'000), R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signature, HasOneForEachSecretTheNewestFirst) {
  crypto::initialize();
  const std::vector<std::string> both = {make_secret(), make_secret()};
  const std::vector<std::string> old = {both[1]};
  const std::string signatures = *sign(both, "eu-e1", from_millis(0), "{}");
  const std::size_t space = signatures.find(' ');
  ASSERT_NE(space, std::string::npos);
  EXPECT_EQ(signatures.substr(space + 1), *sign(old, "eu-e1", from_millis(0), "{}"));
  EXPECT_NE(signatures.substr(0, space), signatures.substr(space + 1));
}

TEST(Signature, CoversIdTimeAndBody) {
  const std::vector<std::string> secrets = {make_secret()};
  const std::string signature = *sign(secrets, "eu-e1", from_millis(1'000), "{}");
  EXPECT_NE(*sign(secrets, "eu-e2", from_millis(1'000), "{}"), signature);
  EXPECT_NE(*sign(secrets, "eu-e1", from_millis(2'000), "{}"), signature);
  EXPECT_NE(*sign(secrets, "eu-e1", from_millis(1'000), "{ }"), signature);
  EXPECT_EQ(*sign(secrets, "eu-e1", from_millis(1'999), "{}"), signature);  // whole seconds
}

TEST(Signature, ASecretThatIsNoneIsAnError) {
  for (const char* secret : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_***"}) {
    const std::vector<std::string> secrets = {secret};
    EXPECT_EQ(sign(secrets, "eu-e1", from_millis(0), "{}").error().code, "secret_damaged") << secret;
  }
}

TEST(Signature, SecretsAreLongAndDiffer) {
  const std::string secret = make_secret();
  EXPECT_EQ(crypto::from_base64(secret.substr(6))->size(), 32U);
  EXPECT_NE(make_secret(), secret);
}

TEST(Schedule, TriesTenTimesOverThreeDays) {
  using std::chrono::hours;
  std::chrono::milliseconds all{0};
  std::chrono::milliseconds before{0};
  for (std::int64_t attempt = 1; attempt < kAttempts; ++attempt) {
    const auto pause = pause_after(attempt, 0.5, {});
    ASSERT_TRUE(pause) << attempt;
    EXPECT_GT(*pause, before);
    before = *pause;
    all += *pause;
  }
  EXPECT_EQ(*pause_after(1, 0.5, {}), std::chrono::seconds{5});
  EXPECT_EQ(all, std::chrono::seconds{5} + std::chrono::minutes{35} + hours{75});
  EXPECT_FALSE(pause_after(kAttempts, 0.5, {}));
  EXPECT_FALSE(pause_after(kAttempts, 0.5, hours{1}));
}

TEST(Schedule, SpreadsPausesByAFifth) {
  EXPECT_EQ(*pause_after(2, 0, {}), std::chrono::minutes{4});
  EXPECT_EQ(*pause_after(2, 1, {}), std::chrono::minutes{6});
}

TEST(Schedule, WaitsAtLeastAsLongAsTheReceiverAsksUpToADay) {
  EXPECT_EQ(*pause_after(1, 0.5, parse_retry_after("120")), std::chrono::minutes{2});
  EXPECT_EQ(*pause_after(3, 0.5, parse_retry_after("120")), std::chrono::minutes{30});
  EXPECT_EQ(*pause_after(1, 0.5, parse_retry_after("999999999999")), std::chrono::hours{24});
  for (const char* header : {"", "-5", "soon", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999999"}) {
    EXPECT_EQ(parse_retry_after(header), std::chrono::seconds{0}) << header;
  }
}

}  // namespace
}  // namespace handschlag::webhooks
